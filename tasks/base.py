"""What every task shares: examples, the contract of a task, and the source that tasks draw examples from.

An example may carry labels for several tasks, or for some of them only; what is missing is masked, in the loss
and in the metrics. Batches are drawn from one source at a time (`mixture.py`).

A task is one module: its head, its loss, its metrics, and how its answer is shown. How its examples are read is said by
its table of the configuration (`ragmtl/config/tasks.py`); a table of one's own may stand in one's own file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ragmtl.retrieval.query import Query
from ragmtl.retrieval.tagging.spans import Span
from ragmtl.tasks.metrics import Statistics
from ragmtl.tasks.splits import SPLITS as SPLITS
from ragmtl.tasks.splits import Split as Split

if TYPE_CHECKING:
    from ragmtl.tasks.answer import Answer, Asked

Head = str
"""Which kind of head answers a task: `class`, `labels`, `ranking`, or another, which the task makes itself."""
CHOICES = ("class", "labels")
"""Heads whose logits become the chance of each of a few answers."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches of the text of an example; none: it speaks of nothing."""

    spans: tuple[Span, ...]


Label = int | tuple[int, ...] | float | str | Spans
"""A class, a set of labels, the item or items wanted (positions in `Task.answers`); a number; a text; its stretches."""
Items = Int64[np.ndarray, " _items"]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One input, with what is known about its answers.

    Attributes:
        id: What the user calls it; unique within its source.
        query: The input.
        labels: The answer by task; a task that is absent is not labelled.
        group: What it stands or falls with (a user, a dialogue, a film): never divided between
            splits that are made, and drawn together in the bootstrap.
        split: `train`, `valid` or `test`.
        time: When it happened, where that is known; seconds.
        past: By ranking task, the items met before, oldest first, all of them (`query.history` may
            hold only the most recent); positions in `Task.answers`.
        excluded: By ranking task, other items that are no answer, and are not shown either.
        nodes: By task that answers with nodes of the evidence, the IRIs of the right ones; none: not in the graph.
    """

    id: str
    query: Query
    labels: Mapping[str, Label]
    group: str
    split: Split
    time: float | None = None
    past: Mapping[str, Items] = field(default_factory=dict)
    excluded: Mapping[str, Items] = field(default_factory=dict)
    nodes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@runtime_checkable
class Task(Protocol):
    """Something to learn: its head, its loss, how it is judged, and how its answer is shown."""

    @property
    def name(self) -> str:
        """As in the configuration; the key in `Example.labels`."""
        ...

    @property
    def head(self) -> Head:
        """Which kind of head answers it."""
        ...

    @property
    def answers(self) -> Sequence[str]:
        """What the columns of its logits stand for: names of classes or labels, IRIs of items, what is measured."""
        ...

    @property
    def main_metric(self) -> str:
        """The metric that training stops on."""
        ...

    def new_head(self, dim: int) -> nn.Module:
        """An untrained head, from a `HeadInput` with shared vectors of width `dim` to logits.

        That of a ranking is made of its items instead (`ragmtl/sizes.py`).
        """
        ...

    def loss(self, logits: Float[Tensor, "batch answer"], examples: Sequence[Example]) -> Float[Tensor, ""]:
        """The mean loss over the examples that carry a label; zero, with a gradient, where none does."""
        ...

    def measure(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example], threshold: float | None = None
    ) -> Mapping[str, Statistics]:
        """Every metric of the task, by name; examples without a label have rows of zeros."""
        ...

    def choose_threshold(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example]
    ) -> float | None:
        """The threshold that is best on these (validation) examples; None where the task has none."""
        ...

    def slices(self, example: Example) -> tuple[str, ...]:
        """Which parts of the evaluation the example counts in: `all`, and others that the task names."""
        ...

    def answer(self, logits: Float[np.ndarray, " answer"], asked: Asked) -> Answer:
        """What is shown for the logits of one example."""
        ...


class Plain:
    """For tasks to build on: without a threshold, and judged on all examples alike."""

    __slots__ = ()

    def choose_threshold(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example]
    ) -> float | None:
        """None: there is nothing to choose."""

    def slices(self, example: Example) -> tuple[str, ...]:
        """Every example counts in `all`."""
        return ("all",)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Examples that share a table, and the tasks that they carry labels for.

    Attributes:
        name: The table; unique within a run.
        examples: All of them, in the order of the table.
        splits: The split of each example: 0 train, 1 valid, 2 test.
        tasks: The tasks that at least one example is labelled for.
        notes: What was left out, counted, for the user to read.
    """

    name: str
    examples: Sequence[Example]
    splits: Int64[np.ndarray, " example"]
    tasks: tuple[Task, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, examples: Sequence[Example], tasks: tuple[Task, ...], notes: tuple[str, ...] = ()) -> Source:
        """A source of examples that say their split."""
        splits = np.array([SPLITS.index(example.split) for example in examples], np.int64)
        return cls(name, examples, splits, tasks, notes)

    def positions(self, split: Split) -> Int64[np.ndarray, " chosen"]:
        """Where the examples of a split stand in `examples`."""
        return np.flatnonzero(self.splits == SPLITS.index(split)).astype(np.int64)


def positions(label: Label | None) -> tuple[int, ...]:
    """The right answers of a label, as positions among those of its task; none for a number, a text, or no label."""
    if isinstance(label, tuple):
        return label
    return (label,) if isinstance(label, int) else ()


def no_loss(logits: Float[Tensor, "batch answer"]) -> Float[Tensor, ""]:
    """The loss of a batch in which nothing is labelled: zero, with a gradient of zero."""
    return (logits * 0.0).sum()
