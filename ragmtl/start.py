"""Going on from a run: the same tasks, of which some know other answers; what it has learned is where training starts.

    ragmtl train CONFIG --from RUN --out NEW --epochs 3

A class that the table of the run did not have begins as what known classes of a like name are (`ragmtl.models.grow`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, Shaped
from torch import Tensor

from ragmtl.checks import Tell
from ragmtl.config import Config
from ragmtl.errors import MismatchError
from ragmtl.gather import Material
from ragmtl.models.checkpoint import load_checkpoint
from ragmtl.models.grow import Kept, go_on, mixing
from ragmtl.models.model import Model
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.index import Index
from ragmtl.saved import read_saved, saved_size
from ragmtl.sizes import ModelSize
from ragmtl.tasks.base import Task

WRITES = "generation"
_FIXED = ("ranking", "number", "node")
"""Heads whose answers must be the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A run to go on from.

    Attributes:
        folder: Where it is.
        size: Of its model.
        answers: By task.
        entities: Nodes that have a learned vector, for each source.
        graph: The digest of the graph of its index.
        weights: Of its model.
    """

    folder: Path
    size: ModelSize
    answers: Mapping[str, Sequence[str]]
    entities: Sequence[Sequence[int]]
    graph: object
    weights: Mapping[str, Shaped[Tensor, "..."]]

    @classmethod
    def read(cls, folder: str | Path) -> Start:
        """Read a run, but not its tables.

        Raises:
            MismatchError: The folder holds no run.
        """
        place = Path(folder)
        saved = read_saved(place)
        size, weights = saved_size(saved["size"], place), load_checkpoint(place / "best").tensors
        return cls(place, size, saved["answers"], saved["entities"], saved["graph"], weights)

    def check(self, config: Config, index: Index, tasks: Sequence[Task]) -> None:
        """Refuse what cannot be gone on with.

        Raises:
            MismatchError: The graph, the settings of the model or the tasks are others.
        """
        if index.manifest["graph"] != self.graph:
            raise MismatchError(f"expected the graph that {self.folder} was trained with, found another; train anew")
        if config.model != self.size.settings:
            changed = [name for name, value in config.model if value != getattr(self.size.settings, name)]
            raise MismatchError(
                f"expected [model] as in {self.folder}, found another {', '.join(changed)}; put it back"
            )
        found, known = {task.name: task.head for task in tasks}, {n: head.kind for n, head in self.size.heads.items()}
        if found != known:
            apart = ", ".join(
                sorted(name for name in found.keys() | known.keys() if found.get(name) != known.get(name))
            )
            raise MismatchError(
                f"expected the tasks of {self.folder} ({', '.join(known)}), found others ({apart}); `ragmtl adapt` "
                "adds a task"
            )
        for task in tasks:
            if task.head == WRITES:
                raise MismatchError(
                    f"task {task.name!r}: expected no task that writes: its table numbers its words; train anew"
                )
            if task.head in _FIXED and list(task.answers) != list(self.answers[task.name]):
                raise MismatchError(
                    f"task {task.name!r}: expected the {len(self.answers[task.name])} answers that {self.folder} "
                    f"knows, found {len(task.answers)}, not the same; only classes, labels and stretches can be added"
                )

    def apply(self, model: Model, material: Material, tell: Tell) -> None:
        """Set the weights of a new model, and tell of each task which answers are new or gone.

        Raises:
            MismatchError: The models do not have the same parts.
        """
        tasks = [task for one in material.assemblies for task in one.source.tasks]
        encoder, mixed = material.index.encoder, dict[str, Tensor]()
        for task in tasks:
            if task.head not in _FIXED:
                old, new = self.answers[task.name], task.answers
                mixed[task.name] = mixing(old, new, _likeness(encoder, new, old))
                for note in _changes(task.name, old, new):
                    tell(f"note: {note}")
        labelled = _side_by_side([mixed.get(task.name, torch.eye(len(task.answers))) for task in tasks])
        rows = _rows(self.entities, material.entities)
        go_on(model, self.weights, Kept(mixed, labelled, torch.from_numpy(rows)))


def _side_by_side(parts: Sequence[Float[Tensor, "_new _old"]]) -> Float[Tensor, "label old"]:
    """Tables along the diagonal of one."""
    table = torch.zeros(sum(len(part) for part in parts), sum(part.shape[1] for part in parts))
    row = column = 0
    for part in parts:
        table[row : row + len(part), column : column + part.shape[1]] = part
        row, column = row + len(part), column + part.shape[1]
    return table


def _likeness(encoder: Encoder, new: Sequence[str], old: Sequence[str]) -> Float32[np.ndarray, "new old"]:
    """The cosine of the vectors of names."""
    return np.asarray(encoder.encode(list(new)) @ encoder.encode(list(old)).T, np.float32)


def _changes(task: str, old: Sequence[str], new: Sequence[str]) -> list[str]:
    notes = []
    for what, some in (("new", sorted({*new} - {*old})), ("gone", sorted({*old} - {*new}))):
        if some:
            more = ", \u2026" if len(some) > 3 else ""  # noqa: PLR2004
            notes.append(f"{task}: of {len(new)} answers, {len(some)} {what} ({', '.join(some[:3])}{more})")
    return notes


def _rows(old: Sequence[Sequence[int]], new: Sequence[Int64[np.ndarray, " _entity"]]) -> Int64[np.ndarray, " row"]:
    """The row of each learned entity in the table of the old model, source by source; 0 where it is new."""
    rows, first = [0], 1
    for place, nodes in enumerate(new):
        known = {node: first + at for at, node in enumerate(old[place])} if place < len(old) else {}
        rows += [known.get(node, 0) for node in nodes.tolist()]
        first += len(known)
    return np.array(rows, np.int64)
