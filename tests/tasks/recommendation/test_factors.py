from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from ragmtl.errors import ConfigError
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.factors import Factors, FactorSignal

MATRIX = (np.random.default_rng(1).random((20, 9)) < 0.4).astype(np.float32)
UNSEEN, REGULARISATION = 0.2, 0.05


def _loss(users: np.ndarray, items: np.ndarray) -> float:
    """What is minimised, written out."""
    scores = users @ items.T
    own = [REGULARISATION * (MATRIX.sum(1 - axis) + UNSEEN * MATRIX.shape[1 - axis]) for axis in (0, 1)]
    squares = [float((weight * (vectors**2).sum(1)).sum()) for weight, vectors in zip(own, (users, items), strict=True)]
    return float((MATRIX * (1 - scores) ** 2).sum() + UNSEEN * (scores**2).sum() + sum(squares))


def _fit(rounds: int) -> Factors:
    return Factors.fit(csr_array(MATRIX), 4, unseen=UNSEEN, regularisation=REGULARISATION, rounds=rounds)


def test_every_round_comes_nearer() -> None:
    pasts = [np.flatnonzero(row) for row in MATRIX]
    losses = [_loss(found.users(pasts), found.vectors) for found in map(_fit, (1, 2, 6))]
    assert losses[0] > losses[1] > losses[2]


def test_a_user_vector_is_the_best_for_its_history() -> None:
    found, past = _fit(3), np.array([0, 4, 5])
    shown = found.vectors[past]
    gram = UNSEEN * found.vectors.T @ found.vectors + shown.T @ shown
    gram += REGULARISATION * (3 + UNSEEN * 9) * np.eye(4)
    expected = np.linalg.solve(gram, shown.sum(axis=0))
    users = found.users([past, np.array([5, 0, 4, 4]), np.zeros(0, np.int64)])
    assert users[0] == pytest.approx(expected, abs=1e-5)
    assert users[1] == pytest.approx(expected, abs=1e-5)
    assert not users[2].any()
    asked = Example("", Query(), {}, "", "test", past={"films": past})
    assert FactorSignal("films", found).scores([asked])[0][0] == pytest.approx(found.vectors @ expected, abs=1e-5)


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected a positive dimension, .* found 4, 0\.2, 0"):
        Factors.fit(csr_array(MATRIX), 4, unseen=0.2, regularisation=0.0)
