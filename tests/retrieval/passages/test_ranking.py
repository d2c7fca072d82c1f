from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.passages.ranking import best, in_order


@pytest.mark.parametrize("most", [0, 1, 3, 5, 50])
def test_best_is_the_head_of_a_stable_sort(most: int) -> None:
    scores = np.round(np.random.default_rng(0).random(40), 1)
    expected = [place for place in np.argsort(-scores, kind="stable") if scores[place] > 0][:most]
    assert best(scores, most).tolist() == expected


def test_noise_does_not_decide() -> None:
    assert best(np.array([0.3, 0.1 + 0.2, 0.3 - 1e-12]), 3).tolist() == [0, 1, 2]
    assert in_order(np.array([9, 3, 5]), np.array([1.0, 1.0 + 1e-9, 2.0])).tolist() == [2, 1, 0]
