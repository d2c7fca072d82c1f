"""Labelled neighbours: training examples like the query, as evidence, with their labels.

    neighbours = LabelledNeighbours(examples, encoder)
    retriever = WithNeighbours(Retriever(index), neighbours, most=5)
    retriever(Query("a sour red spice", example="r17", group="recipes-3")).neighbours

They come from shared words (BM25), from vectors where there is an encoder, and from shared entities, rare ones first,
fused by how far they stand out. Only what the user puts in can come out: give training examples alone. A query that is
itself a training example must say so (`example`, `group`): then neither it nor anything of its group is looked at, as
nothing is of the groups in `exclude`. An example of the same text, whatever its capitals and spaces, is taken for the
query itself.

Source of the idea: Qin et al., "Retrieval & interaction machine for tabular data prediction" (RIM), 2021.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.errors import DataError
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.evidence import Evidence, LabelledExample, ScoredExample
from ragmtl.retrieval.hybrid import Retrieves
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.passages.fuse import Candidates, Crowd, fuse, parts_of
from ragmtl.retrieval.passages.lexical import Lexical
from ragmtl.retrieval.passages.ranking import best
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query

_CANDIDATES, _WORDS, _ENTITIES = 100, 0.5, 1.0
_REASONS = {"bm25": "shares words", "dense": "is close in meaning", "entities": "is about the same"}


class LabelledNeighbours:
    """Finds training examples like a query.

    Args:
        examples: Training examples only.
        encoder: Makes vectors of texts; words and entities alone count where None.

    Raises:
        DataError: There are none, or two have the same id.
    """

    def __init__(self, examples: Sequence[LabelledExample], encoder: Encoder | None = None) -> None:
        if not examples:
            raise DataError("expected training examples with labels, found none")
        rows = {example.id: row for row, example in enumerate(examples)}
        if len(rows) < len(examples):
            raise DataError(
                f"expected every id of an example once, found {len(examples) - len(rows)} again; rename them"
            )
        self.examples = tuple(examples)
        self._rows = rows
        texts = [example.text for example in examples]
        self._bm25 = Lexical.build(texts)
        self._encoder = encoder
        self._dense = Dense.build(encoder.encode(texts)) if encoder is not None else None
        self._groups: dict[str, list[int]] = {}
        self._about: dict[str, list[int]] = {}
        self._same: dict[str, list[int]] = {}
        for row, example in enumerate(examples):
            self._groups.setdefault(example.group or example.id, []).append(row)
            if same := _compared(example.text):
                self._same.setdefault(same, []).append(row)
            for iri in dict.fromkeys(example.entities):
                self._about.setdefault(iri, []).append(row)

    def find(self, query: Query, most: int = 5) -> tuple[ScoredExample, ...]:
        """The examples that are most like a query, best first; see `find_many`."""
        return self.find_many([query], most)[0]

    def find_many(self, queries: Sequence[Query], most: int = 5) -> list[tuple[ScoredExample, ...]]:
        """The examples that are most like each query, best first.

        Args:
            queries: What is asked; those that are training examples say which one, and of which group.
            most: The largest number of examples for each.
        """
        vectors: list[Float32[np.ndarray, " dim"] | None] = [None] * len(queries)
        rows = [row for row, query in enumerate(queries) if query.text.strip()]
        if self._encoder is not None and rows:
            for row, vector in zip(rows, self._encoder.encode([queries[row].text for row in rows]), strict=True):
                vectors[row] = vector
        return [self._find(query, vector, most) for query, vector in zip(queries, vectors, strict=True)]

    def forbidden(self, query: Query) -> Int64[np.ndarray, " rows"]:
        """Places of the examples that a query must not see.

        Its own, those of the same text, all of their groups and of its group, and those of groups that it excludes.
        """
        rows = set[int]()
        own = self._same.get(_compared(query.text), [])
        for row in (*own, *([self._rows[query.example]] if query.example in self._rows else [])):
            rows |= {row, *self._groups[self.examples[row].group or self.examples[row].id]}
        for group in (query.group, *query.exclude):
            rows |= set(self._groups.get(group, ()))
        return np.array(sorted(rows), np.int64)

    def _find(self, query: Query, vector: Float32[np.ndarray, " dim"] | None, most: int) -> tuple[ScoredExample, ...]:
        without = self.forbidden(query)
        sources = self._sources(query, vector, without)
        rows, scores = fuse(sources, most, fusion="shape")
        added = parts_of(sources, "shape")
        found = []
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
            raw, parts = {}, {}
            for name, source in sources.items():
                for place in np.flatnonzero(source.passages == row).tolist():
                    raw[name], parts[name] = float(source.scores[place]), float(added[name][place])
            names = sorted((name for name in parts if parts[name] > 0), key=lambda name: (-parts[name], name))
            reason = "; ".join(_REASONS[name] for name in names)
            found.append(ScoredExample(self.examples[row], score, raw, reason))
        return tuple(found)

    def _sources(
        self, query: Query, vector: Float32[np.ndarray, " dim"] | None, without: Int64[np.ndarray, " rows"]
    ) -> dict[str, Candidates]:
        rows, scores, crowd = self._bm25.search_in_crowd(query.text, _CANDIDATES, without=without)
        sources = {"bm25": Candidates(rows, scores, _WORDS, crowd=crowd)}
        if vector is not None and self._dense is not None:
            near = self._dense.search(vector, _CANDIDATES, without=without)
            sources["dense"] = Candidates(*near, _WORDS, has_floor=True, crowd=self._dense.crowd(vector))
        shared = self._sharing((*query.entities, *query.history), without)
        found = best(shared, _CANDIDATES)
        sources["entities"] = Candidates(found, shared[found], _ENTITIES, crowd=Crowd.of(shared))
        return sources

    def _sharing(self, entities: Iterable[str], without: Int64[np.ndarray, " rows"]) -> Float32[np.ndarray, " example"]:
        """For each example how much it shares of the entities: Σ log(1 + examples / examples about it)."""
        scores = np.zeros(len(self.examples), np.float32)
        for iri in dict.fromkeys(entities):
            about = self._about.get(iri, [])
            scores[about] += np.log1p(len(self.examples) / max(len(about), 1))
        scores[without] = 0.0
        return scores


def _compared(text: str) -> str:
    """A text as it is compared with others; empty where it says nothing."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class WithNeighbours:
    """A retriever whose evidence also holds labelled neighbours.

    Args:
        retriever: Finds everything else.
        neighbours: Finds the training examples.
        most: How many for each query.
    """

    def __init__(self, retriever: Retrieves, neighbours: LabelledNeighbours, most: int = 5) -> None:
        self._retriever = retriever
        self._neighbours = neighbours
        self._most = most

    def __call__(self, query: Query) -> Evidence:
        """Evidence for one query."""
        return self.many([query])[0]

    def many(self, queries: Iterable[Query], progress: Progress | None = None) -> list[Evidence]:
        """Evidence for each query."""
        every = list(queries)
        found = self._neighbours.find_many(every, self._most)
        evidence = self._retriever.many(every, progress)
        return [replace(one, neighbours=beside) for one, beside in zip(evidence, found, strict=True)]
