"""Memory that a server has freed, given back to the system.

Batches differ in size, and the C library keeps what they leave behind: without this a server under load grows to
several times what it needs at once.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache

EVERY = 32
"""Batches after which memory is given back."""


def give_back() -> None:
    """Give freed memory back, where the C library is one that is asked for it."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    found = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    return found or (lambda _: None)
