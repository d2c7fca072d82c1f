from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Split
from ragmtl.tasks.recommendation.neighbours import Neighbours
from ragmtl.tasks.recommendation.signals import TrainRows

MATRIX = (np.random.default_rng(0).random((40, 10)) < 0.4).astype(np.float32)
TRAIN = TrainRows(csr_array(MATRIX), {f"u{row}": row for row in range(40)})


def _example(past: list[int], group: str = "new", split: Split = "train") -> Example:
    return Example("x", Query(), {}, group, split, past={"items": np.array(past, np.int64)})


def _reference(matrix: np.ndarray, past: list[int], norms: np.ndarray) -> np.ndarray:
    together = matrix.T @ matrix * norms[:, None] * norms
    np.fill_diagonal(together, 0)
    weights = np.arange(len(past), 0, -1) ** -0.5
    return np.asarray(np.sqrt(weights / weights.sum() @ together[past]))


def test_the_newest_items_count_most_and_the_last_one_alone() -> None:
    norms = 1 / np.sqrt(MATRIX.sum(axis=0) + 2)
    every, last = Neighbours.of_train("items", TRAIN).scores([_example([3, 1, 5]), _example([])])
    assert every[0] == pytest.approx(_reference(MATRIX, [3, 1, 5], norms), abs=1e-5)
    assert last[0] == pytest.approx(_reference(MATRIX, [5], norms), abs=1e-5)
    assert not every[1].any()
    assert not last[1].any()


def test_a_training_example_leaves_its_own_group_out() -> None:
    neighbours = Neighbours.of_train("items", TRAIN)
    past = np.flatnonzero(MATRIX[4])[:2].tolist()
    rest = np.delete(MATRIX, 4, axis=0)
    norms = 1 / np.sqrt(MATRIX.sum(axis=0) + 2)
    every, last = neighbours.scores([_example(past, "u4")])
    assert every[0] == pytest.approx(_reference(rest, past, norms), abs=1e-3)
    assert last[0] == pytest.approx(_reference(rest, past[-1:], norms), abs=1e-3)
    other, _ = neighbours.scores([_example(past, "u4", "valid")])
    assert other[0] == pytest.approx(_reference(MATRIX, past, norms), abs=1e-5)


def test_any_similarity_will_do() -> None:
    similarity = np.array([[1, 0.25, -1], [0.25, 1, 0.5], [-1, 0.5, 1]], np.float32)
    neighbours = Neighbours.of("items", "text", similarity)
    assert neighbours.names == ("text", "text of the last")
    every, last = neighbours.scores([_example([0])])
    assert every[0].tolist() == last[0].tolist() == [0, 0.5, 0]
