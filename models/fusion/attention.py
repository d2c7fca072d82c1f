"""Fusion by attention, the default: the query attends over its evidence, and over a slot that stands for "none of it".

weights = softmax over [no evidence | passages | nodes | neighbours] of (q·k/√d + prior), where the prior is learned
from what the retriever says: prior(passage) = a + b·score, prior(node) = c + d·score + e·seed. Irrelevant knowledge can
so be ignored, and how much was ignored is an output.

Evidence that is ignored throughout gets no gradient, and would be ignored for ever: in training the slot is taken
away from some of the examples that have evidence.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ragmtl.models.fusion.fusion import Fusion, SourceGates, score_prior, slot_kept
from ragmtl.models.fusion.tokens import SOURCES, Fused, Tokens
from ragmtl.models.layers.attention import Attention


class AttentionFusion(Fusion):
    """The query attends over [no evidence | passages | nodes | neighbours].

    Args:
        dim: Width of all vectors, a multiple of `heads`.
        heads: Number of attention heads.
        slot_dropout: How often, in training, "no evidence" is no choice for an example that has evidence.
        neighbours: Whether there may be labelled neighbours.
        gates: Whether the query also opens and closes each kind of evidence as a whole.
    """

    def __init__(
        self, dim: int, heads: int, slot_dropout: float = 0.2, *, neighbours: bool = False, gates: bool = False
    ) -> None:
        super().__init__()
        self.slot_dropout = slot_dropout
        self.attention = Attention(dim, heads)
        self.nothing = nn.Parameter(torch.zeros(dim))
        self.kind = nn.Parameter(torch.randn(2, dim) * 0.02)
        self.passage_prior = nn.Parameter(torch.tensor([[0.0, 1.0]]).repeat(heads, 1))  # constant, score
        self.node_prior = nn.Parameter(torch.tensor([[-1.0, 1.0, 1.0]]).repeat(heads, 1))  # constant, score, seed
        self.neighbour_kind = nn.Parameter(torch.randn(dim) * 0.02) if neighbours else None
        self.neighbour_prior = nn.Parameter(torch.tensor([[0.0, 1.0]]).repeat(heads, 1)) if neighbours else None
        self.gates = SourceGates(dim, SOURCES if neighbours else SOURCES - 1) if gates else None

    def forward(self, query: Float[Tensor, "batch dim"], tokens: Tokens) -> Fused:
        """The summary for each query, and the mean weight of each token over heads."""
        batch, width = query.shape
        evidence = tokens.mask
        prior = self._prior(tokens)
        if self.gates is not None:
            prior = prior + tokens.each(self.gates(query).log()).unsqueeze(1)
        vector, weights = self.attention(
            query,
            torch.cat([self.nothing.expand(batch, 1, width), self._vectors(tokens)], 1),
            torch.cat([self._slot(evidence), evidence], 1),
            torch.cat([query.new_zeros(batch, prior.shape[1], 1), prior], 2),
        )
        return tokens.fused(vector, weights[:, 0], weights[:, 1:])

    def _vectors(self, tokens: Tokens) -> Float[Tensor, "batch token dim"]:
        """Tokens, told apart by their kind."""
        neighbours = tokens.neighbours.vectors
        if self.neighbour_kind is not None:
            neighbours = neighbours + self.neighbour_kind
        return torch.cat([tokens.passages.vectors + self.kind[0], tokens.nodes.vectors + self.kind[1], neighbours], 1)

    def _prior(self, tokens: Tokens) -> Float[Tensor, "batch head token"]:
        prior = [
            score_prior(self.passage_prior, tokens.passages.scores),
            score_prior(self.node_prior, tokens.nodes.scores, tokens.seeds),
        ]
        if self.neighbour_prior is not None:
            prior.append(score_prior(self.neighbour_prior, tokens.neighbours.scores))
        return torch.cat(prior, 2)

    def _slot(self, evidence: Bool[Tensor, "batch token"]) -> Bool[Tensor, "batch 1"]:
        """For which examples "no evidence" is a choice."""
        if not self.training:
            return evidence.new_ones(len(evidence), 1)
        return slot_kept(evidence, self.slot_dropout)
