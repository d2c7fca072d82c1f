"""Loops compiled to machine code, and the hash tables that they keep their nodes in.

A table is an array of keys, a power of two long, free slots hold -1; what belongs to a key stands beside it in other
arrays. So a query holds what it touches, and nothing as long as the graph.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
"""One direction of a graph: row pointers, neighbours, relations."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile, and keep the machine code on disk where some directory can be written; else for this process only."""
    function = inspect.unwrap(function)  # shape checks of tests cannot be compiled
    try:
        kernel: Callable[..., Any] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba found no directory for its cache
        kernel = numba.njit(nogil=True)(function)
    return kernel


@compiled
def table_for(keys: int) -> np.ndarray:
    """A table that at most half fills up with so many keys."""
    return np.full(length_for(keys), -1, np.int64)


@compiled
def length_for(keys: int) -> int:
    """How long a table is that at most half fills up with so many keys: a power of two."""
    length = 16
    while length < 2 * keys:
        length *= 2
    return length


@compiled
def slot_in(table: np.ndarray, key: int) -> int:
    """Where a key stands in a table, or the free slot where it belongs."""
    mask = len(table) - 1
    slot = first_slot(key, mask)
    while table[slot] != key and table[slot] >= 0:
        slot = (slot + 1) & mask
    return slot  # type: ignore[no-any-return]


@compiled
def first_slot(key: int, mask: int) -> int:
    """Where a key is looked for first, in a table as long as `mask` + 1."""
    mixed = (np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    return int(np.int64(mixed)) & mask
