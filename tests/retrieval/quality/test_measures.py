from __future__ import annotations

from math import log2

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.quality.measures import ndcg, perfect, recall, reciprocal_rank

FOUND = ["x", "a", "y", "b", "c"]


def test_recall_counts_what_is_wanted_among_the_first() -> None:
    assert [recall(FOUND, {"a", "b", "c", "d"}, k) for k in (1, 2, 4, 10)] == [0.0, 0.25, 0.5, 0.75]


def test_perfect_asks_for_all() -> None:
    assert [perfect(FOUND, {"a", "b"}, k) for k in (3, 4)] == [0.0, 1.0]


def test_the_ideal_is_over_no_more_than_what_is_wanted_and_no_more_than_k() -> None:
    gained = 1 / log2(3) + 1 / log2(5)
    assert ndcg(FOUND, {"a", "b"}, 4) == pytest.approx(gained / (1 + 1 / log2(3)))
    assert ndcg(FOUND, {"a", "b", "d", "e"}, 2) == pytest.approx((1 / log2(3)) / (1 + 1 / log2(3)))
    assert ndcg(["a", "b"], {"a", "b"}, 10) == 1.0


def test_what_is_found_twice_counts_once() -> None:
    assert ndcg(["a", "a"], {"a", "b"}, 2) == pytest.approx(1 / (1 + 1 / log2(3)))
    assert recall(["a", "a"], {"a", "b"}, 2) == 0.5


def test_the_reciprocal_rank_is_that_of_the_first() -> None:
    assert reciprocal_rank(FOUND, {"b", "c"}) == 0.25
    assert reciprocal_rank(FOUND, {"z"}) == 0.0


def test_nothing_found_is_zero_and_nothing_wanted_is_refused() -> None:
    assert [recall([], {"a"}, 5), ndcg([], {"a"}, 5), perfect([], {"a"}, 5)] == [0.0, 0.0, 0.0]
    with pytest.raises(DataError, match="at least one item"):
        recall(FOUND, set(), 5)
