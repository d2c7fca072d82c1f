"""Edges held out of a graph, to learn and to judge the prediction of links without their being told.

    held = hold_out(graph, ["http://x/director"], share=0.05, seed=0)
    held.graph                      # without them, their inverses and their duplicates
    held.edges[0]                   # Edge(head, relation, tail, "train" | "valid" | "test")

Whether an edge is held out hangs on a hash of its names and the seed alone: it stays so when the graph grows. What
states an edge once more is found from data, as relations that repeat most of what a relation says, forwards
(duplicates) or backwards (inverses), after Toutanova and Chen, "Observed versus latent features for knowledge base and
text inference", 2015, who found that most of the popular FB15k could be answered so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import iri_hint

SAME = 0.8
"""A relation repeats another one if so much of what it says is said by the other, too."""

_FEWEST = 5
_UNSEEN = "unseen"

Part = Literal["train", "valid", "test"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A triple by its IRIs, and the part of the data that it belongs to."""

    head: str
    relation: str
    tail: str
    part: Part


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What became of a graph.

    Attributes:
        graph: Without the edges for validation and test, and without what states them once more.
        edges: All edges of the relations, in the order of the graph.
        copies: How many triples went because they state such an edge once more.
        unseen: How many heads have all their edges of these relations held out.
    """

    graph: KnowledgeGraph
    edges: tuple[Edge, ...]
    copies: int
    unseen: int


def hold_out(
    graph: KnowledgeGraph,
    relations: Sequence[str],
    *,
    share: float = 0.05,
    unseen: float = 0.0,
    seed: int = 0,
) -> HeldOut:
    """Take edges of some relations out of a graph: a share for validation, and as many for test.

    Args:
        graph: The whole graph.
        relations: IRIs of the relations to predict.
        share: Of the edges of each relation, in (0, .4]: for validation, and again for test.
        unseen: Share of heads of these relations, in [0, .4], whose edges of all of them are for test: entities of
            which nothing of the kind is known.
        seed: Another seed holds out others.

    Raises:
        DataError: A relation is not in the graph, a share is out of range, or nothing would be left to learn from.
    """
    if not 0 < share <= 0.4 or not 0 <= unseen <= 0.4:
        raise DataError(f"expected a share in (0, .4] and unseen in [0, .4], found {share} and {unseen}")
    wanted = [_relation(graph, iri) for iri in dict.fromkeys(relations)]
    if not wanted:
        raise DataError("expected a relation whose edges are held out, found none; name one")
    rows = np.flatnonzero(np.isin(graph.relation_ids, wanted))
    names = [_names(graph, row) for row in rows.tolist()]
    away = {head for head in {name[0] for name in names} if _drawn(seed, _UNSEEN, head) < unseen}
    edges = tuple(Edge(*name, part=_part(name, away, share, seed)) for name in names)
    out = np.array([edge.part != "train" for edge in edges], np.bool_)
    for relation in wanted:
        if not (~out & (graph.relation_ids[rows] == relation)).any():
            raise DataError(
                f"expected edges of <{graph.relations[relation]}> to learn from, found all of its "
                f"{int((graph.relation_ids == relation).sum())} held out; lower the share, or choose another relation"
            )
    gone = np.zeros(len(graph), np.bool_)
    gone[rows[out]] = True
    again = ~gone & _restated(graph, gone, wanted)
    kept = ~(gone | again)
    left = graph.with_triples(graph.heads[kept], graph.relation_ids[kept], graph.tails[kept], graph.origin_ids[kept])
    return HeldOut(left, edges, int(again.sum()), len(away))


def copies_of(graph: KnowledgeGraph, relation: int) -> list[tuple[int, bool]]:
    """The relations that repeat what a relation says, and whether they do so backwards; a symmetric one repeats itself.

    Args:
        graph: Where it is looked at; relations with fewer than five triples say too little.
        relation: Id of the relation.
    """
    said = np.unique(_pairs(graph, relation, backwards=False))
    found = []
    for other in range(len(graph.relations)):
        for backwards in (False, True):
            if (other, backwards) == (relation, False):
                continue
            pairs = _pairs(graph, other, backwards=backwards)
            if len(pairs) >= _FEWEST and np.isin(pairs, said).mean() >= SAME:
                found.append((other, backwards))
    return found


def _restated(graph: KnowledgeGraph, gone: Bool[np.ndarray, " triple"], wanted: Sequence[int]) -> np.ndarray:
    """Which triples state one of those that are gone, by a relation that repeats its relation."""
    again = np.zeros(len(graph), np.bool_)
    count = len(graph.nodes)
    for relation in wanted:
        out = gone & (graph.relation_ids == relation)
        lost = graph.heads[out].astype(np.int64) * count + graph.tails[out]
        for other, backwards in copies_of(graph, relation):
            rows = np.flatnonzero(graph.relation_ids == other)
            again[rows[np.isin(_pairs(graph, other, backwards=backwards), lost)]] = True
    return again


def _pairs(graph: KnowledgeGraph, relation: int, *, backwards: bool) -> Int64[np.ndarray, " pair"]:
    """Head and tail of each triple of a relation as one number; tail and head where backwards."""
    rows = graph.relation_ids == relation
    ends = graph.heads[rows].astype(np.int64), graph.tails[rows].astype(np.int64)
    first, second = ends[::-1] if backwards else ends
    return np.asarray(first * len(graph.nodes) + second, np.int64)


def _relation(graph: KnowledgeGraph, iri: str) -> int:
    found = graph.relations.find(iri)
    if found is None:
        hint = iri_hint(iri, graph.relations, "see `ragmtl kg info` for its relations")
        raise DataError(f"expected a relation of the graph, found {iri!r}; {hint}")
    return found


def _names(graph: KnowledgeGraph, row: int) -> tuple[str, str, str]:
    head, relation, tail = graph.triple(row)
    return graph.nodes[head], graph.relations[relation], graph.nodes[tail]


def _part(name: tuple[str, str, str], away: set[str], share: float, seed: int) -> Part:
    if name[0] in away:
        return "test"
    drawn = _drawn(seed, *name)
    return "test" if drawn < share else "valid" if drawn < 2 * share else "train"


def _drawn(seed: int, *names: str) -> float:
    """A number in [0, 1) that hangs on names and seed alone."""
    digest = hashlib.sha256("\n".join((str(seed), *names)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
