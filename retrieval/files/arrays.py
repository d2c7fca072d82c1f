"""Arrays and settings on disk: `.npy` files that are memory-mapped when read, and JSON. Nothing is ever unpickled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64, Integer

from ragmtl.errors import MismatchError
from ragmtl.kg.adjacency import compress

Arrays = dict[str, np.ndarray]

AGAIN = "run `ragmtl index` again"
"""What helps when a part of an index is not what it should be."""


def save_arrays(directory: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write each array into a file of its own."""
    for name, array in arrays.items():
        np.save(directory / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def load_arrays(directory: Path, names: Iterable[str]) -> Arrays:
    """Open arrays, memory-mapped and read-only.

    Raises:
        MismatchError: A file is missing, truncated, or something else than an array.
    """
    return {name: _load_array(directory / f"{name}.npy") for name in names}


def save_json(path: Path, content: object) -> None:
    """Write something as JSON."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def load_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        MismatchError: There is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MismatchError(
            f"expected a JSON object in {path}, found none that can be read ({error}); {AGAIN}"
        ) from error
    if not isinstance(content, dict):
        raise MismatchError(f"expected a JSON object in {path}, found {type(content).__name__}; {AGAIN}")
    return content


def invert(
    indptr: Int64[np.ndarray, " pointers"], columns: Integer[np.ndarray, " entries"], count: int
) -> tuple[Int64[np.ndarray, " other_pointers"], Int32[np.ndarray, " entries"]]:
    """The same entries by column: row pointers, and the rows of each column in order.

    >>> pointers, rows = invert(np.array([0, 2, 3]), np.array([1, 0, 1]), 2)
    >>> pointers.tolist(), rows.tolist()
    ([0, 1, 3], [0, 0, 1])
    """
    rows = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    return compress(columns, count), rows[np.argsort(columns, kind="stable")]


def _load_array(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise MismatchError(f"expected an array in {path}, found none that is whole ({error}); {AGAIN}") from error
    return array.view(np.ndarray)  # slices of a plain array cost a tenth of those of a memmap; the file stays mapped
