from __future__ import annotations

import numpy as np
from scipy import sparse

from ragmtl.tasks.linear import crossed, fit_linear

RNG = np.random.default_rng(0)
RIGHT = np.array([[1, 0, 1], [0, 1, 1]] * 6, np.bool_)


def test_what_goes_with_an_answer_speaks_for_it() -> None:
    features = sparse.csr_array(RIGHT[:, :2].astype(np.float32))
    logits = fit_linear(features, RIGHT, 10.0).logits(features)
    assert (logits[::2, 0] > 0).all()
    assert (logits[1::2, 0] < 0).all()
    assert not logits[:, 2].any(), "an answer that is always right is not explained"
    np.testing.assert_allclose(logits.mean(0), 0, atol=1e-5)


def test_of_two_answers_one_speaks_against_the_other() -> None:
    features = sparse.csr_array(RNG.random((12, 4)).astype(np.float32))
    found = fit_linear(features, RIGHT[:, :2], 10.0)
    np.testing.assert_array_equal(found.weights[:, 0], -found.weights[:, 1])
    assert found.weights.any()


def test_an_example_is_told_nothing_that_only_its_own_group_knows() -> None:
    """Each group has a feature of its own, which gives its answer away to a model that was fitted to it."""
    groups = [str(row // 2) for row in range(12)]
    own = sparse.csr_array(np.repeat(np.eye(6, dtype=np.float32), 2, axis=0))
    truth = np.repeat(np.array([[1, 0], [0, 1]] * 3, np.bool_), 2, axis=0)
    told = fit_linear(own, truth, 10.0).logits(own)
    assert ((told > 0) == truth).all()
    found = crossed(own, truth, groups, 10.0)
    np.testing.assert_allclose(found[:2], found[10:], err_msg="the two groups of one fold are told the same")


def test_one_group_alone_is_told_nothing() -> None:
    features = sparse.csr_array(RIGHT[:, :2].astype(np.float32))
    assert not crossed(features, RIGHT, ["a"] * 12, 10.0).any()


def test_without_features_nothing_is_said() -> None:
    empty = sparse.csr_array((12, 0), dtype=np.float32)
    assert not fit_linear(empty, RIGHT, 10.0).logits(empty).any()
