"""Linear models of sparse features: for each answer, a logistic regression of whether it is right.

    logit[answer] = features · weights[answer], less its mean over the examples that it was fitted to

What a model says about examples that it was fitted to is too good to be true, and who learns from it trusts it too
much. `crossed` gives what models say that were fitted without the example's group: Wolpert, "Stacked generalization",
Neural Networks 1992.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64
from scipy import sparse

FOLDS = 5
_ROUNDS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A fitted model.

    Attributes:
        weights: Of each feature for each answer.
        mean: Of the logits of the examples that it was fitted to.
    """

    weights: Float32[np.ndarray, "feature answer"]
    mean: Float32[np.ndarray, " answer"]

    def logits(self, features: sparse.csr_array) -> Float32[np.ndarray, "example answer"]:
        """How much speaks for each answer, beside what speaks for it in general."""
        return np.asarray(features @ self.weights - self.mean, np.float32)


def fit_linear(features: sparse.csr_array, truth: Bool[np.ndarray, "example answer"], cost: float) -> Linear:
    """Fit a logistic regression for each answer.

    Args:
        features: Of each example.
        truth: Which answers are right for it; one that is right always or never has weights of zero.
        cost: How much an error weighs against the squares of the weights: the C of liblinear.
    """
    weights = np.zeros((features.shape[1], truth.shape[1]), np.float32)
    mirrored = truth.shape[1] == 2 and bool((truth[:, 0] != truth[:, 1]).all())
    for answer in range(1 if mirrored else truth.shape[1]):
        if 0 < truth[:, answer].sum() < len(truth) and features.nnz:
            weights[:, answer] = _weights(features, truth[:, answer], cost)
    if mirrored:
        weights[:, 1] = -weights[:, 0]
    mean = np.asarray(features @ weights, np.float32).mean(0) if len(truth) else np.zeros(truth.shape[1], np.float32)
    return Linear(weights, mean)


def crossed(
    features: sparse.csr_array, truth: Bool[np.ndarray, "example answer"], groups: Sequence[str], cost: float
) -> Float32[np.ndarray, "example answer"]:
    """The logits of each example, by a model that was fitted without its group; zeros where there is one group only."""
    found = np.zeros(truth.shape, np.float32)
    folds = _folds(groups)
    for fold in range(int(folds.max(initial=-1)) + 1):
        rows, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if len(others):
            found[rows] = fit_linear(features[others], truth[others], cost).logits(features[rows])
    return found


def _folds(groups: Sequence[str]) -> Int64[np.ndarray, " example"]:
    """The fold of each example: groups are dealt out one by one, the largest first."""
    _, numbers, counts = np.unique(groups, return_inverse=True, return_counts=True)
    dealt = np.zeros(len(counts), np.int64)
    dealt[np.argsort(-counts, kind="stable")] = np.arange(len(counts)) % FOLDS
    return dealt[numbers]


def _weights(
    features: sparse.csr_array, right: Bool[np.ndarray, " example"], cost: float
) -> Float32[np.ndarray, " feature"]:
    from sklearn.linear_model import LogisticRegression

    wide = features.shape[1] > features.shape[0]
    model = LogisticRegression(C=cost, solver="liblinear", dual=wide, max_iter=_ROUNDS, random_state=0)
    found: Float32[np.ndarray, " feature"] = model.fit(features, right).coef_[0].astype(np.float32)
    return found
