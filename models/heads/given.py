"""What every head reads."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ragmtl.models.batch import Batch
from ragmtl.models.fusion.tokens import NodeTokens, PaddedTokens
from ragmtl.models.texts import Texts


@dataclass(frozen=True, slots=True, eq=False)
class HeadInput:
    """What a head reads.

    Attributes:
        shared: The shared vector of each example.
        context: How much the query gives (see `query_context`), and for some rankings, habits of who asks.
        signals: Scores of every item of the head's own task (or of whatever the task puts in their place), if the batch
            has them.
        nodes, passages: The evidence, encoded: nodes after they heard from their neighbours. None where a head is asked
            without a model.
        batch: All that was collated, for heads that read more than vectors; likewise.
        texts: Evidence and targets as tokens, for heads that write.
    """

    shared: Float[Tensor, "batch dim"]
    context: Float[Tensor, "batch context"]
    signals: Float[Tensor, "batch item signal"] | None
    nodes: NodeTokens | None = None
    passages: PaddedTokens | None = None
    batch: Batch | None = None
    texts: Texts | None = None


QUERY_CONTEXT = 4


def query_context(
    segments: Bool[Tensor, "batch segment"], history: Bool[Tensor, "batch history"]
) -> Float[Tensor, "batch 4"]:
    """How much text and history each query has: whether any, and log(1 + how many), from their masks."""
    counts = torch.stack([segments.sum(1), history.sum(1)], 1).float()
    return torch.cat([(counts > 0).float(), counts.log1p()], 1)
