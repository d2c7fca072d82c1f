"""A figure of the benchmark of kg as a row of `result.json`, and the clock that figures are taken with."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TypeVar

Row = dict[str, object]
Made = TypeVar("Made")


def row_of(task: str, slice_: str, arm: str, metric: str, value: float, *, data: str = "lexicon") -> Row:
    """One figure.

    Args:
        task: What was done.
        slice_: On which part of the data.
        arm: By what: ours with its settings, or a peer.
        metric: What was measured, with its unit.
        value: The figure.
        data: On what data.
    """
    named = {"data": data, "task": task, "slice": slice_, "split": "all", "arm": arm, "metric": metric}
    return named | {"value": float(f"{value:.5g}"), "low": None, "high": None, "seeds": []}


def lexicon_file(data: Path) -> Path:
    """The lexicon below the folder of shared data."""
    return data / "lexicon" / "oewn.nt.gz"


def first_lines(data: Path, target: Path, lines: int) -> Path:
    """Write the first lines of the lexicon to a file."""
    with gzip.open(lexicon_file(data)) as packed, target.open("wb") as file:
        file.writelines(islice(packed, lines))
    return target


def timed(make: Callable[[], Made], repeats: int = 1) -> tuple[Made, float]:
    """What was made, and in how many seconds, at best."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        made = make()
        best = min(best, time.perf_counter() - start)
    return made, best
