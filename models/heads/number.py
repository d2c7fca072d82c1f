"""The head of a task whose answer is a number."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.heads.given import HeadInput


class NumberHead(nn.Module):
    """A number: middle + spread · Linear(shared), so that the network learns in units of the spread.

    Args:
        dim: Width of the shared vector.
        middle: What it says before it has learned.
        spread: The unit.
    """

    middle: Tensor
    spread: Tensor

    def __init__(self, dim: int, middle: float = 0.0, spread: float = 1.0) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, 1)
        self.register_buffer("middle", torch.tensor(middle))
        self.register_buffer("spread", torch.tensor(spread))

    def forward(self, given: HeadInput) -> Float[Tensor, "batch 1"]:
        """The number, in its own unit."""
        number: Float[Tensor, "batch 1"] = self.middle + self.spread * self.linear(given.shared)
        return number
