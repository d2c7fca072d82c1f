from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Float32

from ragmtl.errors import MismatchError
from ragmtl.retrieval.encoders.encoder import CachedEncoder, DeferredEncoder
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.progress import Progress


class Counting(HashingEncoder):
    def __init__(self, fail_at: int = 10**9) -> None:
        self.texts: list[str] = []
        self.fail_at = fail_at

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        if len(self.texts) >= self.fail_at:
            raise KeyboardInterrupt
        self.texts.extend(texts)
        return super().encode(texts, progress)


TEXTS = ["sumac", "smoked paprika", "sumac", "", "rice"]


def test_vectors_are_those_of_the_encoder_and_no_text_is_encoded_twice(tmp_path: Path) -> None:
    counting = Counting()
    cached = CachedEncoder(counting, tmp_path)
    assert np.array_equal(cached.encode(TEXTS), HashingEncoder().encode(TEXTS))
    assert sorted(counting.texts) == sorted(set(TEXTS))
    again = Counting()
    assert np.array_equal(CachedEncoder(again, tmp_path).encode(TEXTS[::-1]), HashingEncoder().encode(TEXTS[::-1]))
    assert again.texts == []
    assert len(cached) == 4


def test_no_texts(tmp_path: Path) -> None:
    assert CachedEncoder(Counting(), tmp_path).encode([]).shape == (0, 256)


def test_what_was_done_before_an_interruption_is_kept(tmp_path: Path) -> None:
    texts = [f"text number {i}" for i in range(10)]
    with pytest.raises(KeyboardInterrupt):
        CachedEncoder(Counting(fail_at=4), tmp_path, chunk=2).encode(texts)
    counting = Counting()
    vectors = CachedEncoder(counting, tmp_path, chunk=2).encode(texts)
    assert len(counting.texts) == 6
    assert np.array_equal(vectors, HashingEncoder().encode(texts))


@pytest.mark.parametrize(("name", "rest"), [("vectors.f32", b"half a vector"), ("keys.bin", b"half a key")])
def test_half_written_rows_are_cut_off(tmp_path: Path, name: str, rest: bytes) -> None:
    CachedEncoder(Counting(), tmp_path).encode(["one", "two"])
    (path,) = tmp_path.rglob(name)
    with path.open("ab") as file:
        file.write(rest)
    counting = Counting()
    cached = CachedEncoder(counting, tmp_path)
    assert np.array_equal(cached.encode(["two", "three", "one"]), HashingEncoder().encode(["two", "three", "one"]))
    assert counting.texts == ["three"]
    assert np.array_equal(CachedEncoder(Counting(0), tmp_path).encode(["three"]), HashingEncoder().encode(["three"]))


def test_two_that_share_a_directory_see_each_other(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    one, two = CachedEncoder(first, tmp_path), CachedEncoder(second, tmp_path)
    one.encode(["a b"])
    two.encode(["c d"])
    assert np.array_equal(one.encode(["c d", "a b"]), HashingEncoder().encode(["c d", "a b"]))
    assert first.texts == ["a b"]
    assert len(two) == 2


def test_progress_counts_texts_that_had_to_be_encoded(tmp_path: Path) -> None:
    cached = CachedEncoder(Counting(), tmp_path, chunk=2)
    cached.encode(["one"])
    steps: list[tuple[int, int]] = []
    cached.encode(["one", "two", "three", "four"], lambda *step: steps.append(step))
    assert steps == [(2, 3), (3, 3)]


def test_a_folder_of_another_encoder_is_refused(tmp_path: Path) -> None:
    CachedEncoder(Counting(), tmp_path).encode(["one"])
    (path,) = tmp_path.rglob("encoder.json")
    path.write_text('{"fingerprint": "other", "dim": 3}')
    with pytest.raises(MismatchError, match="delete that folder"):
        CachedEncoder(Counting(), tmp_path)


def test_deferred_encoder_loads_when_used() -> None:
    deferred = DeferredEncoder("hashing", 256, HashingEncoder.fingerprint)
    assert np.array_equal(deferred.encode(["sumac"]), HashingEncoder().encode(["sumac"]))


def test_deferred_encoder_refuses_another_model() -> None:
    with pytest.raises(MismatchError, match="has changed since"):
        DeferredEncoder("hashing", 256, "other").encode(["sumac"])
