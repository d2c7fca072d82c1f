"""Labelled neighbours of a run: training examples of a source, as evidence for the others of it.

An example never sees itself, nor what is of its group; answers of validation and test are never looked at. Logs of
interactions have no neighbours: who met the same items is in their signals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ragmtl.compare import EvidenceKind
from ragmtl.loaded import Loaded
from ragmtl.models.batch import Labelled, Reading
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.evidence import LabelledExample, ScoredExample
from ragmtl.retrieval.passages.neighbours import LabelledNeighbours
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Task, positions


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSource:
    """The training examples of a source.

    Attributes:
        finder: Finds those that are like a query.
        table: Their vectors and answers.
        most: How many for each query.
    """

    finder: LabelledNeighbours
    table: Labelled
    most: int

    def add(
        self, readings: Sequence[Reading], queries: Sequence[Query], kind: EvidenceKind = "retrieved", seed: int = 0
    ) -> list[Reading]:
        """The readings with neighbours in their evidence: at random with random passages, none without evidence.

        Args:
            readings: What was read about each query.
            queries: As `asked` makes them of examples.
            kind: Which evidence.
            seed: Of random neighbours.
        """
        if kind == "none":
            return list(readings)
        rng = np.random.default_rng(seed)
        found = (
            [self._at_random(query, rng) for query in queries]
            if kind == "random-passages"
            else self.finder.find_many(queries, self.most)
        )
        return [
            one if one.evidence is None else replace(one, evidence=replace(one.evidence, neighbours=beside))
            for one, beside in zip(readings, found, strict=True)
        ]

    def _at_random(self, query: Query, rng: np.random.Generator) -> tuple[ScoredExample, ...]:
        allowed = np.setdiff1d(np.arange(len(self.finder.examples)), self.finder.forbidden(query))
        rows = rng.choice(allowed, min(self.most, len(allowed)), replace=False)
        return tuple(ScoredExample(self.finder.examples[row], 1.0, {}, "at random") for row in rows.tolist())


def asked(example: Example) -> Query:
    """The query of an example, which says whose labels it must not see."""
    return replace(example.query, example=example.id, group=example.group)


def labelled_sources(loaded: Sequence[Loaded], encoder: Encoder, most: int) -> list[LabelledSource | None]:
    """The training examples of each source; None for sources without texts, and for all where `most` is 0.

    Args:
        loaded: The sources.
        encoder: Makes the vectors of texts, for finding and for reading.
        most: Neighbours of each query.
    """
    rows = answer_rows([task for one in loaded for task in one.source.tasks])
    return [_labelled(one, encoder, most, rows) if most else None for one in loaded]


def answer_rows(tasks: Sequence[Task]) -> dict[str, range]:
    """The rows of each task's answers in the table of all answers, one task after the other."""
    rows, first = {}, 0
    for task in tasks:
        rows[task.name] = range(first, first + len(task.answers))
        first += len(task.answers)
    return rows


def _labelled(one: Loaded, encoder: Encoder, most: int, rows: Mapping[str, range]) -> LabelledSource | None:
    train = [one.source.examples[row] for row in one.source.positions("train").tolist()]
    if not any(example.query.text for example in train):
        return None
    names = {task.name: task.answers for task in one.source.tasks}
    examples = [
        LabelledExample(
            id=example.id,
            text=example.query.text,
            labels=tuple(names[task][at] for task in names for at in positions(example.labels.get(task))),
            group=example.group,
            entities=(*example.query.entities, *example.query.history),
        )
        for example in train
    ]
    answers = [
        np.array([rows[task][at] for task in names for at in positions(example.labels.get(task))], np.int64)
        for example in train
    ]
    vectors = encoder.encode([example.text for example in examples])
    numbers = {example.id: row for row, example in enumerate(examples)}
    table = Labelled(numbers, vectors, answers, {task: rows[task] for task in names})
    return LabelledSource(LabelledNeighbours(examples, encoder), table, most)
