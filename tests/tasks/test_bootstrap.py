from __future__ import annotations

import time

import numpy as np
import pytest

from ragmtl.tasks.bootstrap import bootstrap, paired_bootstrap
from ragmtl.tasks.metrics import Statistics, accuracy, class_f1, mean


def _right(values: np.ndarray) -> Statistics:
    return mean(values.astype(np.float64), np.ones(len(values), bool))


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(0).random(2000) < 0.3
    found = bootstrap([_right(values)], [str(n) for n in range(2000)], samples=2000)
    error = np.sqrt(values.mean() * (1 - values.mean()) / 2000)
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_examples_of_one_group_stand_or_fall_together() -> None:
    values = np.repeat(np.random.default_rng(0).random(100) < 0.5, 20)
    alone = bootstrap([_right(values)], [str(n) for n in range(2000)])
    together = bootstrap([_right(values)], [str(n // 20) for n in range(2000)])
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_pairing_cancels_what_both_arms_share() -> None:
    generator = np.random.default_rng(0)
    hard = generator.random(1000) < 0.5
    better = hard | (generator.random(1000) < 0.06)
    groups = [str(n) for n in range(1000)]
    found = paired_bootstrap([_right(better)], [_right(hard)], groups)
    assert found.low > 0
    assert found.value == pytest.approx(better.mean() - hard.mean())
    assert bootstrap([_right(better)], groups).low < bootstrap([_right(hard)], groups).high


def test_an_arm_does_not_differ_from_itself() -> None:
    values = _right(np.random.default_rng(0).random(100) < 0.5)
    found = paired_bootstrap([values], [values], [str(n) for n in range(100)])
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_seeds_are_averaged() -> None:
    never, always = _right(np.zeros(10)), _right(np.ones(10))
    found = bootstrap([never, always], [str(n) for n in range(10)])
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [_right(np.random.default_rng(0).random(100) < 0.5)]
    groups = [str(n % 30) for n in range(100)]
    assert bootstrap(values, groups, seed=3) == bootstrap(values, groups, seed=3)
    assert bootstrap(values, groups, seed=3) != bootstrap(values, groups, seed=4)


def test_nothing_gives_an_undefined_interval() -> None:
    found = bootstrap([accuracy(np.zeros(0, np.int64), np.zeros(0, np.int64))], [])
    assert np.isnan([found.value, found.low, found.high]).all()


def test_groups_must_fit_the_examples() -> None:
    with pytest.raises(ValueError, match="statistics of 3 examples"):
        bootstrap([_right(np.zeros(2))], ["a", "b", "c"])


def test_sixty_statistics_of_five_thousand_examples_are_fast() -> None:
    generator = np.random.default_rng(0)
    wide = class_f1(generator.integers(0, 30, 5000), generator.integers(0, 30, 5000), 30)
    start = time.perf_counter()
    bootstrap([wide], [str(n) for n in range(5000)])
    assert time.perf_counter() - start < 2.0
