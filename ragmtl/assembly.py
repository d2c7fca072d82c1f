"""From examples to batches: what was read about each example of a source, put together when it is needed.

Vectors and evidence are computed once and kept; signals of ranking tasks are as wide as the item list, so they are
computed for the examples of a batch only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32

from ragmtl.models.batch import Batch, Reading, Vectors, collate
from ragmtl.places import reached
from ragmtl.retrieval.evidence import Evidence
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.generation import GenerationTask
from ragmtl.verbalise import texts_of


@dataclass(frozen=True, slots=True, eq=False)
class ItemSignals:
    """What is computed for a ranking when a batch is made.

    Attributes:
        scores: Scores of every item, from examples and their evidence; larger means more likely.
        context: What the weight of these scores may depend on.
        starts: What the weights of the first scores start from, where they were learned before.
        names: What each score is called.
    """

    scores: Callable[[Sequence[Example], Sequence[Evidence | None]], Float32[np.ndarray, "example item signal"]]
    context: Callable[[Sequence[Example]], Float32[np.ndarray, "example habit"]]
    starts: tuple[float, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Assembly:
    """The examples of a source, with everything that was read about them.

    Attributes:
        source: The examples and the tasks that they are labelled for.
        readings: One per example, without signals.
        vectors: Frozen vectors of nodes and passages.
        signals: By ranking task.
    """

    source: Source
    readings: Sequence[Reading]
    vectors: Vectors
    signals: Mapping[str, ItemSignals]

    def only(self, tasks: Collection[str]) -> Assembly | None:
        """The same for some of the tasks; None where the source has none of them."""
        kept = tuple(task for task in self.source.tasks if task.name in tasks)
        if not kept:
            return None
        signals = {name: found for name, found in self.signals.items() if name in tasks}
        labelled = None if self.vectors.labelled is None else self.vectors.labelled.only(tasks)
        vectors = replace(self.vectors, labelled=labelled)
        return replace(self, source=replace(self.source, tasks=kept), signals=signals, vectors=vectors)

    def examples(self, rows: Sequence[int]) -> list[Example]:
        """The examples at these positions."""
        return [self.source.examples[row] for row in rows]

    def batch(self, rows: Sequence[int]) -> Batch:
        """The examples at these positions, as tensors."""
        readings = [self.readings[row] for row in rows]
        if any(task.head == "node" for task in self.source.tasks):
            readings = [replace(reading, reached=reached(reading.evidence)) for reading in readings]
        examples, evidence = self.examples(rows), [reading.evidence for reading in readings]
        texts = {
            task.name: texts_of(task, examples, readings)
            for task in self.source.tasks
            if isinstance(task, GenerationTask)
        }
        if not self.signals:
            return replace(collate(readings, self.vectors), texts=texts)
        found = {task: signals.scores(examples, evidence) for task, signals in self.signals.items()}
        contexts = {task: signals.context(examples) for task, signals in self.signals.items()}
        with_signals = [
            replace(
                reading,
                signals={task: scores[row] for task, scores in found.items()},
                contexts={task: context[row] for task, context in contexts.items()},
            )
            for row, reading in enumerate(readings)
        ]
        return replace(collate(with_signals, self.vectors), texts=texts)
