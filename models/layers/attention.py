"""Attention of one query over a set of tokens: softmax(q·k/√d + prior)·v, with several heads.

A set may be empty, or masked throughout: its weights are then all zero and its summary is the bias of the output.
Source: Vaswani et al., "Attention is all you need", 2017.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

_MASKED = -1e9  # below any real logit; finite, so that a row that is masked throughout has no NaN in its gradient


def masked_softmax(
    logits: Float[Tensor, "*batch token"], mask: Bool[Tensor, "*#batch token"]
) -> Float[Tensor, "*batch token"]:
    """Softmax over the last dimension; masked places get exactly zero, also where a whole row is masked."""
    return torch.softmax(logits.masked_fill(~mask, _MASKED), -1) * mask


class Attention(nn.Module):
    """A query attends over tokens.

    Args:
        dim: Width of query and tokens, a multiple of `heads`.
        heads: Number of attention heads.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim, bias=False)
        self.value = nn.Linear(dim, dim, bias=False)
        self.output = nn.Linear(dim, dim)

    def forward(
        self,
        query: Float[Tensor, "batch dim"],
        tokens: Float[Tensor, "batch token dim"],
        mask: Bool[Tensor, "batch token"],
        prior: Float[Tensor, "batch head token"],
    ) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch token"]]:
        """The summary of the tokens, and the weight of each, averaged over heads (sums to 1 or, if all masked, 0).

        Args:
            query: What is asked.
            tokens: What is attended over; nothing of a masked token is seen.
            mask: Which tokens are there.
            prior: Added to the logits of each head.
        """
        keys, values = self._split(self.key(tokens)), self._split(self.value(tokens))
        asked = self._split(self.query(query).unsqueeze(1)).squeeze(1)
        logits = torch.einsum("bhd,bthd->bht", asked, keys) * asked.shape[-1] ** -0.5 + prior
        weights = masked_softmax(logits, mask.unsqueeze(1))
        summary = torch.einsum("bht,bthd->bhd", weights, values).flatten(1)
        attended: Float[Tensor, "batch dim"] = self.output(summary)
        return attended, weights.mean(1)

    def _split(self, tokens: Float[Tensor, "batch token dim"]) -> Float[Tensor, "batch token head part"]:
        return tokens.view(*tokens.shape[:2], self.heads, tokens.shape[2] // self.heads)
