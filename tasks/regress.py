"""Regression: a number from a text, an entity, or both.

R² = 1 − Σ (answer − truth)² / Σ (truth − mean truth)², beside the mean absolute error, the root of the mean squared
error, and the absolute error of always answering the mean of train: the figure to beat.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.errors import DataError
from ragmtl.models.heads.number import NumberHead
from ragmtl.tasks.answer import Answer, Asked
from ragmtl.tasks.base import Example, Head, Plain, no_loss
from ragmtl.tasks.metrics import Statistics, mean, r_squared, root_mean
from ragmtl.tasks.targets import Learned

Loss = Literal["huber", "squared", "absolute"]
_LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "huber": functional.smooth_l1_loss,
    "squared": functional.mse_loss,
    "absolute": functional.l1_loss,
}


@dataclass(frozen=True, slots=True)
class NumberTask(Plain):
    """A number: R², MAE and RMSE.

    Attributes:
        name: Name of the task.
        middle, spread: Mean and standard deviation of the training examples.
        unit: What the number is: the name of its column.
        error: What the loss counts, in units of the spread: `huber` (squares of small errors, large ones as they are),
            `squared` or `absolute`.
        main_metric: `r2`.
    """

    name: str
    middle: float
    spread: float
    unit: str
    error: Loss = "huber"
    main_metric: str = "r2"

    @property
    def head(self) -> Head:
        """The kind of head that answers this task."""
        return "number"

    @property
    def answers(self) -> tuple[str, ...]:
        """The one number."""
        return (self.unit,)

    def new_head(self, dim: int) -> nn.Module:
        """A head that starts at the mean."""
        return NumberHead(dim, self.middle, self.spread)

    def loss(self, logits: Float[Tensor, "batch 1"], examples: Sequence[Example]) -> Float[Tensor, ""]:
        """The error in units of the spread, averaged over the labelled examples."""
        numbers, known = self._truth(examples)
        if not known.any():
            return no_loss(logits)
        rows = torch.from_numpy(known).to(logits.device)
        truth = torch.from_numpy(numbers[known]).to(logits)
        found: Float[Tensor, ""] = _LOSSES[self.error](logits[rows, 0] / self.spread, truth / self.spread)
        return found

    def measure(
        self, logits: Float[np.ndarray, "example 1"], examples: Sequence[Example], threshold: float | None = None
    ) -> Mapping[str, Statistics]:
        """`r2`, `mae`, `rmse`, and `mae_of_mean`, what the mean of train would have; `threshold` means nothing here."""
        truth, known = self._truth(examples)
        off = np.where(known, logits[:, 0].astype(np.float64) - truth, 0.0)
        return {
            "r2": r_squared(off, truth, known),
            "mae": mean(np.abs(off), known),
            "rmse": root_mean(off**2, known),
            "mae_of_mean": mean(np.abs(self.middle - truth), known),
        }

    def answer(self, logits: Float[np.ndarray, " 1"], asked: Asked) -> Answer:
        """The number, with two digits more than its spread has."""
        digits = max(0, 1 - int(np.floor(np.log10(self.spread))))
        shown, usual, wide = (f"{value:.{digits}f}" for value in (float(logits[0]), self.middle, self.spread))
        meaning = f"A number. {self.unit} is {usual} on average in the training examples, give or take {wide}."
        return Answer(self.name, self.head, (shown,), (), meaning=meaning)

    def _truth(
        self, examples: Sequence[Example]
    ) -> tuple[Float64[np.ndarray, " example"], Bool[np.ndarray, " example"]]:
        """The number of each example, and whether it has one."""
        found = [example.labels.get(self.name) for example in examples]
        known = np.array([isinstance(label, float) for label in found], np.bool_)
        return np.array([label if isinstance(label, float) else 0.0 for label in found], np.float64), known


def number_task(learned: Learned, *, unit: str, error: Loss = "huber") -> NumberTask:
    """The task of a column of numbers.

    Raises:
        DataError: All training examples have the same number.
    """
    numbers = [label for label in learned.train if isinstance(label, float)]
    spread = statistics.pstdev(numbers)
    if not spread:
        raise DataError(
            f"task {learned.task!r}: expected numbers that differ in {unit!r}, found {numbers[0]:g} in all "
            f"{len(numbers)} training rows; there is nothing to learn"
        )
    return NumberTask(learned.task, statistics.fmean(numbers), spread, unit, error)
