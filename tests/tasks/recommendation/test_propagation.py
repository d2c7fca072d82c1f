from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.propagation import Propagation


def test_a_history_flows_to_items_and_back() -> None:
    matrix = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 0]], np.float32)
    users, items = matrix.sum(1), np.maximum(matrix.sum(0), 1)
    scaled = matrix / users[:, None] ** 0.4 / items**0.6
    expected = ((scaled.T @ scaled) ** 0.7)[[0, 2]].sum(axis=0)
    asked = Example("", Query(), {}, "", "test", past={"films": np.array([0, 2, 0])})
    (found,) = Propagation.fit("films", csr_array(matrix)).scores([asked])
    assert found[0] == pytest.approx(expected, abs=1e-5)
    assert found[0, 3] == 0
