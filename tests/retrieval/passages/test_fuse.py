from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ragmtl.retrieval.passages.fuse import Candidates, Crowd, fuse


def of(scores: dict[int, float], weight: float = 1.0, *, has_floor: bool = False) -> Candidates:
    return Candidates(np.array(list(scores), np.int64), np.array(list(scores.values()), np.float32), weight, has_floor)


def test_scores_are_normalised_weighted_and_added() -> None:
    sources = {"bm25": of({4: 10.0, 2: 5.0}, 0.5), "dense": of({2: 0.9, 7: 0.8, 4: 0.7}, 1.0, has_floor=True)}
    passages, scores = fuse(sources, 10)
    assert passages.tolist() == [2, 4, 7]
    assert scores == pytest.approx([1.0, 0.5 / 1.25, 0.5 / 1.25], abs=1e-5)


def test_ties_go_to_the_lower_place_in_any_order() -> None:
    for order in ([9, 1, 5], [5, 9, 1]):
        assert fuse({"graph": of(dict.fromkeys(order, 0.3))}, 2)[0].tolist() == [1, 5]


def test_low_scores_are_left_out() -> None:
    assert fuse({"bm25": of({1: 4.0, 2: 1.0})}, 5, 0.5)[0].tolist() == [1]


def test_nothing_gives_nothing() -> None:
    assert len(fuse({}, 5)[0]) == len(fuse({"bm25": of({})}, 5)[0]) == 0


def test_a_single_candidate_counts_in_full() -> None:
    assert fuse({"dense": of({3: 0.2}, has_floor=True)}, 5)[1].tolist() == [1.0]


def test_reciprocal_rank_knows_no_scores() -> None:
    one = fuse({"bm25": of({4: 10.0, 2: 5.0}), "dense": of({2: 0.9, 7: 0.1})}, 5, fusion="reciprocal")
    other = fuse({"bm25": of({4: 1e6, 2: 5.0}), "dense": of({2: 0.2, 7: 0.1})}, 5, fusion="reciprocal")
    assert one[0].tolist() == other[0].tolist() == [2, 4, 7]
    assert one[1] == pytest.approx(other[1])
    assert one[1][1] == pytest.approx((1 / 61) / (1 / 61 + 1 / 62))


def test_a_source_whose_best_stands_out_speaks_louder() -> None:
    crowd = np.array([1.0, 1.1, 0.9, 1.0, 1.0, 9.0], np.float32)
    loud = Candidates(np.array([5]), crowd[[5]], 1.0, crowd=Crowd.of(crowd))
    even = Candidates(np.array([0, 1]), np.array([0.9, 0.8], np.float32), 1.0, crowd=Crowd(0.7, 0.2))
    assert fuse({"bm25": loud, "dense": even}, 1, fusion="shape")[0].tolist() == [5]
    weak = replace(loud, trust=0.1)
    assert fuse({"bm25": weak, "dense": even}, 1, fusion="shape")[0].tolist() == [0]


def test_a_crowd_without_spread_says_nothing() -> None:
    flat = Candidates(np.array([3]), np.ones(1, np.float32), 1.0, crowd=Crowd(1.0, 0.0))
    assert len(fuse({"bm25": flat}, 5, fusion="shape")[0]) == 0
