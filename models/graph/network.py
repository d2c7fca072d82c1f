"""A graph neural network: rounds of messages over retrieved subgraphs. A choice of network is a choice of layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.graph.messages import Messages, Subgraphs, both_ways


class GraphLayer(nn.Module, ABC):
    """One round of messages."""

    reads_query = False
    """Whether what a node hears depends on what is asked."""

    @abstractmethod
    def forward(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "node dim"]:
        """Nodes after they have heard from their neighbours."""


class GraphNetwork(nn.Module):
    """Several rounds of messages.

    Args:
        dim: Width of nodes.
        relations: Number of relations of the graph; layers know `2 * (relations + 1)` directed ones.
        layers: One for each round.
    """

    def __init__(self, dim: int, relations: int, layers: Iterable[GraphLayer]) -> None:
        super().__init__()
        self.relations = relations
        self.norm = nn.LayerNorm(dim)
        self.layers = nn.ModuleList(layers)
        self.reads_query = any(isinstance(layer, GraphLayer) and layer.reads_query for layer in self.layers)

    def forward(self, nodes: Float[Tensor, "node dim"], graphs: Subgraphs) -> Float[Tensor, "node dim"]:
        """Nodes after all rounds.

        Args:
            nodes: Encoded nodes of all subgraphs, laid end to end.
            graphs: How they hang together, and what is asked.
        """
        messages = both_ways(graphs, self.relations)
        updated: Float[Tensor, "node dim"] = self.norm(nodes)
        for layer in self.layers:
            updated = layer(updated, messages)
        return updated


def directed(relations: int) -> int:
    """How many directed relations layers tell apart: each known one and "other", along and against."""
    return 2 * (relations + 1)
