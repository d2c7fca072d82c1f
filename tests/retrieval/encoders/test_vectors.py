from __future__ import annotations

from pathlib import Path

import numpy as np

from ragmtl.retrieval.encoders.vectors import VectorStore, keys_of


def test_rows_are_found_by_key_and_read_back(tmp_path: Path) -> None:
    store = VectorStore(tmp_path / "store", 2, "some encoder")
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    store.append(keys_of(["c", "a", "b"]), vectors)
    rows = store.find(keys_of(["a", "nothing", "c"]))
    assert rows.tolist() == [1, -1, 0]
    assert store.read(rows[[0, 2]]).tolist() == [[2, 3], [0, 1]]


def test_a_key_is_written_once(tmp_path: Path) -> None:
    store = VectorStore(tmp_path, 1, "some encoder")
    for value in (1.0, 2.0):
        store.append(keys_of(["a"]), np.full((1, 1), value, np.float32))
    assert len(store) == 1
    assert store.read(store.find(keys_of(["a"]))).tolist() == [[1.0]]
