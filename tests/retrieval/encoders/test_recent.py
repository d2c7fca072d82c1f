from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from ragmtl.retrieval.encoders.encoder import CachedEncoder
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.progress import Progress


class Counting(HashingEncoder):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        self.texts.extend(texts)
        return super().encode(texts, progress)


def test_what_is_on_disk_is_read_and_nothing_is_written(tmp_path: Path) -> None:
    counting = Counting()
    cached = CachedEncoder(counting, tmp_path)
    cached.encode(["sumac"])
    recent = cached.unwritten()
    texts = ["rice", "sumac", "rice", "smoked paprika"]
    assert np.array_equal(recent.encode(texts), HashingEncoder().encode(texts))
    assert np.array_equal(recent.encode(texts[::-1]), HashingEncoder().encode(texts[::-1]))
    assert sorted(counting.texts) == ["rice", "smoked paprika", "sumac"]
    assert len(cached) == 1
    assert (recent.name, recent.dim, recent.fingerprint) == (cached.name, cached.dim, cached.fingerprint)


def test_only_recent_texts_stay_in_memory(tmp_path: Path) -> None:
    counting = Counting()
    recent = CachedEncoder(counting, tmp_path).unwritten(most=2)
    assert recent.encode([]).shape == (0, 256)
    assert len(recent.encode(["a", "b", "c"])) == 3  # more at once than are kept
    assert len(recent) == 2
    recent.encode(["b"])
    recent.encode(["d"])
    counting.texts.clear()
    recent.encode(["b", "d", "c"])
    assert counting.texts == ["c"]
