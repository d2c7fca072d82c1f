"""How often, and how long ago, each item was met before an instant: all items at once, for many instants.

The log in order of time carries checkpoints: after every so many events, the count and the latest event of each
item. The counts before an instant are those of the checkpoint before it and of the few events since; the counts of a
window are a difference of two. The instant itself and all that follows are never seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, Shaped

from ragmtl.kg.compiled import compiled
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.interactions import HIDDEN, Interactions
from ragmtl.tasks.recommendation.recommend import Part

DAY = 86_400.0
CHECKPOINT_NUMBERS = 16_000_000
LEAST_SPACING = 128


@dataclass(frozen=True, slots=True, eq=False)
class ItemCounts:
    """A log in order of time, with checkpoints.

    Attributes:
        times: When each event was; seconds, ascending.
        items: Which item each event met.
        spacing: Events between two checkpoints.
        counts: How often each item was met before each checkpoint.
        latest: Which event met each item last before each checkpoint; -1: none.
        logs: log(1 + n) of every count n that there can be.
    """

    times: Float64[np.ndarray, " event"]
    items: Int64[np.ndarray, " event"]
    spacing: int
    counts: Int32[np.ndarray, "checkpoint item"]
    latest: Int32[np.ndarray, "checkpoint item"]
    logs: Float32[np.ndarray, " count"]

    @classmethod
    def of(cls, log: Interactions) -> ItemCounts:
        """Count a log; hidden events are not there."""
        shown = log.splits != HIDDEN
        order = np.argsort(log.times[shown], kind="stable")
        times, items = log.times[shown][order], log.item_ids[shown][order]
        spacing = max(LEAST_SPACING, 2 * len(times) * len(log.items) // CHECKPOINT_NUMBERS)
        shape = (len(times) // spacing + 1, len(log.items))
        counts, latest = np.zeros(shape, np.int32), np.full(shape, -1, np.int32)
        _checkpoints(items, spacing, counts, latest)
        logs = np.log1p(np.arange(len(times) + 1)).astype(np.float32)
        return cls(times, items, spacing, counts, latest, logs)

    def before(
        self, instants: Float64[np.ndarray, " example"], window: float = np.inf
    ) -> Int32[np.ndarray, "example item"]:
        """How often each item was met in the `window` seconds before each instant."""
        return self._look_up(np.arange(len(self.times) + 1, dtype=np.int32), instants, window)

    def log_before(
        self, instants: Float64[np.ndarray, " example"], window: float = np.inf
    ) -> Float32[np.ndarray, "example item"]:
        """log(1 + count) of what `before` counts; faster than taking logarithms of it."""
        return self._look_up(self.logs, instants, window)

    def _look_up(
        self, table: Shaped[np.ndarray, " count"], instants: Float64[np.ndarray, " example"], window: float
    ) -> Shaped[np.ndarray, "example item"]:
        """The entry of a table for the count of each item in the `window` seconds before each instant."""
        out = np.empty((len(instants), self.counts.shape[1]), table.dtype)
        last = np.searchsorted(self.times, instants)
        first = np.searchsorted(self.times, instants - window)
        _window(self.items, self.spacing, self.counts, first, last, table, out)
        return out

    def age(self, instants: Float64[np.ndarray, " example"]) -> Float32[np.ndarray, "example item"]:
        """Seconds since each item was last met before each instant; since the log began where it never was."""
        out = np.empty((len(instants), self.counts.shape[1]), np.float32)
        _age(self.times, self.items, self.spacing, self.latest, np.searchsorted(self.times, instants), instants, out)
        return out

    def instants(self, examples: Sequence[Example]) -> Float64[np.ndarray, " example"]:
        """When each example happened; the end of the log where that is unknown."""
        after = np.nextafter(self.times[-1], np.inf)
        return np.array([after if example.time is None else example.time for example in examples], np.float64)


def is_hot(counts: ItemCounts, window: float = 7 * DAY, most: int = 50) -> Part:
    """The part of the examples whose item fewer than `most` items outdo in the `window` seconds before."""

    def part(example: Example, item: int) -> bool:
        recent = counts.before(counts.instants([example]), window)[0]
        return int(np.count_nonzero(recent > recent[item])) < most

    return part


def is_not_hot(counts: ItemCounts, window: float = 7 * DAY, most: int = 50) -> Part:
    """The part of the examples that `is_hot` leaves."""
    hot = is_hot(counts, window, most)

    def part(example: Example, item: int) -> bool:
        return not hot(example, item)

    return part


def seen_in_train(log: Interactions) -> Bool[np.ndarray, " item"]:
    """Which items have a train event."""
    return np.asarray(log.train.sum(axis=0) > 0)


@compiled
def _checkpoints(items: np.ndarray, spacing: int, counts: np.ndarray, latest: np.ndarray) -> None:
    for place in range(1, len(counts)):
        counts[place] = counts[place - 1]
        latest[place] = latest[place - 1]
        for event in range((place - 1) * spacing, place * spacing):
            counts[place, items[event]] += 1
            latest[place, items[event]] = event


@compiled
def _window(
    items: np.ndarray,
    spacing: int,
    counts: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    table: np.ndarray,
    out: np.ndarray,
) -> None:
    for row in range(len(out)):
        low, high = first[row] // spacing, last[row] // spacing
        found = counts[high] - counts[low]
        for event in range(high * spacing, last[row]):
            found[items[event]] += 1
        for event in range(low * spacing, first[row]):
            found[items[event]] -= 1
        for item in range(len(found)):
            out[row, item] = table[found[item]]


@compiled
def _age(
    times: np.ndarray,
    items: np.ndarray,
    spacing: int,
    latest: np.ndarray,
    last: np.ndarray,
    instants: np.ndarray,
    out: np.ndarray,
) -> None:
    place = np.empty(out.shape[1], np.int32)
    for row in range(len(out)):
        checkpoint = last[row] // spacing
        place[:] = latest[checkpoint]
        for event in range(checkpoint * spacing, last[row]):
            place[items[event]] = event
        for item in range(out.shape[1]):
            out[row, item] = instants[row] - times[max(place[item], 0)]
