"""A subgraph: some nodes of a knowledge graph and the triples among them, each with a weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64

from ragmtl.kg.graph import KnowledgeGraph


@dataclass(frozen=True, slots=True, eq=False)
class Subgraph:
    """Nodes and triples cut out of a `KnowledgeGraph`; the graph resolves their names.

    Attributes:
        nodes: Ids of the nodes in the graph, best first.
        scores: How much each node counts, in [0, 1], the best node has 1.
        seeds: Which nodes the query started from.
        triples: Ids of triples of the graph; both ends are among `nodes`.
        heads, tails: Positions of the ends of each triple in `nodes`.
        relations: Relation id of each triple.
        weights: How much each triple counts, in [0, 1].
        graph: What it was cut out of, for names in a notebook; None where it is not known.
    """

    nodes: Int64[np.ndarray, " nodes"]
    scores: Float32[np.ndarray, " nodes"]
    seeds: Bool[np.ndarray, " nodes"]
    triples: Int64[np.ndarray, " triples"]
    heads: Int64[np.ndarray, " triples"]
    tails: Int64[np.ndarray, " triples"]
    relations: Int64[np.ndarray, " triples"]
    weights: Float32[np.ndarray, " triples"]
    graph: KnowledgeGraph | None = None

    @classmethod
    def empty(cls) -> Subgraph:
        """A subgraph without nodes, for a query in which nothing links."""
        ids, values = np.zeros(0, np.int64), np.zeros(0, np.float32)
        return cls(ids, values, np.zeros(0, np.bool_), ids, ids, ids, ids, values)

    def _repr_html_(self) -> str:
        """What a notebook shows: counts, a drawing, and the triples of most weight."""
        from ragmtl.kg.looking.notebook import subgraph_html

        return subgraph_html(self)

    def plot(self) -> Any:  # noqa: ANN401 -- a `matplotlib.figure.Figure`, which is optional
        """The best nodes and the triples among them, as a figure of matplotlib (the extra `plot`).

        Raises:
            ConfigError: matplotlib is not installed.
        """
        from ragmtl.kg.looking.drawing import plot_subgraph

        return plot_subgraph(self)
