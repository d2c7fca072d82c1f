"""Signals that know the past only: fitted to an early part of train for examples of train, to all of it for later ones.

A log has an order in time. What is fitted to all of train knows, for an event of train, what came after it: users who
met both items *later*. A model trained on such signals trusts them more than test warrants. So train is cut in two:

    |------ early ------|------ examples of train ------|-- valid --|-- test --|
       fitted for these ^                               ^ all of train: fitted for these

which also makes the signals of train as stale as those of valid and test are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.signals import Scores, Signal


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """One signal, fitted twice.

    Attributes:
        early: Fitted to the early part of train; used for examples of train, all of them later.
        full: Fitted to train; used for all other examples.
    """

    early: Signal
    full: Signal

    @property
    def names(self) -> tuple[str, ...]:
        """As those of the signal."""
        return self.full.names

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """The scores of each example from the fit that knows only its past."""
        trained = np.array([example.split == "train" for example in examples], np.bool_)
        if trained.all() or not trained.any():
            return (self.early if trained.any() else self.full).scores(examples)
        parts = {
            stage: signal.scores([example for example, one in zip(examples, trained, strict=True) if one == stage])
            for stage, signal in ((True, self.early), (False, self.full))
        }
        return tuple(_merged(trained, early, full) for early, full in zip(parts[True], parts[False], strict=True))


def _merged(
    trained: Bool[np.ndarray, " example"],
    early: Float32[np.ndarray, "early item"],
    full: Float32[np.ndarray, "later item"],
) -> Float32[np.ndarray, "example item"]:
    """Rows of both, in the order of the examples."""
    out = np.empty((len(trained), early.shape[1]), np.float32)
    out[trained], out[~trained] = early, full
    return out
