"""A query-conditioned network: what is asked decides which relations and neighbours a node listens to.

    relevance = Q·query·(key[relation] + K·h_sender) / √d + s·weight + open
    weight    = softmax over the messages of a receiver, and silence, which has a relevance of 0
    received  = Σ weight · (V·h_sender ⊙ gate[relation] + shift[relation])

Where nothing is relevant, a node hears nothing. The message is that of the default network. The idea, one graph that is
read differently for each question, is that of Yasunaga et al., "QA-GNN", 2021, and Zhu et al., "Neural Bellman-Ford
networks", 2021.
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


class QueryLayer(GraphLayer):
    """One round of messages.

    Args:
        dim: Width of nodes, a multiple of `heads`.
        directed: Number of directed relations.
        heads: Number of attention heads.
        dropout: On what a node receives.
    """

    reads_query = True

    def __init__(self, dim: int, directed: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.split = nn.Unflatten(1, (heads, dim // heads))
        self.query = nn.Linear(dim, dim)
        self.key = nn.Parameter(torch.randn(directed, dim) * 0.02)
        self.sender = nn.Linear(dim, dim, bias=False)
        self.strength = nn.Parameter(torch.ones(heads))
        self.open = nn.Parameter(torch.ones(heads))
        self.value = nn.Linear(dim, dim)
        self.gate = nn.Parameter(torch.ones(directed, dim))
        self.shift = nn.Parameter(torch.zeros(directed, dim))
        self.update = Update(dim, dropout)

    def forward(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "node dim"]:
        """Nodes after they have heard what was asked of their neighbours."""
        sent = functional.embedding(messages.senders, self.value(nodes))
        content = sent * functional.embedding(messages.relations, self.gate)
        content = self.split(content + functional.embedding(messages.relations, self.shift))
        weights = self._weights(nodes, messages).unsqueeze(2)
        received = group_sum((content * weights).flatten(1), messages.receivers, len(nodes))
        updated: Float[Tensor, "node dim"] = self.update(nodes, received)
        return updated

    def _weights(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "message head"]:
        asked = functional.embedding(messages.example[messages.receivers], self.query(messages.query))
        known = functional.embedding(messages.senders, self.sender(nodes))
        known = known + functional.embedding(messages.relations, self.key)
        relevance = self.split(asked * known).sum(2) * self.split(asked).shape[2] ** -0.5
        relevance = relevance + messages.weights.unsqueeze(1) * self.strength + self.open
        silence = relevance.new_zeros(len(nodes), relevance.shape[1])
        groups = torch.cat([messages.receivers, torch.arange(len(nodes), device=nodes.device)])
        weights = group_softmax(torch.cat([relevance, silence]), groups, len(nodes))
        return weights[: len(relevance)]
