"""How alike nodes are by what they have in common in the graph.

    S = N F diag(1 / log2(1 + degree)) Fᵀ N,   F[i, n] = 1 where n is next to i or is i itself

with N so that S[i, i] = 1. What few nodes share says most.

Source: Adamic and Adar, "Friends and neighbors on the Web", Social Networks 25 (2003), 211-230.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64
from scipy.sparse import csr_array

from ragmtl.kg.graph import KnowledgeGraph


def adamic_adar(
    graph: KnowledgeGraph, nodes: Int64[np.ndarray, " item"], hide: frozenset[int] = frozenset()
) -> Float32[np.ndarray, "item item"]:
    """The similarity of each pair of nodes, in [0, 1].

    Args:
        graph: The knowledge graph.
        nodes: Ids; -1 stands for an item that the graph does not know, which is like no other.
        hide: Relations that do not count.
    """
    rows, columns = _neighbours(graph, nodes, hide)
    features = csr_array((np.ones(len(rows)), (rows, columns)), (len(nodes), len(graph.nodes)))
    features.sum_duplicates()
    features.data[:] = 1
    degrees = np.diff(graph.outgoing.indptr) + np.diff(graph.incoming.indptr)
    weighted = features.multiply(1 / np.sqrt(np.log2(2 + degrees))[None, :]).tocsr()
    shared = (weighted @ weighted.T).toarray()
    norms = np.sqrt(np.maximum(shared.diagonal(), 1e-12))
    return np.asarray(shared / norms / norms[:, None], np.float32)


def _neighbours(
    graph: KnowledgeGraph, nodes: Int64[np.ndarray, " item"], hide: frozenset[int]
) -> tuple[Int64[np.ndarray, " pair"], Int64[np.ndarray, " pair"]]:
    """Pairs of the position of a node and a node next to it, or the node itself."""
    known = np.flatnonzero(nodes >= 0)
    rows, columns = [known], [nodes[known]]
    for side in (graph.outgoing, graph.incoming):
        places, owners = side.rows(nodes[known])
        shown = ~np.isin(side.relations[places], sorted(hide))
        rows.append(known[owners[shown]])
        columns.append(side.neighbours[places[shown]].astype(np.int64))
    return np.concatenate(rows).astype(np.int64), np.concatenate(columns).astype(np.int64)
