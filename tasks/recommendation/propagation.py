"""Propagation over the graph of users and items, without training: a low-pass filter of the history.

    scores(h) = h · (R̃ᵀR̃)^∘p,   R̃ = D_u^−a R D_i^−(1−a)

R is users × items of train, D the degrees, ∘p a power taken number by number. It is what a LightGCN with one layer and
no weights computes, and about as good; fitting it is one product of sparse matrices.

Source: Park, Shin and Kim, "Turbo-CF: Matrix decomposition-free graph filtering for fast recommendation", 2024,
https://arxiv.org/abs/2404.14243.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from scipy.sparse import csr_array, diags_array

from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.ease import row_sums
from ragmtl.tasks.recommendation.signals import Scores


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """The filter as a signal; fit it without the examples that are trained on (`crossed.py`).

    Attributes:
        task: Name of the task.
        filter: (R̃ᵀR̃)^∘p.
    """

    task: str
    filter: Float32[np.ndarray, "item item"]

    @classmethod
    def fit(cls, task: str, train: csr_array, balance: float = 0.4, power: float = 0.7) -> Propagation:
        """Fit to users × items of train; `balance` is a, `power` is p."""
        users, items = (np.maximum(np.asarray(train.sum(axis=axis)), 1) for axis in (1, 0))
        scaled = diags_array(users**-balance) @ train @ diags_array(items ** (balance - 1))
        return cls(task, np.asarray((scaled.T @ scaled).toarray() ** power, np.float32))

    @property
    def names(self) -> tuple[str, ...]:
        """One name."""
        return ("propagation",)

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """The scores."""
        return (row_sums(self.filter, [np.unique(example.past[self.task]) for example in examples]),)
