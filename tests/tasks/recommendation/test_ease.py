from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from ragmtl.errors import ConfigError
from ragmtl.tasks.recommendation.ease import Ease, row_sums

MATRIX = (np.random.default_rng(0).random((60, 15)) < 0.3).astype(np.float32)
NOTHING = np.zeros(0, np.int64)


def _reference(matrix: np.ndarray, history: np.ndarray, regularisation: float) -> np.ndarray:
    """The closed form of the paper, in double precision."""
    inverse = np.linalg.inv(matrix.T.astype(np.float64) @ matrix + regularisation * np.eye(matrix.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(history @ weights)


def test_scores_are_those_of_the_closed_form() -> None:
    ease = Ease.fit(csr_array(MATRIX), 5.0)
    past = [np.array([1, 4, 7]), np.array([4, 4, 1, 7]), NOTHING]
    expected = _reference(MATRIX, np.isin(np.arange(15), past[0]).astype(float), 5.0)
    found = ease.scores(past, [NOTHING] * 3)
    assert found[0] == pytest.approx(expected, abs=1e-5)
    assert found[1] == pytest.approx(expected, abs=1e-5)
    assert not found[2].any()


def test_leaving_a_row_out_is_fitting_without_it() -> None:
    ease = Ease.fit(csr_array(MATRIX), 5.0)
    users = [0, 7, 33]
    own = [np.flatnonzero(MATRIX[user]) for user in users]
    pasts = [own[0][:2], own[1], np.array([2, 3, 9])]
    found = ease.scores(pasts, own)
    for row, user in enumerate(users):
        rest = np.delete(MATRIX, user, axis=0)
        history = np.isin(np.arange(15), pasts[row]).astype(float)
        assert found[row] == pytest.approx(_reference(rest, history, 5.0), abs=1e-5)
    assert np.abs(found - ease.scores(pasts, [NOTHING] * 3)).max() > 1e-3


def test_what_was_liked_counts_more() -> None:
    ease, past, own = Ease.fit(csr_array(MATRIX), 5.0), np.array([7, 1, 4]), np.flatnonzero(MATRIX[7])
    liked = np.array([0.5, 2.0, 1.0], np.float32)
    history = np.zeros(15)
    history[past] = liked
    (found,) = ease.scores([past], [own], [liked])
    assert found == pytest.approx(_reference(np.delete(MATRIX, 7, axis=0), history, 5.0), abs=1e-5)


def test_rows_are_summed_with_weights() -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    weights = [np.array([1.0, 0.5], np.float32), np.zeros(0, np.float32)]
    found = row_sums(matrix, [np.array([2, 1]), NOTHING], weights)
    assert found.tolist() == [(matrix[2] + 0.5 * matrix[1]).tolist(), [0, 0, 0, 0]]


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most 25000 items, found 30000"):
        Ease.fit(csr_array((2, 30_000), dtype=np.float32))
    with pytest.raises(ConfigError, match="positive regularisation"):
        Ease.fit(csr_array(MATRIX), 0.0)
