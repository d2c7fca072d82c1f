"""Curves: what was seen after each epoch of a training, kept beside the figures of its arm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ragmtl.errors import MismatchError
from ragmtl.training.epochs import Epoch

CURVES = "curves.json"


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity over the epochs of one training.

    Attributes:
        kind: `valid`: the main metric of a task on validation; `conflict`: the cosine between two tasks' gradients.
        name: The task, or the two tasks, as "genre | sentiment".
        arm: Which arm was trained.
        seed: With which seed.
        steps: Steps done after each epoch.
        values: What was seen.
    """

    kind: str
    name: str
    arm: str
    seed: int
    steps: tuple[int, ...]
    values: tuple[float, ...]


def curves_of(epochs: Sequence[Epoch], arm: str, seed: int) -> list[Curve]:
    """The curves of one training; epochs in which a cosine was not seen are left out of it."""
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for epoch in epochs:
        for kind, values in (("valid", epoch.metrics), ("conflict", epoch.conflict)):
            for name, value in values.items():
                found.setdefault((kind, name), []).append((epoch.step, value))
    return [
        Curve(kind, name, arm, seed, tuple(step for step, _ in points), tuple(value for _, value in points))
        for (kind, name), points in found.items()
    ]


def save_curves(curves: Sequence[Curve], folder: Path) -> None:
    """Write curves into the folder of an arm."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(curve) for curve in curves], allow_nan=True)
    (folder / CURVES).write_text(text, encoding="utf-8")


def load_curves(folder: Path) -> tuple[Curve, ...]:
    """Read what `save_curves` wrote; none where there is no such file.

    Raises:
        MismatchError: The file holds something else.
    """
    path = folder / CURVES
    if not path.exists():
        return ()
    try:
        return tuple(curve_from(row) for row in json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError) as error:
        raise MismatchError(f"{path}: expected curves of a training, found {error}; delete that file") from None


def curve_from(row: dict[str, object]) -> Curve:
    """A curve out of JSON."""
    return Curve(**{**row, "steps": tuple(row["steps"]), "values": tuple(row["values"])})  # type: ignore[arg-type]
