"""Episodes: small tasks that are made of large ones, to practise learning from few labels on.

    genre (21 labels, 2,405 films)  ->  western or war, from 20 films

An episode is a task with a few of the answers of another, a few examples to learn from, and others to be asked.
Rankings are not cut into episodes: their answers are items, which have vectors of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from ragmtl.adapting.settings import MetaSettings
from ragmtl.assembly import Assembly
from ragmtl.tasks.base import Example, Source, positions
from ragmtl.tasks.classify import ClassTask, LabelsTask

FEWEST = 2
"""Examples that an answer must have, at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """A small task.

    Attributes:
        assembly: Its examples, those to learn from before those to be asked.
        task: With the answers that were chosen.
        support: How many examples there are to learn from.
    """

    assembly: Assembly
    task: ClassTask | LabelsTask
    support: int

    @property
    def learned(self) -> list[int]:
        """Positions of the examples to learn from."""
        return list(range(self.support))

    @property
    def asked(self) -> list[int]:
        """Positions of the examples to be asked."""
        return list(range(self.support, len(self.assembly.source.examples)))


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """A task that episodes are drawn from.

    Attributes:
        assembly: Where its examples are.
        task: The task.
        rows: By answer that has enough, the training examples that have it.
        others: Training examples that are labelled with anything or, for tasks with labels, with nothing.
    """

    assembly: Assembly
    task: ClassTask | LabelsTask
    rows: dict[int, Int64[np.ndarray, " _example"]]
    others: Int64[np.ndarray, " other"]


def pools_of(assemblies: Sequence[Assembly]) -> list[Pool]:
    """The tasks that episodes can be drawn from: classes and labels with at least two answers to tell apart."""
    found = []
    for assembly in assemblies:
        for task in assembly.source.tasks:
            if isinstance(task, ClassTask | LabelsTask):
                pool = _pool(assembly, task)
                if len(pool.rows) >= (2 if isinstance(task, ClassTask) else 1):
                    found.append(pool)
    return found


def _pool(assembly: Assembly, task: ClassTask | LabelsTask) -> Pool:
    train = [int(row) for row in assembly.source.positions("train")]
    labelled = [row for row in train if task.name in assembly.source.examples[row].labels]
    by_answer: dict[int, list[int]] = {}
    for row in labelled:
        for answer in positions(assembly.source.examples[row].labels[task.name]):
            by_answer.setdefault(answer, []).append(row)
    rows = {answer: np.array(found) for answer, found in sorted(by_answer.items()) if len(found) >= FEWEST}
    return Pool(assembly, task, rows, np.array(labelled, np.int64))


def draw_episode(pools: Sequence[Pool], settings: MetaSettings, random: np.random.Generator) -> Episode:
    """A small task of one of the pools, each as likely as another."""
    pool = pools[int(random.integers(len(pools)))]
    fewest = 2 if isinstance(pool.task, ClassTask) else 1
    most = max(fewest, min(settings.answers, len(pool.rows)))
    answers = random.choice(sorted(pool.rows), int(random.integers(fewest, most + 1)), replace=False)
    few, many = np.log(settings.support)
    support = round(float(np.exp(random.uniform(few, many))))
    rows = _examples(pool, [int(answer) for answer in answers], support + settings.asked, random)
    return _episode(pool, [int(answer) for answer in answers], rows, min(support, max(1, len(rows) // 2)))


def _examples(pool: Pool, answers: Sequence[int], number: int, random: np.random.Generator) -> list[int]:
    """Different examples in random order; where any number of labels is right, half of them have one of these."""
    having = np.unique(np.concatenate([pool.rows[answer] for answer in answers]))
    if isinstance(pool.task, ClassTask):
        return [int(row) for row in random.permutation(having)[:number]]
    right = random.permutation(having)[: -(-number // 2)]
    wrong = random.permutation(np.setdiff1d(pool.others, having))[: number - len(right)]
    return [int(row) for row in random.permutation(np.concatenate([right, wrong]))]


def _episode(pool: Pool, answers: Sequence[int], rows: Sequence[int], support: int) -> Episode:
    places = {answer: place for place, answer in enumerate(answers)}
    task = replace(pool.task, answers=tuple(pool.task.answers[answer] for answer in answers), weights=())
    examples = [_relabelled(pool.assembly.source.examples[row], pool.task, places) for row in rows]
    readings = [pool.assembly.readings[row] for row in rows]
    source = Source.of(pool.assembly.source.name, examples, (task,))
    return Episode(replace(pool.assembly, source=source, readings=readings, signals={}), task, support)


def _relabelled(example: Example, task: ClassTask | LabelsTask, places: dict[int, int]) -> Example:
    """An example whose label is among a few answers, numbered anew."""
    kept = tuple(places[answer] for answer in positions(example.labels[task.name]) if answer in places)
    return replace(example, labels={task.name: kept[0] if isinstance(task, ClassTask) else kept})
