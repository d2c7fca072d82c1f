from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import MismatchError
from ragmtl.kg.adjacency import compress
from ragmtl.retrieval.files.arrays import invert, load_arrays, load_json, save_arrays, save_json


def test_arrays_come_back_mapped_and_read_only(tmp_path: Path) -> None:
    save_arrays(tmp_path, {"some": np.arange(5)[::-1], "none": np.zeros(0, np.int32)})
    loaded = load_arrays(tmp_path, ["some", "none"])
    assert loaded["some"].tolist() == [4, 3, 2, 1, 0]
    assert isinstance(loaded["some"].base, np.memmap)
    assert len(loaded["none"]) == 0
    with pytest.raises(ValueError, match="read-only"):
        loaded["some"][0] = 1


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    (tmp_path / "bad.npy").write_bytes(pickle.dumps([1, 2]))
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    for name in ("bad", "objects", "missing"):
        with pytest.raises(MismatchError, match="none that is whole"):
            load_arrays(tmp_path, [name])


def test_json_objects_only(tmp_path: Path) -> None:
    save_json(tmp_path / "good.json", {"ä": 1})
    assert load_json(tmp_path / "good.json") == {"ä": 1}
    save_json(tmp_path / "list.json", [1])
    with pytest.raises(MismatchError, match="found list"):
        load_json(tmp_path / "list.json")
    with pytest.raises(MismatchError, match="none that can be read"):
        load_json(tmp_path / "missing.json")


def test_inverting_twice_gives_the_same_back() -> None:
    generator = np.random.default_rng(0)
    rows = np.sort(generator.integers(0, 20, 100))
    columns = generator.integers(0, 15, 100).astype(np.int32)
    indptr = compress(rows, 20)
    columns = columns[np.lexsort((columns, rows))]
    there = invert(indptr, columns, 15)
    back = invert(*there, 20)
    assert np.array_equal(back[0], indptr)
    assert np.array_equal(back[1], columns)
