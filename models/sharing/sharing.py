"""The contract of sharing: the parts that describe an example in; for each task a vector of it out.

Every choice reads the same parts and gives vectors of the same width, so that heads do not know which one it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What tasks make of some examples.

    Attributes:
        vectors: By task.
        penalty: What the trainer adds to the loss, already weighed; zero where the choice has no loss of its own.
        weights: By task, how much of what it reads is from each source of the choice (a task's tower, an expert); they
            sum to 1 for each example. Empty where there is nothing to choose from.
    """

    vectors: Mapping[str, Float[Tensor, "batch dim"]]
    penalty: Float[Tensor, ""]
    weights: Mapping[str, Float[Tensor, "batch _source"]] = field(default_factory=dict)


class Sharing(nn.Module, ABC):
    """Decides what tasks compute together, and what each computes alone."""

    @abstractmethod
    def forward(self, parts: Float[Tensor, "batch inputs"], tasks: Sequence[str]) -> Shared:
        """The vectors of some tasks.

        Args:
            parts: All that describes an example, side by side: text, history, evidence.
            tasks: Which tasks ask; others may be computed as far as these read them.
        """
