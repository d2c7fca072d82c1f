"""How good a model is: every metric of every task of a source, with what each example adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64

from ragmtl.assembly import Assembly
from ragmtl.models.batch import Batch
from ragmtl.models.fusion.tokens import Fused
from ragmtl.models.model import Model
from ragmtl.tasks.base import CHOICES, Example, Split, Task
from ragmtl.tasks.metrics import Statistics, concatenate, mean
from ragmtl.tasks.recommendation.lists import best_items
from ragmtl.tasks.recommendation.recommend import RankingTask

EXAMPLES_AT_ONCE, SCORES_AT_ONCE = 256, 4_000_000
LISTED = 10
SHARES = ("passages", "nodes", "none")


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """What a model says about some examples, and where it looked: `SHARES`, and whether there was any evidence."""

    logits: Float[np.ndarray, "example answer"]
    examples: list[Example]
    attention: Float64[np.ndarray, "example share"]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One task on one split.

    Attributes:
        task: Its name.
        metrics: Every metric of the task, with one row of statistics per example.
        groups: What each example stands or falls with.
        slices: Which examples count in each named part.
        threshold: From which probability on labels were chosen, where the task has labels.
        attention: Share of attention that went to `passages`, to `nodes` and to `none` of the evidence; empty where
            no example had any.
        lists: The best items for each example, of a ranking; None otherwise.
    """

    task: str
    metrics: Mapping[str, Statistics]
    groups: tuple[str, ...]
    slices: Mapping[str, np.ndarray]
    threshold: float | None = None
    attention: Mapping[str, Statistics] = field(default_factory=dict)
    lists: Int64[np.ndarray, "example place"] | None = None

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
    attention, parts, threshold = [np.zeros((0, len(SHARES) + 1))], [], None
    logits, lists = [np.zeros((0, len(task.answers)), np.float32)], []
    for found in _answers(model, assembly, task, rows):
        attention.append(found.attention)
        if task.head in CHOICES:
            logits.append(found.logits)
        else:  # may be wide, as a list of items is, or of any width: measured at once, and not kept
            parts.append(task.measure(found.logits, found.examples))
        if isinstance(task, RankingTask):
            lists.append(best_items(task.masked(found.logits, found.examples), LISTED))
    if task.head not in CHOICES:
        metrics = {name: concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
    else:
        together = np.concatenate(logits)
        threshold = thresholds[task.name] if thresholds else task.choose_threshold(together, examples)
        metrics = dict(task.measure(together, examples, threshold))
    groups = tuple(example.group for example in examples)
    attended = _attended(np.concatenate(attention))
    best = np.concatenate(lists) if lists else None
    return Measured(task.name, metrics, groups, _slices(task, examples), threshold, attended, best)


def _answers(model: Model, assembly: Assembly, task: Task, rows: Sequence[int]) -> Iterator[_Answers]:
    """What the model says about some examples at a time."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    try:
        block = examples_at_once(len(task.answers))
        for start in range(0, len(rows), block):
            chosen = rows[start : start + block]
            batch = assembly.batch(chosen).to(device)
            with torch.inference_mode():
                outputs = model(batch, [task.name])
            logits = outputs.heads[task.name].float().cpu().numpy()
            yield _Answers(logits, assembly.examples(chosen), _attention(batch, outputs.fused))
    finally:
        model.train(training)


def examples_at_once(answers: int) -> int:
    """How many examples are measured together: fewer where each has many answers, and as many scores for each signal.

    >>> examples_at_once(3), examples_at_once(3_000), examples_at_once(100_000), examples_at_once(10**9)
    (256, 256, 40, 1)
    """
    return min(EXAMPLES_AT_ONCE, max(1, SCORES_AT_ONCE // max(answers, 1)))


def _attention(batch: Batch, fused: Fused) -> Float64[np.ndarray, "example share"]:
    """Attention on passages, on nodes and on no evidence, and 1 for examples that have evidence, side by side."""
    sizes = torch.bincount(batch.node_example, minlength=len(batch))
    nodes = torch.zeros(len(batch), device=sizes.device).index_add(0, batch.node_example, fused.node_weights.float())
    some = (batch.passage_mask.any(1) | (sizes > 0)).float()
    columns = [fused.passage_weights.float().sum(1), nodes, fused.no_evidence.float(), some]
    found: Float64[np.ndarray, "example share"] = torch.stack(columns, 1).double().cpu().numpy()
    return found


def _attended(attention: Float64[np.ndarray, "example share"]) -> dict[str, Statistics]:
    """The mean share of each kind over the examples that have evidence."""
    some = attention[:, -1] > 0
    return {name: mean(attention[:, place], some) for place, name in enumerate(SHARES)} if some.any() else {}


def _slices(task: Task, examples: Sequence[Example]) -> dict[str, np.ndarray]:
    names = [set(task.slices(example)) for example in examples]
    every = dict.fromkeys(["all", *sorted(set().union(*names))]) if names else {"all": None}
    return {part: np.array([part in found for found in names], np.bool_) for part in every}
