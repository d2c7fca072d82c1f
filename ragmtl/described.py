"""Vectors of the descriptions of nodes, read when they are first needed and kept as long as a run is open."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.encoders.encoder import Encoder


class DescribedNodes:
    """A table of all nodes of a graph; rows that nobody has asked for are zero, and take no memory.

    Args:
        graph: Describes them.
        encoder: Frozen text encoder.
        hide: Relations that descriptions must not show.
    """

    def __init__(self, graph: KnowledgeGraph, encoder: Encoder, hide: frozenset[int] = frozenset()) -> None:
        self._graph = graph
        self._encoder = encoder
        self._hide = hide
        self._read = np.zeros(len(graph.nodes), np.bool_)
        self._table = np.zeros((len(graph.nodes), encoder.dim), np.float32)

    def table(self, nodes: Int64[np.ndarray, " used"]) -> Float32[np.ndarray, "node text"]:
        """The table, in which at least these nodes have their vectors."""
        new = np.unique(nodes[~self._read[nodes]])
        if len(new):
            texts = [self._graph.describe(node, hide=self._hide) for node in new.tolist()]
            self._table[new] = self._encoder.encode(texts)
            self._read[new] = True
        return self._table
