"""The contract of fusion, and what several choices are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.fusion.tokens import SOURCES, Fused, Tokens

OPEN = 2.0
"""Start of gates, before the sigmoid."""


class Fusion(nn.Module, ABC):
    """Sums up the evidence of each query, and says how much of the summary is from which piece.

    Padding and order of evidence must not matter, masked evidence is as absent, and without any the summary is the same
    for every query.
    """

    @abstractmethod
    def forward(self, query: Float[Tensor, "batch dim"], tokens: Tokens) -> Fused:
        """The summary for each query.

        Args:
            query: One vector per example.
            tokens: Its evidence.
        """


class SourceGates(nn.Module):
    """How much a query listens to each kind of evidence, in (0, 1): sigmoid(W·query + 2).

    Args:
        dim: Width of queries.
        sources: Number of kinds.
    """

    def __init__(self, dim: int, sources: int = SOURCES) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, sources)
        nn.init.zeros_(self.linear.weight)
        nn.init.constant_(self.linear.bias, OPEN)

    def forward(self, query: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch 3"]:
        """One gate per kind; 1 for kinds beyond those that it knows."""
        gates = torch.sigmoid(self.linear(query))
        return functional.pad(gates, (0, SOURCES - gates.shape[1]), value=1.0)


def score_prior(
    weights: Float[Tensor, "head feature"], scores: Float[Tensor, "batch token"], *others: Float[Tensor, "batch token"]
) -> Float[Tensor, "batch head token"]:
    """What the retriever says for each token: constant + b·score + c·other …, for each head."""
    features = torch.stack([torch.ones_like(scores), scores, *others], -1)
    return torch.einsum("btf,hf->bht", features, weights)


def slot_kept(evidence: Bool[Tensor, "batch token"], dropout: float) -> Bool[Tensor, "batch 1"]:
    """For which examples "no evidence" is a choice: in training, not for some of those that have evidence."""
    kept = torch.rand(len(evidence), 1, device=evidence.device) >= dropout
    return kept | ~evidence.any(1, keepdim=True)
