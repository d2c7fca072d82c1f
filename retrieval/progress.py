"""How long work reports how far it is: a function of what is done and the total. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (done, total), done running up to total."""


def no_progress(done: int, total: int) -> None:
    """Report nothing."""
