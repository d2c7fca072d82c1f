"""Signals about a few answers, each a logit that was computed beforehand, as a part of the logits of a task.

logits += Σ over signals: gate[signal] · signal

The signals are what linear models say (`ragmtl/wide.py`); what the rest of the model learns is what they leave open.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class WideSignals(nn.Module):
    """One gate per signal.

    Args:
        starts: Where each gate starts.
        dropout: Share of examples that do without a signal in training, so that the rest learns to answer alone.
    """

    def __init__(self, starts: Sequence[float], dropout: float = 0.2) -> None:
        super().__init__()
        self.gates = nn.Parameter(torch.tensor(starts))
        self.dropout = dropout

    def forward(self, signals: Float[Tensor, "batch answer signal"]) -> Float[Tensor, "batch answer"]:
        """What the signals add to each logit."""
        if self.training and self.dropout > 0:
            kept = torch.rand(len(signals), 1, signals.shape[2], device=signals.device) >= self.dropout
            signals = signals * kept
        return signals @ self.gates
