from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.passages.ranking import best
from ragmtl.retrieval.passages.totals import least_of_best, totals


def test_each_passage_gets_the_sum_of_its_entries() -> None:
    indptr, passages = np.array([0, 2, 3, 5], np.int64), np.array([0, 2, 1, 2, 3], np.int32)
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0], np.float32)
    found = totals((indptr, passages, values), np.array([0, 2], np.int64), np.array([1.0, 0.5], np.float32), 5)
    assert found.tolist() == [1.0, 0.0, 6.0, 8.0, 0.0]
    assert found.dtype == np.float32


@pytest.mark.parametrize("most", [1, 2, 7, 200, 5000])
def test_the_least_of_the_best_is_that_of_sorting(most: int) -> None:
    scores = np.random.default_rng(most).normal(size=5000).astype(np.float32)
    scores[::7] = scores[0]
    above = np.sort(scores[scores > 0])[::-1]
    assert least_of_best(scores, most) == (above[most - 1] if len(above) >= most else 0.0)


@pytest.mark.parametrize("most", [0, 1, 50, 20_000])
def test_many_scores_are_ranked_as_few_are(most: int) -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(-3, 40, 10_000) / 13 + rng.normal(size=10_000) * 1e-8
    rounded = np.round(scores, 6)
    expected = np.lexsort((np.arange(len(scores)), -rounded))
    assert best(scores, most).tolist() == expected[rounded[expected] > 0][:most].tolist()
