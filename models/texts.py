"""Evidence and targets as tokens, for heads that write; `ragmtl/verbalise.py` makes them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Int
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """What a head that writes reads, and what it should have written, as tokens; padded where a mask is false.

    Attributes:
        source, source_mask: Query and evidence.
        owners: What each of its tokens is about: 0 the query, n the n-th node of the example's evidence, -n its n-th
            passage.
        target, target_mask: What is right; nothing where that is not known.
    """

    source: Int[Tensor, "batch token"]
    source_mask: Bool[Tensor, "batch token"]
    owners: Int[Tensor, "batch token"]
    target: Int[Tensor, "batch step"]
    target_mask: Bool[Tensor, "batch step"]

    def to(self, device: torch.device | str) -> Texts:
        """The same on another device."""
        return Texts(*(getattr(self, one.name).to(device) for one in fields(self)))
