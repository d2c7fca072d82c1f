"""Evidence in words: what a head that writes reads, as tokens.

    <|query|> Fight Club <|about|> Fight Club (film); release year 1999
    <|head|> Fight Club <|relation|> director <|tail|> David Fincher <|relation|> starring <|tail|> Brad Pitt …
    <|passage|> David Fincher: an American director …

Triples stand in the order of their weight, those of one head together; passages best first. Of the tokens that are left
after the query and what it is about, passages get half, and what triples leave. Each token knows its node or passage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.models.batch import Reading
from ragmtl.models.texts import Texts
from ragmtl.retrieval.evidence import Evidence
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.generation import GenerationTask
from ragmtl.tasks.tokenizer import ABOUT, HEAD, PASSAGE, QUERY, RELATION, TAIL, TextTokenizer

LONGEST_PIECE = 2000
"""Letters of a query or passage that are looked at."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text: what it is, and what it is about (see `Texts.owners`)."""

    marker: str
    text: str
    owner: int = 0


def texts_of(task: GenerationTask, examples: Sequence[Example], readings: Sequence[Reading]) -> Texts:
    """What is read about some examples, and their right texts.

    Args:
        task: Which answer is written.
        examples: What is asked.
        readings: What was retrieved for each.
    """
    tokenizer = task.tokenizer
    read = [
        _tokens(tokenizer, example.query.text, reading.evidence, task.writing.reads)
        for example, reading in zip(examples, readings, strict=True)
    ]
    labels = [example.labels.get(task.name) for example in examples]
    right = tokenizer.encode([label if isinstance(label, str) else "" for label in labels])
    longest = task.writing.search.longest
    targets = [
        [*tokens[: longest - 1], tokenizer.end] if isinstance(label, str) else []
        for tokens, label in zip(right, labels, strict=True)
    ]
    source, mask = _padded([tokens for tokens, _ in read], tokenizer.padding)
    owners, _ = _padded([owners for _, owners in read], 0)
    target, target_mask = _padded(targets, tokenizer.padding)
    return Texts(source, mask, owners, target, target_mask)


def given_away(source: Source, readings: Sequence[Reading]) -> list[str]:
    """What to say of right texts that stand in what is read, so that copying them is all that is learned.

    Args:
        source: The examples.
        readings: What was retrieved for each.
    """
    notes = []
    for task in (task.name for task in source.tasks if isinstance(task, GenerationTask)):
        found = [
            _stands(label, reading.evidence)
            for example, reading in zip(source.examples, readings, strict=True)
            if isinstance(label := example.labels.get(task), str)
        ]
        if any(found):
            notes.append(
                f"{source.name}: {sum(found)} of {len(found)} texts of {task!r} stand word for word in what is "
                "retrieved for them; keep out passages with `exclude`, and relations with `hide`"
            )
    return notes


def _stands(text: str, evidence: Evidence | None) -> bool:
    wanted = " ".join(text.split())
    return any(wanted in " ".join(piece.text.split()) for piece in (*_seeds(evidence), *_passages(evidence)))


def _tokens(tokenizer: TextTokenizer, query: str, evidence: Evidence | None, most: int) -> tuple[list[int], list[int]]:
    """The tokens that are read about one example, and what each is about."""
    parts = ([Piece(QUERY, query), *_seeds(evidence)], _triples(evidence), _passages(evidence))
    first, triples, passages = (_encoded(tokenizer, pieces) for pieces in parts)
    first = first[: max(most // 2, most - len(triples) - len(passages))]
    room = most - len(first)
    triples = triples[: max(room // 2, room - len(passages))]
    read = [*first, *triples, *passages[: room - len(triples)]]
    return [token for token, _ in read], [owner for _, owner in read]


def _encoded(tokenizer: TextTokenizer, pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Pairs of a token and what it is about."""
    encoded = tokenizer.encode([piece.text[:LONGEST_PIECE] for piece in pieces]) if pieces else []
    return [
        (token, piece.owner)
        for piece, tokens in zip(pieces, encoded, strict=True)
        for token in (tokenizer.marker(piece.marker), *tokens)
    ]


def _seeds(evidence: Evidence | None) -> list[Piece]:
    """What the nodes are that the query speaks of."""
    if evidence is None or evidence.within is None:
        return []
    graph, subgraph = evidence.within.graph, evidence.subgraph
    hide = frozenset(found for iri in evidence.query.hide if (found := graph.relations.find(iri)) is not None)
    places = np.flatnonzero(subgraph.seeds).tolist()
    return [Piece(ABOUT, graph.describe(int(subgraph.nodes[at]), hide=hide), at + 1) for at in places]


def _triples(evidence: Evidence | None) -> list[Piece]:
    """The triples, by weight; those with the same head, and of these the same relation, together."""
    if evidence is None or evidence.within is None:
        return []
    subgraph = evidence.subgraph
    order = np.argsort(-subgraph.weights, kind="stable").tolist()
    heads: dict[int, dict[int, list[int]]] = {}
    for triple in order:
        relations = heads.setdefault(int(subgraph.heads[triple]), {})
        relations.setdefault(int(subgraph.relations[triple]), []).append(int(subgraph.tails[triple]))
    return list(chain.from_iterable(_said(evidence.within.graph, subgraph.nodes, *one) for one in heads.items()))


def _said(graph: KnowledgeGraph, nodes: np.ndarray, head: int, relations: dict[int, list[int]]) -> Iterator[Piece]:
    """What the triples of a head say."""
    yield Piece(HEAD, graph.label(int(nodes[head])), head + 1)
    for relation, tails in relations.items():
        yield Piece(RELATION, graph.relation_label(relation), head + 1)
        yield from (Piece(TAIL, graph.label(int(nodes[tail])), tail + 1) for tail in tails)


def _passages(evidence: Evidence | None) -> list[Piece]:
    """The passages, best first, each with its title."""
    if evidence is None or evidence.within is None:
        return []
    corpus, found = evidence.within.corpus, []
    for place, passage in enumerate(evidence.passages, 1):
        title, text = corpus.titles[passage.passage], corpus.texts[passage.passage]
        found.append(Piece(PASSAGE, f"{title}: {text}" if title else text, -place))
    return found


def _padded(rows: Sequence[Sequence[int]], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of different lengths as a table, and which places are taken."""
    width = max(map(len, rows), default=0)
    table = np.full((len(rows), width), padding, np.int64)
    mask = np.zeros((len(rows), width), np.bool_)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
        mask[place, : len(row)] = True
    return torch.from_numpy(table), torch.from_numpy(mask)
