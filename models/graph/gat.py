"""Relational graph attention: how much a message counts depends on both ends and on the relation.

    logit    = a·LeakyReLU(S·h_sender + R·h_receiver + key[relation]) + s·weight of the triple
    received = Σ softmax(logit) · (S·h_sender + shift[relation])

Sources: Brody et al., "How attentive are graph attention networks?" (GATv2), 2022, with relations as in Busbridge et
al., "Relational graph attention networks", 2019.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.graph.messages import Messages
from ragmtl.models.graph.network import GraphLayer
from ragmtl.models.graph.update import Update
from ragmtl.models.layers.sparse import group_softmax, group_sum


class GATLayer(GraphLayer):
    """One round of messages.

    Args:
        dim: Width of nodes, a multiple of `heads`.
        directed: Number of directed relations.
        heads: Number of attention heads.
        dropout: On what a node receives.
    """

    def __init__(self, dim: int, directed: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.split = nn.Unflatten(1, (heads, dim // heads))
        self.sender = nn.Linear(dim, dim)
        self.receiver = nn.Linear(dim, dim, bias=False)
        self.key = nn.Parameter(torch.zeros(directed, dim))
        self.shift = nn.Parameter(torch.zeros(directed, dim))
        self.attention = nn.Parameter(torch.randn(heads, dim // heads) * (dim // heads) ** -0.5)
        self.strength = nn.Parameter(torch.ones(heads))
        self.update = Update(dim, dropout)

    def forward(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "node dim"]:
        """Nodes after they have heard from their neighbours."""
        sent = functional.embedding(messages.senders, self.sender(nodes))
        met = functional.embedding(messages.receivers, self.receiver(nodes))
        known = functional.leaky_relu(sent + met + functional.embedding(messages.relations, self.key), 0.2)
        logits = torch.einsum("mhp,hp->mh", self.split(known), self.attention)
        logits = logits + messages.weights.unsqueeze(1) * self.strength
        weights = group_softmax(logits, messages.receivers, len(nodes)).unsqueeze(2)
        content = self.split(sent + functional.embedding(messages.relations, self.shift)) * weights
        received = group_sum(content.flatten(1), messages.receivers, len(nodes))
        updated: Float[Tensor, "node dim"] = self.update(nodes, received)
        return updated
