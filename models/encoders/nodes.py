"""What a node of the graph is to the model: its description, what was learned about it, and why it was retrieved.

node = Linear(text) + learned vector + Linear(score, seed)
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional


class IdTable(nn.Module):
    """Learned vectors of entities that are frequent enough; row 0 is "none" and always zero.

    Vectors start at zero, so that an entity which training never meets stays the same as "none" (random starts cost
    two points of micro-F1 on film genres). They are multiplied by `scale`, which also multiplies the steps that an
    optimiser such as Adam takes: an entity is met far less often than a shared weight.

    Args:
        count: Number of entities that have a vector.
        dim: Width.
        scale: Factor on the stored values.
        dropout: How often, in training, an entity counts as unknown.
    """

    def __init__(self, count: int, dim: int, *, scale: float = 5.0, dropout: float = 0.3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count + 1, dim))
        self.scale = scale
        self.dropout = dropout

    def forward(self, ids: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape dim"]:
        """The vectors of some rows; zero for row 0."""
        if self.training and self.dropout > 0:
            ids = ids * (torch.rand(ids.shape, device=ids.device) >= self.dropout)
        return functional.embedding(ids, self.weight, padding_idx=0) * self.scale


class NodeEncoder(nn.Module):
    """Nodes as vectors.

    Args:
        text_dim: Width of text vectors.
        dim: Width of the result.
    """

    def __init__(self, text_dim: int, dim: int) -> None:
        super().__init__()
        self.text = nn.Linear(text_dim, dim)
        self.role = nn.Linear(2, dim, bias=False)

    def forward(
        self,
        text: Float[Tensor, "node text"],
        learned: Float[Tensor, "node dim"],
        scores: Float[Tensor, " node"],
        seeds: Bool[Tensor, " node"],
    ) -> Float[Tensor, "node dim"]:
        """Encodes nodes of retrieved subgraphs.

        Args:
            text: Vectors of their descriptions.
            learned: Vectors from the `IdTable`.
            scores: Of the retriever, in [0, 1].
            seeds: Which nodes the query started from.
        """
        role: Float[Tensor, "node dim"] = self.role(torch.stack([scores, seeds.to(scores.dtype)], 1))
        return self.describe(text, learned) + role

    def describe(
        self, text: Float[Tensor, "*shape text"], learned: Float[Tensor, "*shape dim"]
    ) -> Float[Tensor, "*shape dim"]:
        """Encodes entities that were not retrieved, such as the items of a history."""
        described: Float[Tensor, "*shape dim"] = self.text(text)
        return described + learned
