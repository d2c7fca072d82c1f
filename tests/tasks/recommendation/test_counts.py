from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.counts import DAY, ItemCounts, is_hot, is_not_hot
from ragmtl.tasks.recommendation.interactions import Interactions

GENERATOR = np.random.default_rng(0)
EVENTS, ITEMS = 3000, 12


@pytest.fixture(scope="module")
def log() -> Interactions:
    users = np.sort(GENERATOR.integers(0, 50, EVENTS))
    times = GENERATOR.integers(0, 40 * int(DAY), EVENTS).astype(np.float64) // 1000 * 1000
    items = np.minimum(GENERATOR.integers(0, ITEMS, EVENTS), GENERATOR.integers(0, ITEMS, EVENTS))
    names = tuple(str(user) for user in range(50))
    return Interactions(names, tuple(map(str, range(ITEMS))), users, items, times, np.zeros(EVENTS, np.int64), True)


@pytest.fixture(scope="module")
def instants(log: Interactions) -> np.ndarray:
    return np.concatenate([log.times[::100], [0.0, 40 * DAY + 1]])


@pytest.mark.parametrize("days", [1, 7, np.inf])
def test_counts_are_those_of_the_window_and_never_of_the_instant(
    log: Interactions, instants: np.ndarray, days: float
) -> None:
    counts = ItemCounts.of(log)
    assert len(counts.counts) > 3
    found = counts.before(instants, days * DAY)
    for row, instant in enumerate(instants):
        inside = (log.times < instant) & (log.times >= instant - days * DAY)
        assert found[row].tolist() == np.bincount(log.item_ids[inside], minlength=ITEMS).tolist()
    assert counts.log_before(instants, days * DAY) == pytest.approx(np.log1p(found))


def test_the_age_is_that_of_the_last_event_before(log: Interactions, instants: np.ndarray) -> None:
    found = ItemCounts.of(log).age(instants)
    for row, instant in enumerate(instants):
        for item in range(ITEMS):
            before = log.times[(log.times < instant) & (log.item_ids == item)]
            assert found[row, item] == pytest.approx(instant - (before.max() if len(before) else log.times.min()))


def test_hidden_events_are_not_counted(log: Interactions) -> None:
    hidden = log.hide_cold(lambda iri: iri == "0")
    assert ItemCounts.of(hidden).before(np.array([50 * DAY]))[0, 0] == 0


def test_hot_items_are_those_that_few_outdo_in_the_days_before(log: Interactions) -> None:
    counts = ItemCounts.of(log)
    example = Example("x", Query(), {}, "x", "test", time=20 * DAY)
    recent = counts.before(np.array([20 * DAY]), 7 * DAY)[0]
    for item in range(ITEMS):
        hot = np.count_nonzero(recent > recent[item]) < 3
        assert is_hot(counts, most=3)(example, item) == hot
        assert is_not_hot(counts, most=3)(example, item) != hot


def test_an_unknown_time_is_the_end_of_the_log(log: Interactions) -> None:
    counts = ItemCounts.of(log)
    instants = counts.instants([Example("x", Query(), {}, "x", "test")])
    assert counts.before(instants).sum() == EVENTS
