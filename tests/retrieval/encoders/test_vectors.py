from __future__ import annotations

from pathlib import Path

import numpy as np

from ragmtl.retrieval.encoders.vectors import VectorStore, forget, keys_of, vectors_beside


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


def filled(folder: Path) -> VectorStore:
    store = VectorStore(folder, 2, "some encoder")
    store.append(keys_of(["a", "b", "c"]), np.arange(1, 7, dtype=np.float32).reshape(3, 2))
    return store


def test_what_is_forgotten_leaves_no_trace_and_may_come_again(tmp_path: Path) -> None:
    folder = vectors_beside(tmp_path / "index") / "some"
    open_before = filled(folder)
    forget(vectors_beside(tmp_path / "index"), ["b", "nothing"])
    assert keys_of(["b"]).tobytes() not in (folder / "keys.bin").read_bytes()
    assert np.array([3, 4], "<f4").tobytes() not in (folder / "vectors.f32").read_bytes()
    for store in (open_before, VectorStore(folder, 2, "some encoder")):
        assert store.find(keys_of(["a", "b", "c"])).tolist() == [0, -1, 2]
        assert store.read(np.array([0, 2])).tolist() == [[1, 2], [5, 6]]
    open_before.append(keys_of(["b"]), np.full((1, 2), 9, np.float32))
    assert open_before.read(open_before.find(keys_of(["b"]))).tolist() == [[9, 9]]


def test_a_vector_whose_key_a_killed_process_forgot_is_forgotten_next_time(tmp_path: Path) -> None:
    filled(tmp_path)
    with (tmp_path / "keys.bin").open("r+b") as file:
        file.seek(32)
        file.write(bytes(32))
    VectorStore(tmp_path, 2, "some encoder").forget(keys_of(["nothing"]))
    assert np.fromfile(tmp_path / "vectors.f32", "<f4").tolist() == [1, 2, 0, 0, 5, 6]


def test_where_nothing_is_kept_there_is_nothing_to_forget(tmp_path: Path) -> None:
    forget(tmp_path / "nowhere", ["a"])
    VectorStore(tmp_path, 2, "some encoder").forget(keys_of(["a"]))
    assert not (tmp_path / "nowhere").exists()
