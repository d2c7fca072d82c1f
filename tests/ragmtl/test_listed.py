from __future__ import annotations

import numpy as np
import pytest

from ragmtl.evaluate import Measured
from ragmtl.listed import list_figures
from ragmtl.loaded import Loaded
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.recommendation.recommend import RankingTask

ITEMS = ("a", "b", "c", "d")
EXAMPLES = [
    Example("0", Query("x"), {"wanted": 0}, "ana", "train"),
    Example("1", Query("x"), {"wanted": (0, 1)}, "ben", "train"),
    Example("2", Query("x"), {"wanted": 2}, "cai", "test"),
]


def loaded() -> Loaded:
    return Loaded(Source.of("table", EXAMPLES, (RankingTask("wanted", ITEMS),)))


def measured(lists: np.ndarray | None) -> Measured:
    count = 0 if lists is None else len(lists)
    return Measured("wanted", {}, tuple(map(str, range(count))), {"all": np.ones(count, np.bool_)}, lists=lists)


def test_lists_are_judged_by_what_train_met() -> None:
    """Two users of train: both met a, one met b, nobody c and d."""
    found = list_figures(measured(np.array([[0, 1], [0, 2]])), loaded())
    assert found["popularity@2"].value == pytest.approx((1 + 0.5 + 1 + 0) / 4)
    assert found["novelty@2"].value == pytest.approx((0 + 1 + 0 + 2) / 4)
    assert found["coverage@2"].value == 3 / 4


@pytest.mark.parametrize("lists", [None, np.zeros((0, 4), np.int64)])
def test_without_lists_there_are_no_figures(lists: np.ndarray | None) -> None:
    assert list_figures(measured(lists), loaded()) == {}
