from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import MismatchError
from ragmtl.retrieval.encoders.hashing import normalised
from ragmtl.retrieval.passages.dense import FLAT_MOST, HNSW_MOST, Dense, Kind, choose

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


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf-pq"])
def test_a_batch_gives_what_each_query_gives_alone(kind: Kind) -> None:
    vectors = np.random.default_rng(0).standard_normal((3000, 16)).astype(np.float32)
    vectors[500:900] = vectors[500]
    vectors = normalised(vectors)
    index = Dense.build(vectors, kind)
    asked = [500, *range(40)]
    without = [np.arange(500, 500 + 17 * place) for place in range(len(asked))]
    for place, (found, scores) in enumerate(index.search_many(vectors[asked], 5, without)):
        alone, its_scores = index.search(vectors[asked[place]], 5, without=without[place])
        assert np.array_equal(found, alone)
        assert np.array_equal(scores, its_scores)
        assert not np.isin(found, without[place]).any()


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    Dense.build(np.zeros((0, 16), np.float32)).save(tmp_path)
    assert len(Dense.load(tmp_path).search(VECTORS[0], 5)[0]) == 0
    assert len(Dense.build(VECTORS).search(VECTORS[0], 0)[0]) == 0


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


@pytest.mark.parametrize("kind", ["hnsw", "ivf-pq"])
def test_shortcuts_find_nearly_what_exact_search_finds(kind: Kind, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(60, 32))
    vectors = centres[generator.integers(60, size=6000)] + generator.normal(size=(6000, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    queries, nothing = vectors[:100], [np.zeros(0, np.int64)] * 100
    exact = Dense.build(vectors).search_many(queries, 10, nothing)
    near = Dense.build(vectors, kind)
    near.save(tmp_path)
    opened = Dense.load(tmp_path)
    assert opened.choice == near.choice
    found = opened.search_many(queries, 10, nothing)
    recall = np.mean([len(set(a[0]) & set(b[0])) / 10 for a, b in zip(exact, found, strict=True)])
    assert recall >= 0.9
    best = [dict(zip(passages.tolist(), scores.tolist(), strict=True)) for passages, scores in exact]
    for (passages, scores), truth in zip(found, best, strict=True):
        for passage, score in zip(passages.tolist(), scores.tolist(), strict=True):
            assert truth.get(passage, score) == score


@pytest.mark.parametrize("kind", ["hnsw", "ivf-pq"])
def test_shortcuts_leave_out_what_must_not_be_found(kind: Kind) -> None:
    vectors = np.random.default_rng(1).normal(size=(500, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found, _ = Dense.build(vectors, kind).search(vectors[3], 5, without=np.array([3]))
    assert 3 not in found
    assert len(found) == 5


def test_the_choice_goes_by_size_and_says_why() -> None:
    assert choose(FLAT_MOST).kind == "flat"
    assert choose(FLAT_MOST + 1).kind == "hnsw"
    assert choose(HNSW_MOST + 1).kind == "ivf-pq"
    assert "50,001 vectors, more than 50,000" in choose(FLAT_MOST + 1).reason


def test_a_shortcut_of_other_vectors_is_refused(tmp_path: Path) -> None:
    vectors = np.eye(40, dtype=np.float32)
    Dense.build(vectors, "hnsw").save(tmp_path)
    np.save(tmp_path / "vectors.npy", vectors[:30])
    with pytest.raises(MismatchError, match="expected 30 vectors"):
        Dense.load(tmp_path)
    (tmp_path / "shortcut.faiss").write_bytes(b"nonsense")
    with pytest.raises(MismatchError, match="FAISS"):
        Dense.load(tmp_path)
