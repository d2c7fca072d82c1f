"""How a node takes in what it heard: LayerNorm(h + Dropout(W·relu(received)))."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Update(nn.Module):
    """A node after it has heard from its neighbours.

    Args:
        dim: Width of nodes.
        dropout: On what a node receives.
    """

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.output = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(dim)

    def forward(
        self, nodes: Float[Tensor, "node dim"], received: Float[Tensor, "node dim"]
    ) -> Float[Tensor, "node dim"]:
        """Nodes as they are after a round."""
        updated: Float[Tensor, "node dim"] = self.norm(nodes + self.dropout(self.output(torch.relu(received))))
        return updated
