"""A text encoder that learns with the model: all of a transformer, or low-rank additions to it.

    tokens of a segment ─ transformer ─ mean states of two of its layers ─ SegmentReader

It starts as the frozen encoder whose vectors it takes the place of. Its parameters, and so what checkpoints hold, are
what is learned: weights that stay as they were published are read from where they were published.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ragmtl.retrieval.encoders.inside import inside_layers, inside_of

AT_ONCE = 64
"""Segments that go through the transformer together, those of about the same length."""


class TunedEncoder(nn.Module):
    """Vectors of segments out of their tokens, by a transformer of which some weights are learned.

    Args:
        transformer: Of `transformers` or `peft`; those of its parameters that want a gradient are learned.
        rate: Its usual learning rate.
        most: Segments of a text that a step of training reads, drawn anew for each step.
    """

    def __init__(self, transformer: nn.Module, *, rate: float, most: int) -> None:
        super().__init__()
        self.rate, self.most = rate, most
        self._held: tuple[Any] = (transformer,)  # not a part: what is frozen of it is no weight of the model
        found = {name: one for name, one in transformer.named_parameters() if one.requires_grad}
        self.learned = nn.ParameterDict({name.replace(".", "/"): one for name, one in found.items()})

    @property
    def dim(self) -> int:
        """How long a vector is."""
        transformer = self._held[0]
        return len(inside_layers(transformer)) * int(transformer.config.hidden_size)

    def forward(
        self, tokens: Int[Tensor, "segment token"], mask: Bool[Tensor, "segment token"]
    ) -> Float[Tensor, "segment wide"]:
        """One vector per segment; padding stands on the right."""
        lengths = mask.sum(1)
        order = lengths.argsort(descending=True, stable=True)
        parts = [self._vectors(tokens[rows], mask[rows]) for rows in torch.split(order, AT_ONCE)]
        return torch.cat(parts)[order.argsort()]

    def _vectors(
        self, tokens: Int[Tensor, "segment token"], mask: Bool[Tensor, "segment token"]
    ) -> Float[Tensor, "segment wide"]:
        longest = max(1, int(mask.sum(1).max()))
        return inside_of(self._held[0], tokens[:, :longest], mask[:, :longest].long())

    def drawn(self, mask: Bool[Tensor, "batch segment"]) -> Bool[Tensor, "batch segment"]:
        """The segments that are read: in training, at most `most` of each text."""
        if not self.training:
            return mask
        chances = torch.rand(mask.shape, device=mask.device).masked_fill(~mask, -1.0)
        return mask & (chances.argsort(1, descending=True).argsort(1) < self.most)

    def train(self, mode: bool = True) -> TunedEncoder:
        """The transformer leaves out what it leaves out in training only then."""
        self._held[0].train(mode)
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> TunedEncoder:
        """The transformer goes where the model goes."""
        self._held[0]._apply(fn)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self
