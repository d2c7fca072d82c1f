from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.tasks.mixture import Mixture


def _seen(mixture: Mixture, steps: range) -> list[Counter[int]]:
    seen: list[Counter[int]] = [Counter() for _ in mixture.sizes]
    for step in steps:
        draw = mixture.draw(step)
        seen[draw.source].update(draw.chosen.tolist())
    return seen


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    batch_size=st.integers(1, 20),
    temperature=st.floats(0, 1),
    steps=st.integers(0, 90),
)
@settings(max_examples=60, deadline=None)
def test_every_example_comes_up_once_before_any_comes_up_twice(
    sizes: list[int], batch_size: int, temperature: float, steps: int
) -> None:
    mixture = Mixture(tuple(sizes), batch_size, temperature, seed=1)
    for size, counter in zip(sizes, _seen(mixture, range(steps)), strict=True):
        counts = [counter[position] for position in range(size)]
        assert max(counts) - min(counts) <= 1


def test_a_resumed_run_draws_what_the_interrupted_one_would_have() -> None:
    whole = [Mixture((100, 37), 8, 0.5, seed=3).draw(step) for step in range(60)]
    later = [Mixture((100, 37), 8, 0.5, seed=3).draw(step) for step in range(30, 60)]
    for expected, found in zip(whole[30:], later, strict=True):
        assert (expected.source, expected.epoch) == (found.source, found.epoch)
        assert np.array_equal(expected.chosen, found.chosen)


def test_an_epoch_at_temperature_one_is_a_pass_over_everything() -> None:
    mixture = Mixture((100, 37), 8, 1.0, seed=0)
    assert mixture.steps_per_epoch == 13 + 5
    seen = _seen(mixture, range(mixture.steps_per_epoch))
    assert [set(counter.values()) for counter in seen] == [{1}, {1}]


@pytest.mark.parametrize(("temperature", "shares"), [(1.0, (90, 10)), (0.5, (75, 25)), (0.0, (50, 50))])
def test_temperature_flattens_the_shares(temperature: float, shares: tuple[int, int]) -> None:
    mixture = Mixture((900, 100), 10, temperature)
    assert mixture.shares == shares
    drawn = Counter(mixture.draw(step).source for step in range(mixture.steps_per_epoch))
    assert (drawn[0], drawn[1]) == shares


def test_steps_can_be_given_and_no_source_is_left_out() -> None:
    assert Mixture((900, 100), 10, 1.0, steps=20).shares == (18, 2)
    assert Mixture((1_000_000, 1), 10, 1.0, steps=5).shares == (4, 1)


def test_seeds_and_epochs_differ() -> None:
    one, other = Mixture((50,), 50, seed=0), Mixture((50,), 50, seed=1)
    assert not np.array_equal(one.draw(0).chosen, other.draw(0).chosen)
    assert not np.array_equal(one.draw(0).chosen, one.draw(1).chosen)
    assert one.draw(1).epoch == 1


def test_empty_sources_are_refused() -> None:
    with pytest.raises(DataError, match="at least one training example"):
        Mixture((3, 0), 2)
    with pytest.raises(DataError, match="batch size"):
        Mixture((3,), 0)


def test_together_every_source_gives_its_share_of_the_batch() -> None:
    mixture = Mixture((60, 6), batch_size=10, temperature=1.0, seed=0)
    draws = mixture.together(0)
    assert [(draw.source, len(draw.chosen)) for draw in draws] == [(0, 8), (1, 1)]  # 60 in 7 equal parts
    assert all(np.array_equal(one.chosen, two.chosen) for one, two in zip(draws, mixture.together(0), strict=True))
    seen = np.concatenate([mixture.together(step)[0].chosen for step in range(7)])
    assert sorted(seen.tolist()) == list(range(60))
