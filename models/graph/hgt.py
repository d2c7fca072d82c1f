"""The heterogeneous graph transformer: keys, values and queries by type of node, attention by relation.

    logit    = prior[relation] · (A_relation·k_sender)·q_receiver / √d + s·weight of the triple
    received = Σ softmax(logit) · M_relation·v_sender
    node     = LayerNorm(g·O_type·gelu(received) + (1 − g)·h),   g = sigmoid(skip[type])

The matrices A and M of relations are the identity plus sums of a few that relations share, as in R-GCN: a graph has
hundreds of relations, most of them rare. Source: Hu et al., "Heterogeneous graph transformer", 2020.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.graph.messages import Messages
from ragmtl.models.graph.network import GraphLayer
from ragmtl.models.layers.sparse import group_softmax, group_sum
from ragmtl.models.layers.typed import TypedLinear, known_types


class RelationMaps(nn.Module):
    """For each relation and head a matrix: 1 + Σ_b coefficient[relation, b] · basis_b.

    Args:
        dim: Width of nodes, a multiple of `heads`.
        directed: Number of directed relations.
        heads: Number of attention heads.
        bases: Number of matrices that relations share.
    """

    def __init__(self, dim: int, directed: int, heads: int, bases: int) -> None:
        super().__init__()
        part = dim // heads
        self.split = nn.Unflatten(1, (heads, part))
        self.coefficients = nn.Parameter(torch.randn(directed, bases) * bases**-0.5)
        self.bases = nn.Parameter(torch.randn(bases, heads, part, part) * part**-0.5)

    def forward(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "message head part"]:
        """What each message carries: its sender, mapped by its relation."""
        parts = self.split(nodes)
        shares = functional.embedding(messages.relations, self.coefficients)
        mapped = torch.einsum("nhp,bhpq->nbhq", parts, self.bases).flatten(1)
        through = functional.embedding(messages.senders, mapped).unflatten(1, (len(self.bases), -1))  # type: ignore[no-untyped-call]
        sent = functional.embedding(messages.senders, nodes) + torch.bmm(shares.unsqueeze(1), through).squeeze(1)
        carried: Float[Tensor, "message head part"] = self.split(sent)
        return carried


class HGTLayer(GraphLayer):
    """One round of messages.

    Args:
        dim: Width of nodes, a multiple of `heads`.
        directed: Number of directed relations.
        types: Number of types of nodes, with "other".
        heads: Number of attention heads.
        bases: Number of matrices that relations share.
        dropout: On what a node receives.
    """

    def __init__(self, dim: int, directed: int, types: int, heads: int, *, bases: int, dropout: float) -> None:
        super().__init__()
        self.split = nn.Unflatten(1, (heads, dim // heads))
        self.read = TypedLinear(dim, 3 * dim, types)
        self.attend = RelationMaps(dim, directed, heads, bases)
        self.carry = RelationMaps(dim, directed, heads, bases)
        self.prior = nn.Parameter(torch.ones(directed, heads))
        self.strength = nn.Parameter(torch.ones(heads))
        self.output = TypedLinear(dim, dim, types)
        self.skip = nn.Parameter(torch.zeros(types))
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(dim)

    def forward(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "node dim"]:
        """Nodes after they have heard from their neighbours."""
        types = known_types(messages.types, len(self.skip))
        keys, values, queries = self.read(nodes, types).chunk(3, 1)
        weights = self._weights(keys, queries, messages).unsqueeze(2)
        received = group_sum((self.carry(values, messages) * weights).flatten(1), messages.receivers, len(nodes))
        heard = self.dropout(self.output(functional.gelu(received), types))
        gate = functional.embedding(types, self.skip.unsqueeze(1)).sigmoid()
        updated: Float[Tensor, "node dim"] = self.norm(gate * heard + (1 - gate) * nodes)
        return updated

    def _weights(
        self, keys: Float[Tensor, "node dim"], queries: Float[Tensor, "node dim"], messages: Messages
    ) -> Float[Tensor, "message head"]:
        asked = self.split(functional.embedding(messages.receivers, queries))
        met = (self.attend(keys, messages) * asked).sum(2) * asked.shape[2] ** -0.5
        logits = met * functional.embedding(messages.relations, self.prior)
        logits = logits + messages.weights.unsqueeze(1) * self.strength
        return group_softmax(logits, messages.receivers, len(keys))
