"""Heads of tasks with a few answers: one of several classes, or any number of labels."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.heads.given import HeadInput


class ClassHead(nn.Module):
    """One of several classes: logits for softmax.

    Args:
        dim: Width of the shared vector.
        classes: Number of classes.
    """

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, classes)

    def forward(self, given: HeadInput) -> Float[Tensor, "batch class"]:
        """Logits of the classes."""
        logits: Float[Tensor, "batch class"] = self.linear(given.shared)
        return logits


class LabelHead(nn.Module):
    """Any number of labels: one logit each, for a sigmoid.

    Args:
        dim: Width of the shared vector.
        labels: Number of labels.
    """

    def __init__(self, dim: int, labels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, labels)

    def forward(self, given: HeadInput) -> Float[Tensor, "batch label"]:
        """Logits of the labels."""
        logits: Float[Tensor, "batch label"] = self.linear(given.shared)
        return logits
