"""What literals and types say about a node, for entities that training never met too.

Numbers and dates come standardised; one that a node does not have is NaN, and counts as the middle, marked as missing.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.layers.typed import known_types


class NumberReader(nn.Module):
    """Linear(numbers, which of them are there).

    Args:
        numbers: How many relations give a number.
        dim: Width of the result.
    """

    def __init__(self, numbers: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * numbers, dim, bias=False)

    def forward(self, numbers: Float[Tensor, "*shape number"]) -> Float[Tensor, "*shape dim"]:
        """One vector per node; zero for a node without any number."""
        read: Float[Tensor, "*shape dim"] = self.linear(
            torch.cat([numbers.nan_to_num(0.0), (~numbers.isnan()).to(numbers.dtype)], -1)
        )
        return read


class TypeTable(nn.Module):
    """A vector for each type of node; they start at zero.

    Args:
        types: Number of types, with 0, "other".
        dim: Width of the result.
    """

    def __init__(self, types: int, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(types, dim))

    def forward(self, types: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape dim"]:
        """The vectors of some types; unknown ones count as other."""
        return functional.embedding(known_types(types, len(self.weight)), self.weight)
