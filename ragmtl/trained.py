"""What a training did, kept beside the run: what its report page and a notebook show.

`trained.json` in the folder of a run, written when training has ended; a run can be used without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragmtl.curves import Curve, curves_of
from ragmtl.errors import MismatchError
from ragmtl.tasks.base import SPLITS, Source, Task
from ragmtl.training.epochs import Epoch

TRAINED = "trained.json"
ARM = "rag-mtl"
"""What a run is called among the arms of a comparison."""


@dataclass(frozen=True, slots=True)
class TrainedTask:
    """A task that was trained.

    Attributes:
        name: As in the configuration.
        metric: Its main metric, in lower case.
        examples: How many labelled examples each split has.
    """

    name: str
    metric: str
    examples: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was made, so that it can be made again."""

    command: str
    commit: str
    machine: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trained:
    """A training that has ended.

    Attributes:
        name: Of the configuration.
        seed: It was trained with.
        tasks: In the order of the configuration.
        epochs: What was seen after each.
        best: The number of the epoch whose weights are kept.
        temperatures: What logits are divided by, by task with classes or labels.
        weights: How many numbers the model has learned.
        settings: The configuration, in TOML's terms.
        notes: What was left out, and which relations state a label.
        origin: Where it was trained.
    """

    name: str
    seed: int
    tasks: tuple[TrainedTask, ...]
    epochs: tuple[Epoch, ...]
    best: int
    temperatures: Mapping[str, float]
    weights: int
    settings: Mapping[str, Any]
    notes: tuple[str, ...]
    origin: Origin

    @property
    def best_epoch(self) -> Epoch:
        """The epoch whose weights are kept."""
        return self.epochs[self.best - 1]

    def curves(self, kind: str) -> list[Curve]:
        """The curves of one kind: `valid`, or `conflict` between two tasks."""
        return [curve for curve in curves_of(self.epochs, ARM, self.seed) if curve.kind == kind]

    def losses(self) -> list[Curve]:
        """Mean training loss of each task, after each epoch that it was trained in."""
        found = []
        for task in self.tasks:
            points = [(epoch.step, epoch.loss[task.name]) for epoch in self.epochs if task.name in epoch.loss]
            steps, values = tuple(step for step, _ in points), tuple(value for _, value in points)
            found.append(Curve("loss", task.name, ARM, self.seed, steps, values))
        return found

    def save(self, folder: Path) -> None:
        """Write it into the folder of its run, whole or not at all."""
        beside = folder / f".{TRAINED}"
        beside.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(folder / TRAINED)

    @classmethod
    def load(cls, folder: Path) -> Trained:
        """Read what `save` wrote.

        Raises:
            MismatchError: There is nothing, or something else.
        """
        path = folder / TRAINED
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            tasks = tuple(TrainedTask(**task) for task in fields.pop("tasks"))
            epochs, origin = tuple(Epoch(**epoch) for epoch in fields.pop("epochs")), Origin(**fields.pop("origin"))
            found = cls(tasks=tasks, epochs=epochs, origin=origin, notes=tuple(fields.pop("notes")), **fields)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MismatchError(f"{path}: expected what `ragmtl train` wrote, found {error}; train again") from None
        if not 1 <= found.best <= len(epochs):
            raise MismatchError(f"{path}: expected one of {len(epochs)} epochs, found number {found.best}; train again")
        return found


def trained_task(task: Task, source: Source) -> TrainedTask:
    """A task with the number of its labelled examples in each split."""
    rows = {split: source.positions(split).tolist() for split in SPLITS}
    examples: dict[str, int] = {split: _labelled(task.name, source, found) for split, found in rows.items()}
    return TrainedTask(task.name, task.main_metric, examples)


def _labelled(task: str, source: Source, rows: Sequence[int]) -> int:
    return sum(task in source.examples[row].labels for row in rows)
