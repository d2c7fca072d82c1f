"""Where the walk starts: entities of the query, its history, and what its text names.

Weights: 1 for an entity; decayⁿ for the n-th item of the history, counted from the newest (n = 0); for what is named in
the text at most 1, as the linker says. Weights of one node are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.query import Query


@dataclass(frozen=True, slots=True, eq=False)
class Seeds:
    """Nodes to start from, the heaviest first.

    Attributes:
        nodes: Node ids, each once.
        weights: How much each counts, above 0.
        given: Nodes that are entities of the query.
        history: Nodes of the history, newest first.
        missing: IRIs of the query that are no nodes of the graph.
    """

    nodes: Int64[np.ndarray, " seeds"]
    weights: Float64[np.ndarray, " seeds"]
    given: frozenset[int]
    history: tuple[int, ...]
    missing: tuple[str, ...]

    @classmethod
    def of(
        cls, query: Query, mentions: Sequence[Mention], graph: KnowledgeGraph, *, most: int = 64, decay: float = 0.9
    ) -> Seeds:
        """The seeds of a query.

        Args:
            query: What is asked.
            mentions: What its text names.
            graph: Where the walk will be.
            most: The largest number of seeds.
            decay: How much less each older item of the history weighs.
        """
        weights: dict[int, float] = {}
        for mention in mentions:
            weights[mention.node] = min(1.0, weights.get(mention.node, 0.0) + mention.weight)
        given, missing = _find(dict.fromkeys(query.entities), graph)
        history, others = _find(dict.fromkeys(reversed(query.history)), graph)
        for node in given:
            weights[node] = weights.get(node, 0.0) + 1.0
        for age, node in enumerate(history):
            weights[node] = weights.get(node, 0.0) + decay**age
        best = sorted(((weight, node) for node, weight in weights.items() if weight > 0), key=lambda w: (-w[0], w[1]))
        return cls(
            np.array([node for _, node in best[:most]], np.int64),
            np.array([weight for weight, _ in best[:most]], np.float64),
            frozenset(given),
            tuple(history),
            (*missing, *others),
        )


def _find(iris: dict[str, None], graph: KnowledgeGraph) -> tuple[list[int], list[str]]:
    """The nodes of IRIs, and the IRIs that are no nodes."""
    nodes = [(iri, graph.nodes.find(iri)) for iri in iris]
    return [node for _, node in nodes if node is not None], [iri for iri, node in nodes if node is None]
