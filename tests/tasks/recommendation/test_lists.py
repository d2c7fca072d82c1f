from __future__ import annotations

import numpy as np
import pytest

from ragmtl.tasks.recommendation.lists import best_items, coverage, novelty, popularity

MET = np.array([4, 2, 1, 0])
SCORES = np.array([[0.1, 0.9, 0.5, -np.inf], [0.7, 0.2, 0.1, 0.3]], np.float32)


def test_the_best_come_first() -> None:
    assert best_items(SCORES, 2).tolist() == [[1, 2], [0, 3]]
    assert best_items(SCORES, 9)[1].tolist() == [0, 3, 1, 2]


def test_popular_and_new_by_hand() -> None:
    lists = best_items(SCORES, 2)
    assert popularity(lists, MET, 4).value == pytest.approx((0.5 + 0.25 + 1 + 0) / 4)
    assert novelty(lists, MET, 4).value == pytest.approx((1 + 2 + 0 + 3) / 4)
    assert len(novelty(lists, MET, 4)) == 2


def test_what_is_shown_is_counted_once() -> None:
    lists = best_items(SCORES, 2)
    assert coverage([lists], 4) == 1.0
    assert coverage([lists[:1], lists[:1]], 4) == 0.5
