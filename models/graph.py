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

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.sparse import group_softmax, group_sum


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """Directed edges, ordered by receiver.

    Attributes:
        senders, receivers: Positions of nodes.
        relations: Directed relation: `r` along, `relations + 1 + r` against; `relations` stands for any unknown one.
        weights: How much each triple counts, in [0, 1].
    """

    senders: Int[Tensor, " message"]
    receivers: Int[Tensor, " message"]
    relations: Int[Tensor, " message"]
    weights: Float[Tensor, " message"]


def both_ways(
    edges: Int[Tensor, "2 edge"],
    edge_relations: Int[Tensor, " edge"],
    edge_weights: Float[Tensor, " edge"],
    relations: int,
) -> Messages:
    """Two messages per edge.

    Args:
        edges: Positions of head and tail.
        edge_relations: Relation ids; those outside of [0, relations) become the shared "other" relation.
        edge_weights: In [0, 1].
        relations: Number of known relations.
    """
    unknown = (edge_relations < 0) | (edge_relations >= relations)
    along = edge_relations.masked_fill(unknown, relations)
    receivers, order = torch.cat([edges[1], edges[0]]).sort(stable=True)
    senders = torch.cat([edges[0], edges[1]])[order]
    return Messages(senders, receivers, torch.cat([along, along + relations + 1])[order], edge_weights.repeat(2)[order])


class RelationalLayer(nn.Module):
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


class RelationalGNN(nn.Module):
    """Several rounds of messages.

    Args:
        dim: Width of nodes, a multiple of `heads`.
        relations: Number of relations of the graph.
        layers: Rounds.
        heads: Attention heads.
        dropout: On what a node receives.
    """

    def __init__(self, dim: int, relations: int, *, layers: int = 2, heads: int = 4, dropout: float = 0.2) -> None:
        super().__init__()
        self.relations = relations
        self.norm = nn.LayerNorm(dim)
        self.layers = nn.ModuleList(RelationalLayer(dim, 2 * (relations + 1), heads, dropout) for _ in range(layers))

    def forward(
        self,
        nodes: Float[Tensor, "node dim"],
        edges: Int[Tensor, "2 edge"],
        edge_relations: Int[Tensor, " edge"],
        edge_weights: Float[Tensor, " edge"],
        mask: Bool[Tensor, " node"],
    ) -> Float[Tensor, "node dim"]:
        """Nodes after all rounds.

        Args:
            nodes: Encoded nodes of all subgraphs, laid end to end.
            edges: Positions of head and tail of each triple.
            edge_relations: Relation ids; an unknown one counts as "other".
            edge_weights: How much each triple counts, in [0, 1].
            mask: Nodes that take part; a triple with an end that does not sends nothing.
        """
        kept = mask[edges].all(0)
        messages = both_ways(edges[:, kept], edge_relations[kept], edge_weights[kept], self.relations)
        updated: Float[Tensor, "node dim"] = self.norm(nodes)
        for layer in self.layers:
            updated = layer(updated, messages)
        return updated
