"""A linear map for each type of node."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


class TypedLinear(nn.Module):
    """W_type·row + b_type; types that it does not know count as 0, "other".

    Rows are multiplied type by type, as in `torch_geometric`'s HeteroLinear, which needs a compiled extension to be
    fast and writes in place where it has none.

    Args:
        inputs: Width of rows.
        outputs: Width of the result.
        types: Number of types.
    """

    def __init__(self, inputs: int, outputs: int, types: int) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(types, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(types, outputs))

    def forward(self, rows: Float[Tensor, "row inputs"], types: Int[Tensor, " row"]) -> Float[Tensor, "row outputs"]:
        """Each row by the map of its type."""
        order = torch.argsort(types, stable=True)
        counts = torch.bincount(types, minlength=len(self.weight)).tolist()
        parts = torch.split(functional.embedding(order, rows), counts)
        mapped = torch.cat([part @ weight for part, weight in zip(parts, self.weight, strict=True)])
        back = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))
        return functional.embedding(back, mapped) + functional.embedding(types, self.bias)


def known_types(types: Int[Tensor, "*shape"], number: int) -> Int[Tensor, "*shape"]:
    """Types below a number; the others as 0."""
    return types.masked_fill((types < 0) | (types >= number), 0)
