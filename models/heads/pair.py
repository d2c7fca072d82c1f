"""The head of a text that is judged against passages: do they support it, contradict it, or say nothing of it?

    logits = Linear(text) + Σ over passages p: weight(p) · judged(p),   judged(p) = MLP [text, p, text ⊙ p, |text − p|]

The four parts are those of Conneau et al., "Supervised learning of universal sentence representations from natural
language inference data" (InferSent), 2017. Weights are a softmax over the passages of what the same network makes of
each, with the score of retrieval added.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.fusion.tokens import PaddedTokens
from ragmtl.models.heads.given import HeadInput
from ragmtl.models.layers.attention import masked_softmax


class PairHead(nn.Module):
    """One of several classes, from a text and each retrieved passage beside it; without passages, from the text alone.

    Args:
        dim: Width of the shared vector and of passages.
        classes: Number of classes.
        dropout: On what the network makes of a pair.
    """

    def __init__(self, dim: int, classes: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.alone = nn.Linear(dim, classes)
        self.compare = nn.Sequential(nn.Linear(4 * dim, dim), nn.GELU(), nn.Dropout(dropout))
        self.judge = nn.Linear(dim, classes)
        self.weigh = nn.Linear(dim, 1)

    def forward(self, given: HeadInput) -> Float[Tensor, "batch class"]:
        """Logits of the classes."""
        logits: Float[Tensor, "batch class"] = self.alone(given.shared)
        if given.passages is None or not given.passages.vectors.shape[1]:
            return logits
        return logits + self.each(given.shared, given.passages).sum(1)

    def each(self, shared: Float[Tensor, "batch dim"], found: PaddedTokens) -> Float[Tensor, "batch passage class"]:
        """What each passage adds to the logits: weight(p) · judged(p)."""
        text = shared.unsqueeze(1).expand_as(found.vectors)
        pairs = torch.cat([text, found.vectors, text * found.vectors, (text - found.vectors).abs()], 2)
        compared = self.compare(pairs)
        weights = masked_softmax(self.weigh(compared).squeeze(2) + found.scores, found.mask)
        return torch.einsum("bp,bpc->bpc", weights, self.judge(compared))
