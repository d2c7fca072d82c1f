"""Collaborative signals of a ranking: for each example, what the training log says of every item.

    popularity    log(1 + users who met the item in train)
    count 7d      log(1 + events with the item in the 7 days before)
    recency       -log(1 + hours since the item was last met)
    ease          score of the linear model over what the user met before (ease.py)
    neighbours    who met the items before also met this one; the same for the last item alone (neighbours.py)
    mentioned     whether the item is in the past, and how near its end

Everything fitted sees train only, and for an example of train it leaves out the example's own group. Counts before an
instant see the log of any split, up to that instant and without it. Each signal is divided by its spread on some
training examples, so that gates start alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32
from scipy.sparse import csr_array

from ragmtl.tasks.base import Example, Items, positions
from ragmtl.tasks.recommendation.counts import DAY, ItemCounts
from ragmtl.tasks.recommendation.ease import Ease
from ragmtl.tasks.recommendation.habits import Habits
from ragmtl.tasks.recommendation.interactions import Interactions

Scores = Float32[np.ndarray, "example item"]
HOUR = 3600.0
NOTHING = np.zeros(0, np.int64)


@runtime_checkable
class Signal(Protocol):
    """One or more scores of every item."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each score is called."""
        ...

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """The scores, one array for each name."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Signals side by side, scaled.

    Attributes:
        parts: The signals.
        items: Number of items.
        scales: What each score is divided by.
        habits: What is known about the asker; None where the log has no times.
        starts: What the weights of the first signals start from, where they were learned before.
        off: Names of scores that are switched off: they are zero.
    """

    parts: tuple[Signal, ...]
    items: int
    scales: Float32[np.ndarray, " signal"]
    habits: Habits | None = None
    starts: tuple[float, ...] = ()
    off: frozenset[str] = frozenset()

    @classmethod
    def fit(
        cls,
        parts: Sequence[Signal],
        items: int,
        examples: Sequence[Example],
        habits: Habits | None = None,
        off: frozenset[str] = frozenset(),
    ) -> Signals:
        """Choose scales so that each score spreads by 1 over the items, on average over these training examples.

        What is switched off is divided by infinity; a signal of which nothing is left is not computed at all.
        """
        parts = [part for part in parts if not off.issuperset(part.names)]
        names = [name for part in parts for name in part.names]
        plain = cls(tuple(parts), items, np.ones(len(names), np.float32))
        spread = plain.compute(examples).std(axis=1).mean(axis=0) if examples else plain.scales
        scales = np.where(spread > 0, spread, 1).astype(np.float32)
        scales[[name in off for name in names]] = np.inf
        return cls(tuple(parts), items, scales, None if habits is None else habits.fitted(examples), off=off)

    @property
    def names(self) -> tuple[str, ...]:
        """What each score is called."""
        return tuple(name for part in self.parts for name in part.names)

    def context(self, examples: Sequence[Example]) -> Float32[np.ndarray, "example habit"]:
        """What the weight of signals may depend on; no columns where there are no habits."""
        return np.zeros((len(examples), 0), np.float32) if self.habits is None else self.habits.compute(examples)

    def compute(self, examples: Sequence[Example]) -> Float32[np.ndarray, "example item signal"]:
        """All scores of every item for these examples."""
        out = np.empty((len(examples), self.items, len(self.scales)), np.float32)
        found = [scores for part in self.parts for scores in part.scores(examples)]
        for row, target in enumerate(out):  # row by row: one target fits the cache
            for at, (scores, factor) in enumerate(zip(found, 1 / self.scales, strict=True)):
                np.multiply(scores[row], factor, out=target[:, at])
        return out


@dataclass(frozen=True, slots=True, eq=False)
class TrainRows:
    """What each group (a user, a dialogue) met in train.

    Attributes:
        matrix: Groups × items.
        groups: The row of each group.
        liking: How much each group liked what it met, where its log says so.
    """

    matrix: csr_array
    groups: Mapping[str, int]
    liking: csr_array | None = None

    @classmethod
    def of_log(cls, log: Interactions) -> TrainRows:
        """The rows of a log."""
        return cls(log.train, {user: row for row, user in enumerate(log.users)}, log.liking)

    @classmethod
    def of_examples(cls, examples: Sequence[Example], task: str, items: int, *, past: bool) -> TrainRows:
        """The rows of training examples: what they want, and (with `past`) what they met before."""
        groups: dict[str, int] = {}
        pairs: set[tuple[int, int]] = set()
        for example in examples:
            if example.split == "train" and task in example.labels:
                row = groups.setdefault(example.group, len(groups))
                found = {*positions(example.labels[task])}
                pairs.update((row, item) for item in found.union(example.past[task].tolist() if past else ()))
        rows, columns = np.array(sorted(pairs), np.int64).reshape(-1, 2).T
        return cls(csr_array((np.ones(len(rows), np.float32), (rows, columns)), (len(groups), items)), groups)

    def own(self, examples: Sequence[Example]) -> list[Items]:
        """The row of each example's group; nothing for examples that are not of train."""
        return [self._row(example) for example in examples]

    def liked(self, examples: Sequence[Example], task: str) -> list[Float32[np.ndarray, " past"]] | None:
        """How much the group of each example liked each item of its past: 1 where that is not known."""
        return None if self.liking is None else [self._liked(example, task) for example in examples]

    def _liked(self, example: Example, task: str) -> Float32[np.ndarray, " past"]:
        past, row = example.past[task], self.groups.get(example.group)
        found = np.ones(self.matrix.shape[1], np.float32)
        if self.liking is not None and row is not None:
            part = slice(*self.liking.indptr[row : row + 2])
            found[self.liking.indices[part]] = self.liking.data[part]
        return np.asarray(found[past], np.float32)

    def _row(self, example: Example) -> Items:
        row = self.groups.get(example.group) if example.split == "train" else None
        if row is None:
            return NOTHING
        bounds = self.matrix.indptr
        return np.asarray(self.matrix.indices[bounds[row] : bounds[row + 1]], np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """log(1 + groups of train that met the item), the example's own left out."""

    train: TrainRows
    name: str = "popularity"

    @property
    def names(self) -> tuple[str, ...]:
        """One name."""
        return (self.name,)

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """The same for all examples, but for their own groups."""
        counts = np.asarray(self.train.matrix.sum(axis=0))
        out = np.tile(np.log1p(counts).astype(np.float32), (len(examples), 1))
        for row, own in zip(out, self.train.own(examples), strict=True):
            row[own] = np.log(counts[own])
        return (out,)


@dataclass(frozen=True, slots=True, eq=False)
class RecentCounts:
    """log(1 + events with the item) in some windows before the example, and how long ago the last one was."""

    counts: ItemCounts
    days: tuple[float, ...] = (1.0, 3.0, 7.0, 28.0, np.inf)

    @property
    def names(self) -> tuple[str, ...]:
        """The windows, and `recency`."""
        return (*("count so far" if days == np.inf else f"count {days:g}d" for days in self.days), "recency")

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """One array per window, then the recency."""
        instants = self.counts.instants(examples)
        windows = (self.counts.log_before(instants, days * DAY) for days in self.days)
        return (*windows, -np.log(1 + self.counts.age(instants) / np.float32(HOUR)))


@dataclass(frozen=True, slots=True, eq=False)
class EaseSignal:
    """Scores of EASE over the past, the example's own group left out of the fit."""

    task: str
    train: TrainRows
    ease: Ease

    @property
    def names(self) -> tuple[str, ...]:
        """One name."""
        return ("ease",)

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """The scores."""
        pasts = [example.past[self.task] for example in examples]
        return (self.ease.scores(pasts, self.train.own(examples), self.train.liked(examples, self.task)),)


@dataclass(frozen=True, slots=True, eq=False)
class Mentioned:
    """Whether an item is in the past, and 1 / (1 + items after it)."""

    task: str
    items: int

    @property
    def names(self) -> tuple[str, ...]:
        """Two names."""
        return "mentioned", "mentioned last"

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """The flag and the recency."""
        flag, last = np.zeros((2, len(examples), self.items), np.float32)
        for row, example in enumerate(examples):
            past = example.past[self.task]
            flag[row, past] = 1
            last[row, past] = 1 / np.arange(len(past), 0, -1, dtype=np.float32)
        return flag, last
