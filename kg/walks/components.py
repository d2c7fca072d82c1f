"""The parts that a graph falls into.

Nodes are weakly connected where edges lead from one to the other, whatever way they point; strongly connected where
one can walk from each to the other along the edges.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64, Integer
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.connected import weakly_connected
from ragmtl.kg.walks.terrain import shown_relations


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Parts of a graph, the largest first, equal ones in the order of their first node.

    Attributes:
        labels: The component of each node.
        sizes: How many nodes each component has.
    """

    labels: Int32[np.ndarray, " nodes"]
    sizes: Int64[np.ndarray, " components"]

    def __len__(self) -> int:
        return len(self.sizes)

    def nodes(self, component: int) -> Int64[np.ndarray, " some"]:
        """Ids of the nodes of one component."""
        return np.flatnonzero(self.labels == component).astype(np.int64)


def components(graph: KnowledgeGraph, *, strong: bool = False, hide: Set[int] = frozenset()) -> Components:
    """The weakly (or strongly) connected components, without the relations hidden."""
    labels = _strong(graph, hide) if strong else weakly_connected(graph, hide)[0]
    return _largest_first(labels)


def _strong(graph: KnowledgeGraph, hide: Set[int]) -> Integer[np.ndarray, " nodes"]:
    shown = shown_relations(graph, hide)
    weights = shown[graph.relation_ids] if len(shown) else np.ones(len(graph), np.uint8)
    kept, count = weights > 0, len(graph.nodes)
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(graph.heads[kept], minlength=count))))
    edges = csr_array((weights[kept], graph.tails[kept].astype(np.int32), indptr.astype(np.int32)), (count, count))
    labels: Integer[np.ndarray, " nodes"] = connected_components(edges, directed=True, connection="strong")[1]
    return labels


def _largest_first(labels: Integer[np.ndarray, " nodes"]) -> Components:
    _, firsts, found, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((firsts, -sizes))
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return Components(places[found], sizes[order].astype(np.int64))
