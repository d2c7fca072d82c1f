"""Fusion by a weighted sum: what the retriever says decides, not what the evidence is about.

    weights = softmax over [no evidence: 0 | tokens: a + b·score (+ c·seed) + log gate_kind(query)]
    vector  = W·(Σ weight · V·token)

There is no comparison of query and token: a few numbers are learned per kind of evidence, and a gate for each kind that
reads the query. Cheap, hard to overfit, and as good as the retriever's scores.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.fusion.fusion import Fusion, SourceGates, score_prior, slot_kept
from ragmtl.models.fusion.tokens import SOURCES, Fused, Tokens
from ragmtl.models.layers.attention import masked_softmax


class WeightedFusion(Fusion):
    """A sum of tokens, weighted by retrieval scores and gates.

    Args:
        dim: Width of all vectors.
        slot_dropout: How often, in training, "no evidence" is no choice for an example that has evidence.
        neighbours: Whether there may be labelled neighbours.
    """

    def __init__(self, dim: int, slot_dropout: float = 0.2, *, neighbours: bool = False) -> None:
        super().__init__()
        sources = SOURCES if neighbours else SOURCES - 1
        self.slot_dropout = slot_dropout
        self.values = nn.ModuleList(nn.Linear(dim, dim) for _ in range(sources))
        self.priors = nn.Parameter(torch.tensor([[0.0, 1.0]]).repeat(sources, 1))  # constant, score
        self.seed = nn.Parameter(torch.ones(()))
        self.gates = SourceGates(dim, sources)
        self.nothing = nn.Parameter(torch.zeros(dim))
        self.output = nn.Linear(dim, dim)

    def forward(self, query: Float[Tensor, "batch dim"], tokens: Tokens) -> Fused:
        """The summary for each query, and the weight of each token."""
        evidence = tokens.mask
        known = tokens.kinds[: len(self.values)]
        rows = zip(torch.split(self.priors, 1), known, strict=True)
        prior = torch.cat([score_prior(row, one.scores).squeeze(1) for row, one in rows], 1)
        start = tokens.passages.mask.shape[1]
        seeds = nn.functional.pad(tokens.seeds * self.seed, (start, prior.shape[1] - start - tokens.seeds.shape[1]))
        logits = torch.cat([prior.new_zeros(len(query), 1), prior + seeds + tokens.each(self.gates(query).log())], 1)
        slot = slot_kept(evidence, self.slot_dropout if self.training else 0.0)
        weights = masked_softmax(logits, torch.cat([slot, evidence], 1))
        values = torch.cat([value(one.vectors) for value, one in zip(self.values, known, strict=True)], 1)
        summed = torch.einsum("bt,btd->bd", weights[:, 1:], values) + weights[:, :1] * self.nothing
        return tokens.fused(self.output(summed), weights[:, 0], weights[:, 1:])
