"""Calibration: whether answers that sound 80 % sure are right four times in five.

ECE = Σ over bins of |Σ (confidence − right)| / number, with 15 bins of equal width: the confidence of the answer that
was chosen, or of every label by itself. A temperature T, fitted on validation, divides the logits before they become
chances; it changes no answer.

Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64
from scipy.optimize import minimize_scalar

from ragmtl.tasks.base import Example, Task
from ragmtl.tasks.metrics import Statistics
from ragmtl.trust.asking import chances

BINS = 15
_COLDEST, _HOTTEST = 0.05, 20.0

Logits = Float64[np.ndarray, "example answer"]


def calibration_error(logits: Logits, task: Task, examples: Sequence[Example], temperature: float = 1.0) -> Statistics:
    """The expected calibration error on labelled examples, in [0, 1].

    Args:
        logits: Of every answer.
        task: With classes or labels.
        examples: As many, each labelled for the task.
        temperature: What logits are divided by.
    """
    found, truth = chances(logits / temperature, task), _truth(task, examples)
    if task.head == "class":
        chosen = logits.argmax(axis=1, keepdims=True)
        found, truth = (np.take_along_axis(table, chosen, axis=1) for table in (found, truth))
    bins = np.minimum((found * BINS).astype(np.int64), BINS - 1)
    rows = np.zeros((len(found), BINS + 1))
    for place in range(BINS):
        rows[:, place] = ((found - truth) * (bins == place)).sum(axis=1)
    rows[:, BINS] = found.shape[1]
    return Statistics(rows, _error)


def _error(sums: Float64[np.ndarray, "sample statistic"]) -> Float64[np.ndarray, " sample"]:
    count = sums[..., -1]
    above = np.abs(sums[..., :-1]).sum(axis=-1)
    return np.asarray(np.divide(above, count, out=np.full(np.shape(above), np.nan), where=count != 0))


def fitted_temperature(logits: Logits, task: Task, examples: Sequence[Example]) -> float:
    """The temperature under which the labels are likeliest; 1 where there is nothing to fit it on."""
    if not len(examples):
        return 1.0
    truth = _truth(task, examples)
    found = minimize_scalar(
        lambda log: _surprise(logits / np.exp(log), task, truth),
        bounds=(np.log(_COLDEST), np.log(_HOTTEST)),
        method="bounded",
    )
    return float(np.exp(found.x))


def _surprise(logits: Logits, task: Task, truth: Float64[np.ndarray, "example answer"]) -> float:
    """The mean negative log likelihood."""
    if task.head == "labels":
        return float((np.logaddexp(0, logits) - truth * logits).mean())
    return float((np.logaddexp.reduce(logits, axis=1) - (truth * logits).sum(axis=1)).mean())


def _truth(task: Task, examples: Sequence[Example]) -> Float64[np.ndarray, "example answer"]:
    """1 for each right answer."""
    truth = np.zeros((len(examples), len(task.answers)))
    for row, example in enumerate(examples):
        truth[row, np.atleast_1d(np.asarray(example.labels[task.name], np.int64))] = 1.0
    return truth
