"""Relation paths between the entities of a query, the shortest and plainest first, as one subgraph."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.paths import RelationPath, relation_paths
from ragmtl.retrieval.subgraphs.chosen import Chosen, subgraph_of
from ragmtl.retrieval.subgraphs.seeds import Seeds

_MOST_SEEDS = 5
_PER_PAIR = 4
_MOST_EDGES = 3_000
"""How many edges are looked at for all pairs together: some ten milliseconds."""


def connecting_paths(
    graph: KnowledgeGraph, seeds: Seeds, *, longest: int, budget: int, hide: frozenset[int] = frozenset()
) -> Chosen | None:
    """The paths between the heaviest seeds, within a budget of nodes; None where no two of them are connected.

    A path of n steps between seeds of weights v and w counts v · w / n; a triple counts as its best path.
    """
    weights = dict(zip(seeds.nodes.tolist(), seeds.weights.tolist(), strict=True))
    heaviest = list(weights)[:_MOST_SEEDS]
    found: list[tuple[float, RelationPath]] = []
    pairs = list(combinations(heaviest, 2))
    for start, end in pairs:
        most = _MOST_EDGES // len(pairs)
        paths = relation_paths(graph, start, end, count=_PER_PAIR, longest=longest, most=most, hide=hide).paths
        found += [(weights[start] * weights[end] / len(path), path) for path in paths]
    found.sort(key=lambda one: (-one[0], one[1].triples))
    return _joined(graph, found, heaviest[: max(budget, 0)], budget) if found else None


def _joined(graph: KnowledgeGraph, paths: list[tuple[float, RelationPath]], seeds: list[int], budget: int) -> Chosen:
    used = set(seeds)
    scores: dict[int, float] = {}
    why: dict[int, str] = {}
    for score, path in paths:
        if len(used | set(path.nodes)) > budget:
            continue
        used |= set(path.nodes)
        for triple in path.triples:
            scores.setdefault(triple, score)
            why.setdefault(triple, f"on the path {path.line(graph)}")
    ids = np.array(list(scores), np.int64)
    return Chosen(subgraph_of(graph, ids, np.array(list(scores.values())), np.array(seeds, np.int64)), why)
