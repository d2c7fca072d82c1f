from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from ragmtl.tasks.recommendation.ranks import (
    Relevant,
    average_precision,
    hit_rate,
    ndcg,
    ranks,
    recall,
    reciprocal_rank,
)

SCORES = np.array([[0.9, 0.5, 0.5, 0.1], [0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 0.0, 0.0]], np.float32)
ONE_EACH = Relevant(3, np.array([0, 1, 2]), np.array([0, 1, 2]))


def test_ties_count_half() -> None:
    assert ranks(SCORES, ONE_EACH).tolist() == [1.0, 3.0, 2.5]


def test_items_at_minus_infinity_are_behind_all_others() -> None:
    scores = SCORES.copy()
    scores[1, 2:] = -np.inf
    assert ranks(scores, ONE_EACH)[1] == 1.0


def test_one_relevant_item_by_hand() -> None:
    ranked = ranks(SCORES, ONE_EACH)
    assert hit_rate(ranked, ONE_EACH, 1).value == pytest.approx(1 / 3)
    assert recall(ranked, ONE_EACH, 3).value == 1.0
    assert reciprocal_rank(ranked, ONE_EACH).value == pytest.approx((1 + 1 / 3 + 1 / 2.5) / 3)
    assert ndcg(ranked, ONE_EACH, 2).value == pytest.approx(1 / 3)
    assert ndcg(ranked, ONE_EACH, 3).value == pytest.approx((1 + 1 / 2 + 1 / math.log2(3.5)) / 3)


def test_average_precision_by_hand() -> None:
    relevant = Relevant(1, np.array([0, 0, 0]), np.array([3, 0, 2]))
    ranked = np.array([4.0, 1.0, 3.0])
    assert average_precision(ranked, relevant, 3).value == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision(ranked, relevant, 2).value == pytest.approx(1 / 2)


def test_several_relevant_items_match_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    scores, truth = generator.random((50, 40)), generator.random((50, 40)) < 0.2
    truth[:, 0] |= ~truth.any(axis=1)
    rows, items = np.nonzero(truth)
    relevant = Relevant(50, rows, items)
    ranked = ranks(scores, relevant)
    assert ndcg(ranked, relevant, 10).value == pytest.approx(ndcg_score(truth, scores, k=10))
    precisions = [average_precision_score(true, score) for true, score in zip(truth, scores, strict=True)]
    assert average_precision(ranked, relevant, 40).value == pytest.approx(np.mean(precisions))
    top = np.take_along_axis(truth, np.argsort(-scores, axis=1)[:, :10], axis=1)
    assert recall(ranked, relevant, 10).value == pytest.approx((top.sum(1) / truth.sum(1)).mean())
    assert hit_rate(ranked, relevant, 10).value == pytest.approx(top.any(1).mean())


def test_examples_without_a_relevant_item_count_for_nothing() -> None:
    relevant = Relevant(3, np.array([1]), np.array([3]))
    ranked = ranks(SCORES, relevant)
    assert [metric(ranked, relevant, 1).value for metric in (hit_rate, recall, ndcg)] == [1.0, 1.0, 1.0]
    assert reciprocal_rank(ranked, relevant).value == 1.0
