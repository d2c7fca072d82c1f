"""Signals that have not seen whom they are trained for: users are dealt to parts, each scored by a fit to the others.

    part       0   1   valid, test
    fitted to  1   0       0 1

What is trained on signals (a mixture, gates) would trust those most that know its answers by heart. Some signals can
leave a user out exactly (`ease.py`, `neighbours.py`); this does it for any. A log with an order in time is cut in time
instead (`staged.py`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.signals import Scores, Signal, TrainRows


@dataclass(frozen=True, slots=True, eq=False)
class Crossed:
    """One signal, fitted once without the users of each part, and once to all.

    Attributes:
        parts: Each fitted without the users of one part; used for their examples of train.
        full: Fitted to train; used for all other examples.
    """

    parts: tuple[Signal, ...]
    full: Signal

    @classmethod
    def fit(cls, train: TrainRows, fit: Callable[[csr_array], Signal], parts: int = 2) -> Crossed:
        """Fit a signal to users × items of train, and to what is left of it without each part."""
        matrix = train.matrix
        mine = np.zeros(train.matrix.shape[0], np.int64)
        for group, row in train.groups.items():
            mine[row] = part_of(group, parts)
        rows = np.repeat(np.arange(len(mine)), np.diff(matrix.indptr))
        return cls(tuple(fit(_without(matrix, mine[rows] == part)) for part in range(parts)), fit(matrix))

    @property
    def names(self) -> tuple[str, ...]:
        """As those of the signal."""
        return self.full.names

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """The scores of each example, from a fit that has not seen its user if it is of train."""
        place = np.array([self._place(example) for example in examples], np.int64)
        out: list[np.ndarray] = []
        for part in np.unique(place).tolist():
            chosen = np.flatnonzero(place == part)
            signal = self.full if part == len(self.parts) else self.parts[part]
            found = signal.scores([examples[row] for row in chosen.tolist()])
            out = out or [np.empty((len(examples), scores.shape[1]), np.float32) for scores in found]
            for target, scores in zip(out, found, strict=True):
                target[chosen] = scores
        return tuple(out)

    def _place(self, example: Example) -> int:
        return part_of(example.group, len(self.parts)) if example.split == "train" else len(self.parts)


def part_of(group: str, parts: int) -> int:
    """The part of a user: always the same, whoever else there is.

    >>> [part_of(name, 2) for name in ("ana", "ben", "cai")]
    [0, 1, 1]
    """
    return zlib.crc32(group.encode()) % parts


def _without(matrix: csr_array, dropped: np.ndarray) -> csr_array:
    """A matrix without some of its numbers."""
    kept = matrix.copy()
    kept.data[dropped] = 0
    kept.eliminate_zeros()
    return kept
