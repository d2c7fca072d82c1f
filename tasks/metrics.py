"""Metrics as sums: what each example adds, and how the sums make the figure.

A metric is a table of per-example statistics together with a function of their column sums, for example

    accuracy = (number right) / (number labelled)        statistics: [right, labelled]
    micro-F1 = 2 tp / (2 tp + fp + fn)                   statistics: [tp, fp, fn]

so that every metric can be resampled by the same bootstrap, over groups, in one matrix product.
Examples without a label have rows of zeros: they keep their place and count for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

Sums = Float64[np.ndarray, "sample statistic"]
Value = Callable[[Sums], Float64[np.ndarray, " sample"]]


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """A metric over some examples.

    Attributes:
        rows: What each example adds.
        figure: From sums over examples, one row for each sample of them, to the metric; NaN where it is undefined.
    """

    rows: Float64[np.ndarray, "example statistic"]
    figure: Value

    @property
    def value(self) -> float:
        """The metric over all examples; NaN where there are none."""
        return float(self.figure(self.rows.sum(axis=0, keepdims=True))[0])

    def of(self, chosen: Bool[np.ndarray, " example"] | Int64[np.ndarray, " chosen"]) -> Statistics:
        """The same metric over some of the examples."""
        return Statistics(self.rows[chosen], self.figure)

    def __len__(self) -> int:
        return len(self.rows)


def concatenate(parts: Sequence[Statistics]) -> Statistics:
    """The metric over the examples of all parts, which must be parts of the same metric.

    Raises:
        ValueError: There is no part.
    """
    if not parts:
        raise ValueError("expected at least one part, found none")
    return Statistics(np.concatenate([part.rows for part in parts]), parts[0].figure)


def _ratio(above: Float64[np.ndarray, "*shape"], below: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below != 0))


def _mean(sums: Sums) -> Float64[np.ndarray, " sample"]:
    return _ratio(sums[..., 0], sums[..., 1])


def mean(values: Float64[np.ndarray, " example"], counted: Bool[np.ndarray, " example"]) -> Statistics:
    """The mean of a value over the examples that are counted.

    >>> mean(np.array([1.0, 0.0, 5.0]), np.array([True, True, False])).value
    0.5
    """
    return Statistics(np.stack([np.where(counted, values, 0.0), counted.astype(np.float64)], axis=1), _mean)


def _root_mean(sums: Sums) -> Float64[np.ndarray, " sample"]:
    return np.asarray(np.sqrt(_mean(sums)))


def root_mean(values: Float64[np.ndarray, " example"], counted: Bool[np.ndarray, " example"]) -> Statistics:
    """The root of the mean of a value over the examples that are counted.

    >>> root_mean(np.array([9.0, 16.0, 5.0]), np.array([True, False, False])).value
    3.0
    """
    return Statistics(mean(values, counted).rows, _root_mean)


def _r_squared(sums: Sums) -> Float64[np.ndarray, " sample"]:
    errors, total, squares, count = np.moveaxis(sums, -1, 0)
    return np.asarray(1 - _ratio(errors, squares - _ratio(total**2, count)))


def r_squared(
    off: Float64[np.ndarray, " example"], truth: Float64[np.ndarray, " example"], counted: Bool[np.ndarray, " example"]
) -> Statistics:
    """The share of the variance that answers explain, of the examples that are counted; below 0 where they mislead.

    >>> r_squared(np.array([0.0, 1.0, -1.0]), np.array([1.0, 2.0, 6.0]), np.array([True, True, True])).value
    0.857...

    Args:
        off: Answer minus truth.
        truth: What is true.
        counted: Which examples count.
    """
    parts = np.stack([off**2, truth, truth**2, np.ones_like(truth)], axis=1)
    return Statistics(np.where(counted[:, None], parts, 0.0), _r_squared)


def accuracy(chosen: Int64[np.ndarray, " example"], truth: Int64[np.ndarray, " example"]) -> Statistics:
    """The share of examples whose chosen class is the true one; a truth of -1 means: not labelled."""
    return mean((chosen == truth).astype(np.float64), truth >= 0)


def majority(train: Int64[np.ndarray, " train"], truth: Int64[np.ndarray, " example"]) -> Statistics:
    """The accuracy of always answering the most frequent class of the training examples (-1: not labelled)."""
    counts = np.bincount(train[train >= 0], minlength=1)
    return accuracy(np.full_like(truth, counts.argmax()), truth)


def _micro_f1(sums: Sums) -> Float64[np.ndarray, " sample"]:
    hits, wrong = sums[..., 0], sums[..., 1]
    return _ratio(2 * hits, 2 * hits + wrong)


def micro_f1(chosen: Bool[np.ndarray, "example label"], truth: Bool[np.ndarray, "example label"]) -> Statistics:
    """F1 over all pairs of example and label; not-labelled examples must have rows of False in both."""
    hits, wrong = (chosen & truth).sum(axis=1), (chosen != truth).sum(axis=1)
    return Statistics(np.stack([hits, wrong], axis=1).astype(np.float64), _micro_f1)


def share(some: Float64[np.ndarray, " example"], every: Float64[np.ndarray, " example"]) -> Statistics:
    """How many of all, from how many of each example; NaN where there is nothing.

    >>> share(np.array([1.0, 0.0]), np.array([1.0, 3.0])).value
    0.25
    """
    return Statistics(np.stack([some, every], axis=1), _mean)


def micro_f1_of(
    right: Float64[np.ndarray, " example"],
    chosen: Float64[np.ndarray, " example"],
    true: Float64[np.ndarray, " example"],
) -> Statistics:
    """F1 from how many answers of each example are right, how many were chosen, and how many are true."""
    return Statistics(np.stack([right, chosen + true - 2 * right], axis=1), _micro_f1)


def _f1_by_label(sums: Sums) -> Float64[np.ndarray, "sample label"]:
    hits, wrong = np.split(sums, 2, axis=-1)
    return _ratio(2 * hits, 2 * hits + wrong)


def _macro_f1_all(sums: Sums) -> Float64[np.ndarray, " sample"]:
    return np.asarray(np.nan_to_num(_f1_by_label(sums)).mean(axis=-1))


def _macro_f1_occurring(sums: Sums) -> Float64[np.ndarray, " sample"]:
    by_label = _f1_by_label(sums)
    return _ratio(np.nansum(by_label, axis=-1), np.isfinite(by_label).sum(axis=-1).astype(np.float64))


def macro_f1(
    chosen: Bool[np.ndarray, "example label"], truth: Bool[np.ndarray, "example label"], *, absent: bool = True
) -> Statistics:
    """The mean over labels of their F1; not-labelled examples must have rows of False in both.

    Args:
        chosen: What was predicted.
        truth: What is true.
        absent: A label that is neither true nor chosen anywhere counts as 0 (True: as scikit-learn does for
            multi-label tables) or is left out of the mean (False: as scikit-learn does for classes).
    """
    rows = np.concatenate([chosen & truth, chosen != truth], axis=1).astype(np.float64)
    return Statistics(rows, _macro_f1_all if absent else _macro_f1_occurring)


def class_f1(chosen: Int64[np.ndarray, " example"], truth: Int64[np.ndarray, " example"], classes: int) -> Statistics:
    """Macro-F1 over the classes that occur or are chosen; a truth of -1 means: not labelled."""
    labelled = (truth >= 0)[:, None]
    every = np.arange(classes)
    return macro_f1((chosen[:, None] == every) & labelled, truth[:, None] == every, absent=False)
