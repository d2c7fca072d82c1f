"""Questions with what should be found for them, out of a table; whatever the index does not know is an error.

{"id": "q1", "question": "Where is sumac from?", "passages": ["p-sumac"], "answers": ["http://x/Levant"],
 "triples": [["http://x/sumac", "http://x/typicalOf", "http://x/Levant"]]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import iri_hint, nearest_name
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.files.tables import EMPTY_LIST, Row, read_rows, read_table
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query

_TEXTS = ("text", "question", "query", "claim")
_PASSAGES = ("passages", "gold", "cited")
_TRIPLES = ("triples", "path")
_ANSWERS = ("answers", "answer")
_ENDS_OF_A_TRIPLE = 3
_HELD_OUT = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A query, and what should be found for it.

    Attributes:
        id: Unlike any other of its table.
        query: What is asked.
        passages: Places in the corpus of the passages that are needed; maybe none.
        triples: Ids of the triples of the graph that are needed; maybe none.
        answers: Nodes of the graph that answer it; maybe none.
        group: What it stands or falls with in intervals; its id where the table has no column `group`.
    """

    id: str
    query: Query
    passages: frozenset[int] = frozenset()
    triples: frozenset[int] = frozenset()
    answers: frozenset[int] = frozenset()
    group: str = ""

    @property
    def wants(self) -> bool:
        """Whether anything should be found for it; not where nothing answers it."""
        return bool(self.passages or self.triples or self.answers)


def read_questions(path: str | Path, index: Index, *, split: str | None = None) -> list[Question]:
    """Read a table of questions: JSONL, TSV, CSV or Parquet, plain or .gz.

    Args:
        path: The table. Columns: `text` (or `question`, `query`, `claim`), `entities`, `history`, and what should be
            found: `passages` (or `gold`, `cited`: ids, or titles where these are unique), `triples` (or `path`: lists
            of head, relation and tail), `answers` (or `answer`: IRIs). `id`, `group`, `exclude` and `split` may be
            there.
        index: Knows the passages, triples and nodes that are named.
        split: Only rows with this in their column `split`; all where None.

    Raises:
        DataError: A row asks nothing, wants nothing (but for an empty list of answers, which says that nothing answers
            it), repeats an id, or names what the index does not hold (with file and line); no row is left.
    """
    titles = _titles(index.corpus)
    rows = [row for row in read_table(path) if split is None or row.text("split") == split]
    if not rows:
        raise DataError(f"expected questions with {split!r} in the column 'split', found none", path)
    questions: list[Question] = []
    lines: dict[str, int] = {}
    for row in rows:
        question = _question(row, index, titles)
        if question.id in lines:
            raise row.error(f"expected every id once, found {question.id!r} here and in line {lines[question.id]}")
        lines[question.id] = row.line
        questions.append(question)
    return questions


def read_examples(path: str | Path, index: Index) -> tuple[list[Question], list[Question]]:
    """The questions of a table to learn from, and those to validate with.

    By its column `split`, if it has one (`train`, `valid`; no other row is looked at); a tenth of those to learn from
    is set apart where none is for validation.

    Raises:
        DataError: As `read_questions`.
    """
    splits = {row.text("split") for row in read_rows(path)}
    train = read_questions(path, index, split="train" if "train" in splits else None)
    if "train" in splits and "valid" in splits:
        return train, read_questions(path, index, split="valid")
    return parted(train)


def parted(questions: Sequence[Question]) -> tuple[list[Question], list[Question]]:
    """Nine tenths and a tenth, drawn by group, or by what is asked; all and none where there is one group."""
    parts: tuple[list[Question], list[Question]] = [], []
    for question in questions:
        asked = f"{question.query.text} {question.query.entities}"
        text = asked if question.group in ("", question.id) else question.group
        parts[crc32(text.encode("utf-8", "surrogatepass")) % _HELD_OUT == 0].append(question)
    return parts if parts[0] else (parts[1], parts[0])


def _question(row: Row, index: Index, titles: Mapping[str, int]) -> Question:
    query = Query(
        next((text for column in _TEXTS if (text := row.text(column))), ""),
        tuple(row.list("entities")),
        tuple(row.list("history")),
        frozenset(row.list("exclude")),
    )
    if not (query.text or query.entities or query.history):
        raise row.error(f"expected a question in {_or(_TEXTS)} (or entities, or a history), found none; fill it in")
    wanted = (
        frozenset(_passage(name, row, index.corpus, titles) for name in _first_list(row, _PASSAGES)),
        frozenset(_triple(given, row, index.graph) for given in _given_triples(row)),
        frozenset(_node(iri, row, index.graph) for iri in _first_list(row, _ANSWERS) if iri != EMPTY_LIST),
    )
    if not any(wanted) and not _says_none(row):
        columns = ", ".join(_or(names) for names in (_PASSAGES, _TRIPLES, _ANSWERS))
        raise row.error(
            f"expected what should be found ({columns}), found nothing; fill it in, leave out the row, or write "
            "an empty list of answers for a question that nothing answers"
        )
    identity = row.text("id") or str(row.line)
    return Question(identity, query, *wanted, group=row.text("group") or identity)


def _says_none(row: Row) -> bool:
    """Whether a row says that nothing answers it: an empty list, as for tasks of kind "question"."""
    return any(row.values.get(column) in ([], EMPTY_LIST) for column in _ANSWERS)


def _first_list(row: Row, columns: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(next((found for column in columns if (found := row.list(column))), [])))


def _passage(name: str, row: Row, corpus: Corpus, titles: Mapping[str, int]) -> int:
    """The place of a passage, by its id or else by its title."""
    place = corpus.place(name)
    if place is None:
        place = titles.get(name)
    if place is None:
        near = nearest_name(name, titles)
        hint = f"did you mean {near!r}?" if near else "add the passage to the corpus, or leave it out"
        raise row.error(f"expected the id or the title of a passage of the index, found {name!r}; {hint}")
    if place < 0:
        raise row.error(f"expected the id of a passage, found {name!r}, which is the title of several; give ids")
    return place


def _given_triples(row: Row) -> list[tuple[str, str, str]]:
    values: object = next((found for column in _TRIPLES if (found := row.values.get(column))), [])
    if not isinstance(values, list):
        raise row.error(f"expected a list of triples in {_or(_TRIPLES)}, found {type(values).__name__}; write JSONL")
    triples = []
    for value in values:
        parts = [part for part in value if isinstance(part, str)] if isinstance(value, list) else []
        if len(parts) != _ENDS_OF_A_TRIPLE or len(value) != _ENDS_OF_A_TRIPLE:
            raise row.error(f"expected triples as lists of head, relation and tail, found {str(value)[:60]!r}")
        triples.append((parts[0], parts[1], parts[2]))
    return triples


def _triple(given: tuple[str, str, str], row: Row, graph: KnowledgeGraph) -> int:
    head, tail = _node(given[0], row, graph), _node(given[2], row, graph)
    relation = graph.relations.find(given[1])
    if relation is None:
        hint = iri_hint(given[1], graph.relations, "write it as the graph does")
        raise row.error(f"expected a relation of the graph, found {given[1]!r}; {hint}")
    edges = graph.outgoing.row(head)
    same = (graph.outgoing.neighbours[edges] == tail) & (graph.outgoing.relations[edges] == relation)
    if not same.any():
        raise row.error(f"expected a triple of the graph, found <{given[0]}> <{given[1]}> <{given[2]}>; correct it")
    return int(graph.outgoing.triples[edges][int(np.argmax(same))])


def _node(iri: str, row: Row, graph: KnowledgeGraph) -> int:
    node = graph.nodes.find(iri)
    if node is None:
        hint = iri_hint(iri, graph.nodes, "write it as the graph does")
        raise row.error(f"expected a node of the graph, found {iri!r}; {hint}")
    return node


def _titles(corpus: Corpus) -> dict[str, int]:
    """The place of each title; -1 where several passages have it."""
    titles: dict[str, int] = {}
    for place, title in enumerate(corpus.titles):
        if title:
            titles[title] = -1 if title in titles else place
    return titles


def _or(columns: Sequence[str]) -> str:
    return " or ".join(repr(column) for column in columns)
