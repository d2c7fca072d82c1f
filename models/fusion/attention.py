"""Fusion: the query attends over its evidence, and over a slot that stands for "none of it".

weights = softmax over [no evidence | passages | nodes] of (q·k/√d + prior), where the prior is learned from what the
retriever says: prior(passage) = a + b·score, prior(node) = c + d·score + e·seed. Irrelevant knowledge can so be
ignored, and how much was ignored is an output.

Evidence that is ignored throughout gets no gradient, and would be ignored for ever: in training the slot is taken
away from some of the examples that have evidence.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ragmtl.models.fusion.tokens import Fused, NodeTokens, PassageTokens
from ragmtl.models.layers.attention import Attention
from ragmtl.models.layers.sparse import to_dense


class AttentionFusion(nn.Module):
    """The query attends over [no evidence | passages | nodes].

    Args:
        dim: Width of all vectors, a multiple of `heads`.
        heads: Number of attention heads.
        slot_dropout: How often, in training, "no evidence" is no choice for an example that has evidence.
    """

    def __init__(self, dim: int, heads: int, slot_dropout: float = 0.2) -> None:
        super().__init__()
        self.slot_dropout = slot_dropout
        self.attention = Attention(dim, heads)
        self.nothing = nn.Parameter(torch.zeros(dim))
        self.kind = nn.Parameter(torch.randn(2, dim) * 0.02)
        self.passage_prior = nn.Parameter(torch.tensor([[0.0, 1.0]]).repeat(heads, 1))  # constant, score
        self.node_prior = nn.Parameter(torch.tensor([[-1.0, 1.0, 1.0]]).repeat(heads, 1))  # constant, score, seed

    def forward(self, query: Float[Tensor, "batch dim"], passages: PassageTokens, nodes: NodeTokens) -> Fused:
        """Fuses the evidence of each query.

        Args:
            query: One vector per example.
            passages: Encoded passages.
            nodes: Encoded nodes.
        """
        batch, width = query.shape
        dense, present = to_dense(self._node_rows(nodes), nodes.example, batch)
        evidence = torch.cat([passages.mask, present & (dense[..., -1] > 0)], 1)
        mask = torch.cat([self._slot(evidence), evidence], 1)
        prior = [query.new_zeros(batch, len(self.node_prior), 1), self._passage_prior(passages)]
        prior.append(torch.einsum("bnf,hf->bhn", dense[..., width:-1], self.node_prior))
        tokens = [self.nothing.expand(batch, 1, width), passages.vectors + self.kind[0], dense[..., :width]]
        vector, weights = self.attention(query, torch.cat(tokens, 1), mask, torch.cat(prior, 2))
        nothing, of_passages, of_nodes = weights.split([1, passages.mask.shape[1], present.shape[1]], 1)
        return Fused(vector, nothing.squeeze(1), of_passages, of_nodes[present])

    def _slot(self, evidence: Bool[Tensor, "batch token"]) -> Bool[Tensor, "batch 1"]:
        """For which examples "no evidence" is a choice."""
        if not self.training:
            return evidence.new_ones(len(evidence), 1)
        kept = torch.rand(len(evidence), 1, device=evidence.device) >= self.slot_dropout
        return kept | ~evidence.any(1, keepdim=True)

    def _node_rows(self, nodes: NodeTokens) -> Float[Tensor, "node dim_and_features"]:
        """Each node's vector, the features of its prior, and whether it is there, side by side."""
        features = [torch.ones_like(nodes.scores), nodes.scores, nodes.seeds, nodes.mask]
        return torch.cat([nodes.vectors + self.kind[1], torch.stack([one.float() for one in features], 1)], 1)

    def _passage_prior(self, passages: PassageTokens) -> Float[Tensor, "batch head passage"]:
        features = torch.stack([torch.ones_like(passages.scores), passages.scores], -1)
        return torch.einsum("bpf,hf->bhp", features, self.passage_prior)
