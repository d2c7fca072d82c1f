"""Figures about a graph: degrees, relations, classes. Each is counted in one pass over the arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, Integer

from ragmtl.kg.graph import KnowledgeGraph


@dataclass(frozen=True, slots=True)
class Degrees:
    """How many edges nodes have, both ways.

    Attributes:
        mean, median, p95, most: Of the degrees of all nodes.
        alone: Nodes without any edge.
        histogram: For k = 0, 1, 2 …, how many nodes have a degree in [2ᵏ, 2ᵏ⁺¹).
        hubs: Ids and degrees of the nodes with the most edges, ties by id.
    """

    mean: float
    median: float
    p95: float
    most: int
    alone: int
    histogram: tuple[int, ...]
    hubs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RelationStats:
    """How one relation is used.

    Attributes:
        relation: Its id.
        triples: How many triples between nodes it has.
        literals: How many literals it has.
        heads: How many nodes have it, with a node or a literal.
        tails: How many nodes it leads to.
        example: The id of its first triple, or None.
        example_literal: The row of its first literal, or None.
    """

    relation: int
    triples: int
    literals: int
    heads: int
    tails: int
    example: int | None
    example_literal: int | None

    @property
    def functionality(self) -> float:
        """Heads per statement, in (0, 1]: 1 where no node has it twice."""
        return self.heads / max(self.triples + self.literals, 1)

    @property
    def inverse_functionality(self) -> float:
        """Tails per triple, in [0, 1]: 1 where it leads to no node twice."""
        return self.tails / max(self.triples, 1)


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many nodes are of a class (a node that a type leads to)."""

    node: int
    members: int


def degree_statistics(graph: KnowledgeGraph, *, hubs: int = 10) -> Degrees:
    """Figures about the degrees of all nodes."""
    counts = np.diff(graph.outgoing.indptr).astype(np.int64) + np.diff(graph.incoming.indptr)
    order = np.lexsort((np.arange(len(counts)), -counts))[:hubs]
    bins = np.bincount(np.log2(counts[counts > 0]).astype(np.int64)) if counts.any() else np.zeros(0, np.int64)
    return Degrees(
        mean=float(counts.mean()),
        median=float(np.median(counts)),
        p95=float(np.quantile(counts, 0.95)),
        most=int(counts.max(initial=0)),
        alone=int((counts == 0).sum()),
        histogram=tuple(bins.tolist()),
        hubs=tuple(zip(order.tolist(), counts[order].tolist(), strict=True)),
    )


def relation_statistics(graph: KnowledgeGraph) -> list[RelationStats]:
    """Each relation, by id."""
    count, literals = len(graph.relations), graph.literals
    triples = np.bincount(graph.relation_ids, minlength=count)
    rows = np.bincount(literals.relation_ids, minlength=count)
    pairs = np.concatenate((_pairs(graph.relation_ids, graph.heads), _pairs(literals.relation_ids, literals.nodes)))
    heads, tails = _distinct(pairs, count), _distinct(_pairs(graph.relation_ids, graph.tails), count)
    firsts = _firsts(graph.relation_ids, count), _firsts(literals.relation_ids, count)
    columns = (column.tolist() for column in (triples, rows, heads, tails, *firsts))
    return [
        RelationStats(relation, *numbers, *(None if first < 0 else first for first in places))
        for relation, (*numbers, one, other) in enumerate(zip(*columns, strict=True))
        for places in [(one, other)]
    ]


def class_counts(graph: KnowledgeGraph) -> list[ClassCount]:
    """Each class, the one with most members first, ties by id; types are what the vocabulary says."""
    typed = np.isin(graph.relation_ids, list(graph.labels.view.roles.types))
    classes, members = np.unique(graph.tails[typed], return_counts=True)
    order = np.lexsort((classes, -members))
    return [ClassCount(int(classes[place]), int(members[place])) for place in order]


def _pairs(high: Integer[np.ndarray, " rows"], low: Integer[np.ndarray, " rows"]) -> Int64[np.ndarray, " rows"]:
    """Two ids in one number."""
    return high.astype(np.int64) << 32 | low.astype(np.int64)


def _distinct(pairs: Int64[np.ndarray, " rows"], count: int) -> Int64[np.ndarray, " ids"]:
    """How many different pairs begin with each id; sorts the pairs in place, which is quicker than a hash table."""
    pairs.sort()
    new = np.ones(len(pairs), np.bool_)
    new[1:] = pairs[1:] != pairs[:-1]
    return np.bincount(pairs[new] >> 32, minlength=count).astype(np.int64)


def _firsts(ids: Integer[np.ndarray, " rows"], count: int) -> Int64[np.ndarray, " ids"]:
    """The first row of each id, -1 where there is none."""
    firsts = np.full(count, -1, np.int64)
    firsts[ids[::-1]] = np.arange(len(ids))[::-1]
    return firsts
