"""Columns to learn: how their cells are read, and which task they make.

    Target("cuisine", "cuisine", "class", make=…)                  one answer of those that the column holds
    Target("stars", "stars", "number", make=…)                      a number

How a cell can be read is a closed list; what is made of it is not: `make` is any function that gives a `Task`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ragmtl.tasks.base import Label, Task, positions

Cells = Literal["class", "labels", "item", "number", "text", "nodes", "spans"]
"""How the cells of a column are read: one answer, any number of them, entities to rank, a number, a text; entities any
of which answers, or none (an empty list); stretches of the text, or none."""
NAMED: tuple[Cells, ...] = ("class", "labels", "item")
"""Cells that hold names of answers."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a table holds for a task.

    Attributes:
        task: Name of the task.
        answers: Names of its answers, sorted, where its cells hold names.
        train: The labels of the training examples.
    """

    task: str
    answers: tuple[str, ...]
    train: Sequence[Label]

    @property
    def counts(self) -> list[int]:
        """How many training examples have each answer."""
        counts = [0] * len(self.answers)
        for label in self.train:
            for at in positions(label):
                counts[at] += 1
        return counts


@dataclass(frozen=True, slots=True)
class Target:
    """A column to learn.

    Attributes:
        task: Name of the task.
        column: The column that holds its answers.
        kind: How its cells are read.
        make: Makes the task of what the table holds.
        min_count: Answers with fewer rows are left out, and counted.
    """

    task: str
    column: str
    kind: Cells
    make: Callable[[Learned], Task]
    min_count: int = 1
