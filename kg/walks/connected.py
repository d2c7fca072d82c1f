"""Which nodes are connected, by union and find, compiled: one pass over the triples, four bytes a node.

Source: Tarjan and van Leeuwen, "Worst-case analysis of set union algorithms", 1984 (halving of paths).
"""

from __future__ import annotations

from collections.abc import Set

import numpy as np
from jaxtyping import Int32

from ragmtl.kg.compiled import compiled
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.terrain import shown_relations


def weakly_connected(graph: KnowledgeGraph, hide: Set[int] = frozenset()) -> tuple[Int32[np.ndarray, " nodes"], int]:
    """The component of each node, whatever way edges point, and how many there are.

    Components are numbered in the order of their first node.
    """
    parents = _united(graph.heads, graph.relation_ids, graph.tails, shown_relations(graph, hide), len(graph.nodes))
    components, count = _numbered(parents)
    return components, int(count)


@compiled
def _united(heads: np.ndarray, relations: np.ndarray, tails: np.ndarray, shown: np.ndarray, count: int) -> np.ndarray:
    """For each node one that is nearer to the first of its component, which points to itself."""
    parents = np.arange(count).astype(np.int32)
    for triple in range(len(heads)):
        if len(shown) > 0 and shown[relations[triple]] == 0:
            continue
        head, tail = np.int64(heads[triple]), np.int64(tails[triple])
        while parents[head] != head:
            parents[head] = parents[parents[head]]
            head = np.int64(parents[head])
        while parents[tail] != tail:
            parents[tail] = parents[parents[tail]]
            tail = np.int64(parents[tail])
        parents[max(head, tail)] = min(head, tail)
    return parents


@compiled
def _numbered(parents: np.ndarray) -> tuple[np.ndarray, int]:
    """Components from 0 on; a parent always stands before its children."""
    count = 0
    for node in range(len(parents)):
        if parents[node] == node:
            parents[node] = count
            count += 1
        else:
            parents[node] = parents[parents[node]]
    return parents, count
