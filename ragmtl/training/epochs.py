"""What is seen after an epoch, and how epochs are judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SMALLEST_METRIC = 1e-3
JUDGED_WITH = 3


@dataclass(frozen=True, slots=True)
class Epoch:
    """What was seen after one epoch.

    Attributes:
        epoch: Its number, from 1.
        step: Steps done so far.
        loss: Mean training loss by task.
        metrics: Main metric on validation by task.
        thresholds: Best threshold on validation, for tasks with labels.
        aggregate: Geometric mean of the metrics.
        conflict: Mean cosine between the gradients of each two tasks on what they share, by their names, as
            "genre | sentiment".
    """

    epoch: int
    step: int
    loss: Mapping[str, float]
    metrics: Mapping[str, float]
    thresholds: Mapping[str, float | None]
    aggregate: float
    conflict: Mapping[str, float] = field(default_factory=dict)


def aggregate(metrics: Sequence[float]) -> float:
    """The geometric mean of metrics in [0, 1]; a metric that is zero or undefined counts as .001.

    >>> round(aggregate([0.5, 0.02]), 3)
    0.1
    """
    values = [SMALLEST_METRIC if math.isnan(value) else max(value, SMALLEST_METRIC) for value in metrics]
    return math.exp(sum(map(math.log, values)) / len(values))


def steady(figures: Sequence[float]) -> float:
    """The mean of the last few figures; while there are fewer, the others count as zero."""
    return math.fsum(figures[-JUDGED_WITH:]) / JUDGED_WITH
