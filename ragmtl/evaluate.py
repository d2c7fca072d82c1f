"""How good a model is: every metric of every task of a source, with what each example adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from ragmtl.assembly import Assembly
from ragmtl.models.model import Model
from ragmtl.tasks.base import Example, Split, Task
from ragmtl.tasks.metrics import Statistics, concatenate

EXAMPLES_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One task on one split.

    Attributes:
        task: Its name.
        metrics: Every metric of the task, with one row of statistics per example.
        groups: What each example stands or falls with.
        slices: Which examples count in each named part.
        threshold: From which probability on labels were chosen, where the task has labels.
    """

    task: str
    metrics: Mapping[str, Statistics]
    groups: tuple[str, ...]
    slices: Mapping[str, np.ndarray]
    threshold: float | None = None

    def value(self, metric: str, part: str = "all") -> float:
        """A metric over one part of the examples."""
        return self.metrics[metric].of(self.slices[part]).value


def evaluate(
    model: Model,
    assembly: Assembly,
    split: Split,
    thresholds: Mapping[str, float | None] | None = None,
    tasks: Sequence[str] | None = None,
) -> dict[str, Measured]:
    """Measure the tasks of a source on a split.

    Args:
        model: Put into evaluation mode and back.
        assembly: The source.
        split: Which examples.
        thresholds: Of tasks with labels; where a task has none, the best one on these very examples is taken, which
            is right for validation only.
        tasks: Names of the tasks to measure; all of the source where None.
    """
    wanted = [task for task in assembly.source.tasks if tasks is None or task.name in tasks]
    return {task.name: _measure(model, assembly, task, split, thresholds) for task in wanted}


def _measure(
    model: Model, assembly: Assembly, task: Task, split: Split, thresholds: Mapping[str, float | None] | None
) -> Measured:
    rows = [
        row for row in assembly.source.positions(split).tolist() if task.name in assembly.source.examples[row].labels
    ]
    examples = assembly.examples(rows)
    threshold = None
    if task.head == "ranking":
        parts = [task.measure(logits, chunk) for logits, chunk in _answers(model, assembly, task, rows)]
        metrics = {name: concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
    else:
        nothing = np.zeros((0, len(task.answers)), np.float32)
        logits = np.concatenate([nothing, *(found for found, _ in _answers(model, assembly, task, rows))])
        threshold = thresholds[task.name] if thresholds else task.choose_threshold(logits, examples)
        metrics = dict(task.measure(logits, examples, threshold))
    return Measured(task.name, metrics, tuple(e.group for e in examples), _slices(task, examples), threshold)


def _answers(
    model: Model, assembly: Assembly, task: Task, rows: Sequence[int]
) -> Iterator[tuple[Float[np.ndarray, "example answer"], list[Example]]]:
    """Logits of some examples at a time."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    try:
        for start in range(0, len(rows), EXAMPLES_AT_ONCE):
            chosen = rows[start : start + EXAMPLES_AT_ONCE]
            with torch.inference_mode():
                outputs = model(assembly.batch(chosen).to(device), [task.name])
            yield outputs.heads[task.name].float().cpu().numpy(), assembly.examples(chosen)
    finally:
        model.train(training)


def _slices(task: Task, examples: Sequence[Example]) -> dict[str, np.ndarray]:
    names = [set(task.slices(example)) for example in examples]
    every = dict.fromkeys(["all", *sorted(set().union(*names))]) if names else {"all": None}
    return {part: np.array([part in found for found in names], np.bool_) for part in every}
