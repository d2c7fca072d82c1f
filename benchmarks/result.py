"""What every benchmark writes: rows with intervals, and what is needed to run it again.

{data, task, slice, split, arm, metric, value, low, high, seeds}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ragmtl.report import commit, machine, versions

RESAMPLES = 10_000
Row = dict[str, object]
Place = tuple[str, str, str, str]
"""Data, task, slice and split of a row."""


def mean_row(place: Place, arm: str, metric: str, scores: np.ndarray | Sequence[float], seeds: Sequence[int]) -> Row:
    """A mean over questions, with its interval: the questions are drawn anew, with replacement.

    Args:
        place: Data, task, slice and split.
        arm: What was measured.
        metric: How.
        scores: One for each question; with several seeds, a row of them for each seed.
        seeds: Those of training; empty where nothing was trained.
    """
    each = np.atleast_2d(np.asarray(scores, np.float64)).mean(axis=0)
    generator = np.random.default_rng(0)
    draws = [each[generator.integers(len(each), size=len(each))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return plain_row(place, arm, metric, (float(each.mean()), float(low), float(high)), seeds)


def plain_row(
    place: Place, arm: str, metric: str, figure: float | tuple[float, float, float], seeds: Sequence[int] = ()
) -> Row:
    """A figure; without an interval (a time, a size) its bounds are the figure itself."""
    value, low, high = figure if isinstance(figure, tuple) else (figure, figure, figure)
    names = dict(zip(("data", "task", "slice", "split"), place, strict=True))
    figures = {name: round(number, 6) for name, number in (("value", value), ("low", low), ("high", high))}
    return {**names, "arm": arm, "metric": metric, **figures, "seeds": list(seeds)}


def save(path: Path, command: str, rows: Sequence[Row], notes: Sequence[str] = ()) -> None:
    """Write `result.json`."""
    seeds = sorted({seed for row in rows for seed in row["seeds"]})  # type: ignore[attr-defined]
    result = {
        "command": command,
        "commit": commit(Path(__file__).parent),
        "machine": machine(),
        "versions": versions(),
        "seeds": seeds,
        "notes": list(notes),
        "rows": list(rows),
    }
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path) -> tuple[list[Row], list[str]]:
    """The rows and the notes of an earlier run; none where there was none."""
    if not path.is_file():
        return [], []
    found = json.loads(path.read_text(encoding="utf-8"))
    return found.get("rows", []), found.get("notes", [])
