from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import MismatchError
from ragmtl.retrieval.dense import Dense
from ragmtl.retrieval.hashing import normalised

VECTORS = normalised(np.random.default_rng(0).standard_normal((200, 16)).astype(np.float32))
NONE = np.zeros(0, np.int64)


def test_found_are_the_largest_cosines() -> None:
    found, scores = Dense.build(VECTORS).search(VECTORS[7], 5)
    expected = np.argsort(-(VECTORS @ VECTORS[7]))[:5]
    assert found.tolist() == expected.tolist()
    assert found[0] == 7
    assert scores[0] == pytest.approx(1.0, abs=1e-5)


def test_equal_vectors_come_by_place() -> None:
    vectors = np.repeat(VECTORS[:2], 3, axis=0)[[0, 3, 1, 4, 2, 5]]
    assert Dense.build(vectors).search(VECTORS[0], 3)[0].tolist() == [0, 2, 4]


def test_those_excluded_are_replaced_by_the_next() -> None:
    index = Dense.build(VECTORS)
    every = index.search(VECTORS[7], 6)[0]
    assert index.search(VECTORS[7], 3, without=every[:3])[0].tolist() == every[3:].tolist()


def test_a_batch_gives_what_each_query_gives_alone() -> None:
    index = Dense.build(VECTORS)
    without = [np.arange(place) for place in range(40)]
    for place, (found, scores) in enumerate(index.search_many(VECTORS[:40], 5, without)):
        alone, its_scores = index.search(VECTORS[place], 5, without=without[place])
        assert np.array_equal(found, alone)
        assert np.array_equal(scores, its_scores)
        assert not np.isin(found, without[place]).any()


def test_a_query_of_zeros_finds_nothing() -> None:
    assert len(Dense.build(VECTORS).search(np.zeros(16, np.float32), 5)[0]) == 0
    assert Dense.build(VECTORS).search_many(np.zeros((0, 16), np.float32), 5, []) == []


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    index = Dense.build(VECTORS)
    index.save(tmp_path)
    loaded = Dense.load(tmp_path)
    assert isinstance(loaded.vectors.base, np.memmap)
    assert np.array_equal(loaded.search(VECTORS[3], 9)[0], index.search(VECTORS[3], 9)[0])
    np.save(tmp_path / "vectors.npy", np.zeros(3))
    with pytest.raises(MismatchError, match="expected vectors"):
        Dense.load(tmp_path)
