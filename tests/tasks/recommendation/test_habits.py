from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.counts import DAY, ItemCounts
from ragmtl.tasks.recommendation.habits import Habits
from ragmtl.tasks.recommendation.interactions import LogColumns, TimeCuts, read_interactions


@pytest.fixture
def counts(tmp_path: Path) -> ItemCounts:
    """Item a was met three times in the week before day 20, item b once, item c long ago."""
    rows = [
        ("u", "c", 1),
        ("u", "a", 15),
        ("v", "a", 16),
        ("w", "a", 17),
        ("v", "b", 18),
        ("x", "b", 25),
        ("y", "b", 30),
    ]
    path = tmp_path / "log.csv"
    path.write_text("user,item,time\n" + "".join(f"{u},{i},{day * DAY}\n" for u, i, day in rows), encoding="utf-8")
    log = read_interactions(path, LogColumns("user", "item", "time"), TimeCuts(24 * DAY, 28 * DAY))
    return ItemCounts.of(log)


def asked(past: list[int], day: float = 20) -> Example:
    return Example("", Query(), {}, "", "test", time=day * DAY, past={"rank": np.array(past, np.int64)})


def test_habits_are_what_they_are_said_to_be(counts: ItemCounts) -> None:
    found = Habits("rank", counts).compute([asked([2, 0]), asked([1]), asked([])])
    warm, cool = np.log(4), np.log(2)
    np.testing.assert_allclose(found, [[np.log(3), warm / 2, warm], [np.log(2), cool, cool], [0, 0, 0]], rtol=1e-6)


def test_what_comes_later_is_not_seen(counts: ItemCounts) -> None:
    np.testing.assert_allclose(Habits("rank", counts).compute([asked([1], day=18)])[0, 1:], 0)


def test_they_are_standardised(counts: ItemCounts) -> None:
    examples = [asked([2, 0]), asked([1]), asked([])]
    found = Habits("rank", counts).fitted(examples).compute(examples)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.std(axis=0), 1, rtol=1e-5)
