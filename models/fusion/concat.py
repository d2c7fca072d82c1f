"""Fusion by concatenation: each kind of evidence is summed up by itself, and the summaries stand side by side.

    vector = W·[gate·summary(passages) | gate·summary(nodes) | gate·summary(neighbours)]

A summary is attention of the query over the kind's tokens, or their plain mean; a kind that is absent has a learned
vector instead. No kind can crowd out another. The weight of a token is its share of its kind, times the kind's gate,
over the number of kinds that are there; what gates hold back is the weight of "no evidence".
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.fusion.fusion import Fusion, SourceGates, score_prior
from ragmtl.models.fusion.tokens import SOURCES, Fused, PaddedTokens, Tokens
from ragmtl.models.layers.attention import Attention

Pool = Literal["attention", "mean"]


class AttentionPool(nn.Module):
    """The query attends over the tokens of one kind; prior = b·score (+ c·seed).

    Args:
        dim: Width of all vectors, a multiple of `heads`.
        heads: Number of attention heads.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(dim, heads)
        self.prior = nn.Parameter(torch.ones(heads, 2))  # score, seed

    def forward(
        self, query: Float[Tensor, "batch dim"], tokens: PaddedTokens, seeds: Float[Tensor, "batch piece"]
    ) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch piece"]]:
        """The summary, and the share of each token in it."""
        constant = torch.zeros_like(self.prior[:, :1])
        prior = score_prior(torch.cat([constant, self.prior], 1), tokens.scores, seeds)
        found: tuple[Tensor, Tensor] = self.attention(query, tokens.vectors, tokens.mask, prior)
        return found


class MeanPool(nn.Module):
    """The mean of the tokens of one kind, through a linear map.

    Args:
        dim: Width of all vectors.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.value = nn.Linear(dim, dim)

    def forward(
        self, query: Float[Tensor, "batch dim"], tokens: PaddedTokens, seeds: Float[Tensor, "batch piece"]
    ) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch piece"]]:
        """The summary, and the share of each token in it: all alike."""
        there = tokens.mask.to(query.dtype)
        shares = there / there.sum(1, keepdim=True).clamp(min=1)
        summary: Float[Tensor, "batch dim"] = self.value(torch.einsum("bt,btd->bd", shares, tokens.vectors))
        return summary, shares


class ConcatFusion(Fusion):
    """Summaries of each kind of evidence, side by side.

    Args:
        dim: Width of all vectors, a multiple of `heads`.
        heads: Number of attention heads.
        pool: How a kind is summed up.
        neighbours: Whether there may be labelled neighbours.
    """

    def __init__(self, dim: int, heads: int, *, pool: Pool = "attention", neighbours: bool = False) -> None:
        super().__init__()
        sources = SOURCES if neighbours else SOURCES - 1
        self.pools = nn.ModuleList(
            AttentionPool(dim, heads) if pool == "attention" else MeanPool(dim) for _ in range(sources)
        )
        self.nothing = nn.Parameter(torch.zeros(sources, dim))
        self.gates = SourceGates(dim, sources)
        self.output = nn.Linear(sources * dim, dim)

    def forward(self, query: Float[Tensor, "batch dim"], tokens: Tokens) -> Fused:
        """The summary for each query, and the weight of each token."""
        gates = self.gates(query)
        known = tokens.kinds[: len(self.pools)]
        there = torch.stack([kind.mask.any(1) for kind in known], 1)
        share = there.to(query.dtype) / there.sum(1, keepdim=True).clamp(min=1)
        parts, weights = [], []
        for place, (kind, pool) in enumerate(zip(known, self.pools, strict=True)):
            seeds = tokens.seeds if kind is tokens.nodes else torch.zeros_like(kind.scores)
            summary, within = pool(query, kind, seeds)
            gate = gates[:, place : place + 1]
            parts.append(torch.where(there[:, place : place + 1], gate * summary, self.nothing[place]))
            weights.append(within * gate * share[:, place : place + 1])
        every = torch.cat(weights, 1)
        return tokens.fused(self.output(torch.cat(parts, 1)), 1 - every.sum(1), every)
