"""GraphSAGE: a node hears the mean of its neighbours, weighted by the triples; the cheapest network.

    received = W_0·h + W·(Σ weight · (h_sender + shift[relation]) / Σ weight)

Plain GraphSAGE does not see relations; here each directed one shifts what it carries, by nothing at first. Source:
Hamilton et al., "Inductive representation learning on large graphs", 2017.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.graph.messages import Messages
from ragmtl.models.graph.network import GraphLayer
from ragmtl.models.graph.update import Update
from ragmtl.models.layers.sparse import group_sum


class SAGELayer(GraphLayer):
    """One round of messages.

    Args:
        dim: Width of nodes.
        directed: Number of directed relations.
        dropout: On what a node receives.
    """

    def __init__(self, dim: int, directed: int, dropout: float) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(directed, dim))
        self.neighbours = nn.Linear(dim, dim, bias=False)
        self.itself = nn.Linear(dim, dim)
        self.update = Update(dim, dropout)

    def forward(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "node dim"]:
        """Nodes after they have heard from their neighbours."""
        sent = functional.embedding(messages.senders, nodes) + functional.embedding(messages.relations, self.shift)
        weights = messages.weights.unsqueeze(1)
        total = group_sum(weights, messages.receivers, len(nodes)).clamp(min=1e-6)
        mean = group_sum(sent * weights, messages.receivers, len(nodes)) / total
        updated: Float[Tensor, "node dim"] = self.update(nodes, self.itself(nodes) + self.neighbours(mean))
        return updated
