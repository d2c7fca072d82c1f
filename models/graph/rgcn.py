"""R-GCN: each directed relation has a matrix, made of a few matrices that all relations share.

    W_relation = Σ_b coefficient[relation, b] · basis_b
    received   = W_0·h + Σ over relations: mean over its messages, weighted by the triples, of W_relation·h_sender

Messages are summed up per basis before they are multiplied with it: as many products as nodes, not as triples, which
is why this is not the layer of `torch_geometric`. Source: Schlichtkrull et al., "Modeling relational data with graph
convolutional networks", 2018.
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


class RGCNLayer(GraphLayer):
    """One round of messages.

    Args:
        dim: Width of nodes.
        directed: Number of directed relations.
        bases: Number of matrices that relations share.
        dropout: On what a node receives.
    """

    def __init__(self, dim: int, directed: int, bases: int, dropout: float) -> None:
        super().__init__()
        self.coefficients = nn.Parameter(torch.randn(directed, bases) * bases**-0.5)
        self.bases = nn.Linear(bases * dim, dim, bias=False)
        self.itself = nn.Linear(dim, dim)
        self.update = Update(dim, dropout)

    def forward(self, nodes: Float[Tensor, "node dim"], messages: Messages) -> Float[Tensor, "node dim"]:
        """Nodes after they have heard from their neighbours."""
        shares = functional.embedding(messages.relations, self.coefficients) * self._means(messages).unsqueeze(1)
        sent = functional.embedding(messages.senders, nodes)
        sums = [group_sum(sent * share.unsqueeze(1), messages.receivers, len(nodes)) for share in shares.unbind(1)]
        updated: Float[Tensor, "node dim"] = self.update(nodes, self.itself(nodes) + self.bases(torch.cat(sums, 1)))
        return updated

    def _means(self, messages: Messages) -> Float[Tensor, " message"]:
        """The weight of each message, over the sum of those of the same relation to the same receiver."""
        pairs = messages.receivers * len(self.coefficients) + messages.relations
        distinct, group = torch.unique(pairs, return_inverse=True)
        totals = group_sum(messages.weights.unsqueeze(1), group, len(distinct))[group, 0]
        return messages.weights / totals.clamp(min=1e-6)
