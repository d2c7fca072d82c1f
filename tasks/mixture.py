"""Which source each training step draws from, and which of its examples: a pure function of (seed, step).

Steps draw from one source in turn (`draw`), or from all at once (`together`).

A source of n examples gets a share of the steps in proportion to n ** temperature: 1 follows the sizes, 0 treats
all sources alike. An epoch holds each source's share in a random order. Within a source, batches run through one
random order after another, so every example comes up once before any comes up twice. Nothing is stored between
steps: a resumed run asks for step i and gets what the interrupted one would have got.

>>> mixture = Mixture((5, 3), batch_size=2, seed=0)
>>> mixture.steps_per_epoch
5
>>> first = [mixture.draw(step) for step in range(5)]
>>> sorted(np.concatenate([draw.chosen for draw in first if draw.source == 0]).tolist())
[0, 1, 2, 3, 4]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from ragmtl.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """What one step trains on: positions among the training examples of a source."""

    source: int
    chosen: Int64[np.ndarray, " batch"]
    epoch: int


@dataclass(frozen=True, slots=True)
class Mixture:
    """The order of training.

    Attributes:
        sizes: Number of training examples of each source.
        batch_size: Most examples of a step.
        temperature: 1: steps in proportion to size; 0: as many for each source.
        seed: Decides every order.
        steps: Steps of an epoch; 0: as many as one pass over all examples takes.
    """

    sizes: tuple[int, ...]
    batch_size: int
    temperature: float = 1.0
    seed: int = 0
    steps: int = 0

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1:
            raise DataError(f"expected sources with at least one training example each, found sizes {self.sizes}")
        if self.batch_size < 1:
            raise DataError(f"expected a batch size of at least 1, found {self.batch_size}")

    @property
    def steps_per_epoch(self) -> int:
        """How many steps an epoch has; at least one for each source."""
        return sum(self.shares)

    @property
    def shares(self) -> tuple[int, ...]:
        """How many steps of an epoch each source gets; at least one."""
        wanted = self.steps or sum(_batches(size, self.batch_size) for size in self.sizes)
        return _shares(self.sizes, self.temperature, wanted)

    def draw(self, step: int) -> Draw:
        """What step `step` trains on; steps are counted from 0."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = _epoch_order(self.seed, self.shares, epoch)
        source = int(order[place])
        batch = epoch * self.shares[source] + int(np.count_nonzero(order[:place] == source))
        return Draw(source, self._batch(source, batch), epoch)

    def together(self, step: int) -> list[Draw]:
        """What step `step` trains on where it reads every source: each its share of the batch, at least one example."""
        shares, epoch = self.shares, step // self.steps_per_epoch
        sizes = [max(1, round(self.batch_size * share / sum(shares))) for share in shares]
        return [Draw(source, self._batch(source, step, size), epoch) for source, size in enumerate(sizes)]

    def _batch(self, source: int, number: int, most: int | None = None) -> Int64[np.ndarray, " batch"]:
        """Batch `number` of a source since the start of training; the batches of one pass differ by at most one."""
        size = self.sizes[source]
        parts = _batches(size, most or self.batch_size)
        turn, part = divmod(number, parts)
        return _pass_order(self.seed, source, turn, size)[part * size // parts : (part + 1) * size // parts]


def _batches(size: int, batch_size: int) -> int:
    return -(-size // batch_size)


def _shares(sizes: tuple[int, ...], temperature: float, steps: int) -> tuple[int, ...]:
    """Steps of each source by largest remainder, none below one."""
    weights = np.asarray(sizes, np.float64) ** temperature
    exact = np.maximum(steps * weights / weights.sum(), 1.0)
    whole = np.floor(exact).astype(np.int64)
    left = max(0, steps - int(whole.sum()))
    whole[np.argsort(whole - exact, kind="stable")[:left]] += 1
    return tuple(whole.tolist())


@lru_cache(maxsize=64)
def _epoch_order(seed: int, shares: tuple[int, ...], epoch: int) -> Int64[np.ndarray, " step"]:
    order = np.repeat(np.arange(len(shares)), shares)
    np.random.default_rng([seed, 0, epoch]).shuffle(order)
    return order


@lru_cache(maxsize=64)
def _pass_order(seed: int, source: int, turn: int, size: int) -> Int64[np.ndarray, " example"]:
    order = np.random.default_rng([seed, 1, source, turn]).permutation(size)
    order.flags.writeable = False
    return order
