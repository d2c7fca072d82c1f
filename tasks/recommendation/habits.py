"""What is known about who asks: how much they met before, and how much of it was what everybody met.

    length       log(1 + items met before)
    warmth       mean over the last five of log(1 + events with the item in the 7 days before)
    warmth last  the same for the last one

Someone who met what is popular will do so again, and someone who did not will not: the weight of popularity against
all other signals depends on this more than on anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32

from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.counts import DAY, ItemCounts

NAMES = ("length", "warmth", "warmth last")
RECENT = 5
LARGEST = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Habits of the askers of one ranking, standardised.

    Attributes:
        task: Name of the ranking.
        counts: The log.
        mean, spread: What is subtracted, and what is divided by.
    """

    task: str
    counts: ItemCounts
    mean: Float32[np.ndarray, " habit"] = field(default_factory=lambda: np.zeros(len(NAMES), np.float32))
    spread: Float32[np.ndarray, " habit"] = field(default_factory=lambda: np.ones(len(NAMES), np.float32))

    def fitted(self, examples: Sequence[Example]) -> Habits:
        """The same with mean and spread of these training examples."""
        found = self._raw(examples)
        spread = found.std(axis=0)
        return replace(self, mean=found.mean(axis=0), spread=np.where(spread > 0, spread, 1).astype(np.float32))

    def compute(self, examples: Sequence[Example]) -> Float32[np.ndarray, "example habit"]:
        """The habits behind each example, in about [-4, 4]."""
        standardised = (self._raw(examples) - self.mean) / self.spread
        return np.asarray(standardised.clip(-LARGEST, LARGEST), np.float32)

    def _raw(self, examples: Sequence[Example]) -> Float32[np.ndarray, "example habit"]:
        recent = np.log1p(self.counts.before(self.counts.instants(examples), 7 * DAY)).astype(np.float32)
        found = np.zeros((len(examples), len(NAMES)), np.float32)
        for row, example in enumerate(examples):
            past = example.past[self.task]
            if len(past):
                last = recent[row, past[-RECENT:]]
                found[row] = np.log1p(len(past)), last.mean(), last[-1]
        return found
