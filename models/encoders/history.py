"""The history of a user: the query attends over the items met before, with their age."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.layers.attention import Attention


class HistoryReader(nn.Module):
    """Sums up a history by attention; prior(item) = −decay·log(1 + age), the newest item has age 0.

    Args:
        dim: Width of items and summary, a multiple of `heads`.
        heads: Number of attention heads.
        ages: Number of ages told apart; older items count as of the last.
    """

    def __init__(self, dim: int, heads: int, ages: int = 64) -> None:
        super().__init__()
        self.attention = Attention(dim, heads)
        self.norm = nn.LayerNorm(dim)
        self.age = nn.Parameter(torch.randn(ages, dim) * 0.02)
        self.decay = nn.Parameter(torch.linspace(0, 1, heads))

    def forward(
        self,
        query: Float[Tensor, "batch dim"],
        items: Float[Tensor, "batch history dim"],
        mask: Bool[Tensor, "batch history"],
    ) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch history"]]:
        """The summary of each history, and the weight of each item (they sum to 1; 0 where there is no history).

        Args:
            query: Summary of the text, or what stands for "no text".
            items: Encoded items, newest last.
            mask: Which are there.
        """
        age = ages(mask)
        tokens = self.norm(items) + functional.embedding(age.clamp(max=len(self.age) - 1), self.age)
        prior = -self.decay.view(1, -1, 1) * torch.log1p(age.to(items.dtype)).unsqueeze(1)
        summary, weights = self.attention(query, tokens, mask, prior)
        return summary, weights


def ages(mask: Bool[Tensor, "batch history"]) -> Int[Tensor, "batch history"]:
    """How many items are newer than each, wherever the padding stands.

    Example:
        >>> ages(torch.tensor([[True, True, True, False]]))
        tensor([[2, 1, 0, 0]])
    """
    newer = mask.flip(1).cumsum(1).flip(1) - 1
    return newer.clamp(min=0)
