"""A relational graph neural network over retrieved subgraphs.

Each triple sends two messages, along the relation and against it. A message is the sender, gated and shifted by the
directed relation; a receiver takes the mean of its messages, weighted by a softmax of what is learned about the
directed relation, the sender and the weight of the triple:

    message  = V·h_sender ⊙ gate[relation] + shift[relation]
    receiver = LayerNorm(h + W·relu(Σ softmax(salience[relation] + u·h_sender + s·weight) · message))

It is the R-GCN of Schlichtkrull et al., 2018, with a diagonal matrix per relation in place of a basis (as in DistMult;
no per-relation product of matrices, so it is fast on CPU) and attention as in GAT.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.graph.messages import Messages
from ragmtl.models.graph.network import GraphLayer, GraphNetwork, directed
from ragmtl.models.layers.sparse import group_softmax, group_sum


def relational(dim: int, relations: int, *, layers: int = 2, heads: int = 4, dropout: float = 0.2) -> GraphNetwork:
    """A network of relational layers; see `RelationalLayer`."""
    made = (RelationalLayer(dim, directed(relations), heads, dropout) for _ in range(layers))
    return GraphNetwork(dim, relations, made)


class RelationalLayer(GraphLayer):
    """One round of messages.

    Args:
        dim: Width of nodes, a multiple of `heads`.
        directed: Number of directed relations.
        heads: Number of attention heads; each weighs relations for its own part of the vector.
        dropout: On what a node receives.
    """

    def __init__(self, dim: int, directed: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.split = nn.Unflatten(1, (heads, dim // heads))
        self.value = nn.Linear(dim, dim)
        self.gate = nn.Parameter(torch.ones(directed, dim))
        self.shift = nn.Parameter(torch.zeros(directed, dim))
        self.salience = nn.Parameter(torch.zeros(directed, heads))
        self.strength = nn.Parameter(torch.ones(heads))
        self.sender = nn.Linear(dim, heads, bias=False)
        nn.init.zeros_(self.sender.weight)
        self.output = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(dim)

    def forward(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "node dim"]:
        """Nodes after they have heard from their neighbours."""
        received = torch.relu(group_sum(self._weighted(nodes, messages), messages.receivers, len(nodes)))
        updated: Float[Tensor, "node dim"] = self.norm(nodes + self.dropout(self.output(received)))
        return updated

    def _weighted(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "message dim"]:
        """Each message times its weight among the messages to the same receiver."""
        sent = functional.embedding(messages.senders, self.value(nodes))
        gates = functional.embedding(messages.relations, self.gate)
        content = sent * gates + functional.embedding(messages.relations, self.shift)
        weights = self._weights(nodes, messages).unsqueeze(2)
        return torch.flatten(self.split(content) * weights, 1)

    def _weights(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "message head"]:
        logits: Float[Tensor, "message head"] = functional.embedding(messages.relations, self.salience)
        logits = logits + functional.embedding(messages.senders, self.sender(nodes))
        logits = logits + messages.weights.unsqueeze(1) * self.strength
        return group_softmax(logits, messages.receivers, len(nodes))
