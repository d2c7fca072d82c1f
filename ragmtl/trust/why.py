"""Why this answer, and why not another: what each piece of evidence does to it, found by taking it away.

    effect of a piece = margin with all evidence − margin without that piece

The margin of a label is its logit; of a class or an item, its logit less that of the answer that it is held against.
Positive effects speak for the asked answer. Attention says where a model looks; this says what changes its mind.

Source: leave-one-out (occlusion), Li et al., "Understanding neural networks through representation erasure", 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import nearest_name
from ragmtl.kg.walks.paths import relation_paths
from ragmtl.models.batch import Reading
from ragmtl.predict import Choices, Predictor
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import CHOICES, Example, Task
from ragmtl.trust.asking import ask, chances
from ragmtl.trust.pieces import Kind, Part, parts_of, taken_away

MOST_PATHS, LONGEST, MOST_EDGES = 3, 4, 50_000


@dataclass(frozen=True, slots=True)
class Piece:
    """What an answer may rest on, and what it does to its margin.

    `id` is that of the passage or the example, the IRI of the entity or item, or the name of the signal. `share` is its
    part of all that speaks for the answer: of evidence and history together, and of signals by themselves.
    """

    kind: Kind
    id: str
    label: str
    effect: float
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Why:
    """What speaks for and against an answer.

    Attributes:
        task: Which task.
        answer: The answer that was asked about: a class, a label, or the IRI of an item.
        label: Its name.
        chance: How likely it is, calibrated.
        rank: Its place among all answers, from 1 on.
        against: What it is held against: the best other answer; empty for labels, which stand alone.
        against_chance: How likely that is.
        without: How likely the asked answer is without any evidence.
        pieces: Evidence, history and signals, what speaks most for the answer first; of nodes the 16 best, of the
            history the last 16.
        paths: How the query's entities are connected with an item, in words.
    """

    task: str
    answer: str
    label: str
    chance: float
    rank: int
    against: str
    against_chance: float
    without: float
    pieces: tuple[Piece, ...]
    paths: tuple[str, ...] = ()


def why(predictor: Predictor, query: Query, task: str, answer: str, choices: Choices | None = None) -> Why:
    """Ask a run about one answer to a query.

    Args:
        predictor: The run.
        query: What is asked.
        task: Which task.
        answer: A class, a label, or the IRI of an item; names of items will do where they are unlike any other.
        choices: How much evidence there is.

    Raises:
        DataError: The run has no such task or answer, or the query has no input for the task.
    """
    asked = replace(choices or Choices(), tasks=frozenset({task}))
    predictor.check_tasks(asked.tasks)
    if task not in predictor.answerable(query):
        raise DataError(f"expected a history of items for {task!r}, found none; name some items")
    found = predictor.tasks[task]
    if found.head not in (*CHOICES, "ranking"):
        raise DataError(f"expected a task that chooses among answers, found {task!r}, which is none")
    graph = predictor.index.graph
    place = _place(found, answer, graph)
    assembly = next(one for one in predictor.read([query], asked) if found in one.source.tasks)
    reading, example = assembly.readings[0], assembly.source.examples[0]
    parts = parts_of(assembly, found, predictor)
    logits = ask(predictor.run.model, taken_away(assembly, found, parts), found, range(2 + len(parts))).logits
    logits = logits / predictor.run.temperatures.get(task, 1.0)
    if not np.isfinite(logits[0, place]):
        raise DataError(f"expected an item that was not met before, found {_named(found.answers[place], graph)!r}")
    other = _other(logits[0], place, found)
    return Why(
        task,
        found.answers[place],
        _named(found.answers[place], graph),
        float(chances(logits[:1], found)[0, place]),
        int((logits[0] > logits[0, place]).sum()) + 1,
        "" if other is None else _named(found.answers[other], graph),
        0.0 if other is None else float(chances(logits[:1], found)[0, other]),
        float(chances(logits[1:2], found)[0, place]),
        _weighed(parts, _margins(logits, place, other)),
        _paths(found, place, example, reading, graph),
    )


def _place(task: Task, answer: str, graph: KnowledgeGraph) -> int:
    """Where an answer stands among those of a task."""
    answers = list(task.answers)
    if answer in answers:
        return answers.index(answer)
    names = [_named(one, graph) for one in answers] if task.head == "ranking" else []
    if names.count(answer) == 1:
        return names.index(answer)
    near = nearest_name(answer, names or answers)
    hint = f"did you mean {near!r}?" if near else "see the answers of the prediction"
    found = f"found {answer!r}" + (", the name of several items: give the IRI" if answer in names else f"; {hint}")
    raise DataError(f"expected an answer of {task.name!r}, {found}")


def _named(answer: str, graph: KnowledgeGraph) -> str:
    node = graph.nodes.find(answer)
    return answer if node is None else graph.label(node)


def _other(logits: Float64[np.ndarray, " answer"], place: int, task: Task) -> int | None:
    """The answer that one is held against: the best other one; None for labels, and where there is none."""
    if task.head == "labels" or len(logits) < 2:
        return None
    others = logits.copy()
    others[place] = -np.inf
    return int(others.argmax())


def _margins(logits: Float64[np.ndarray, "example answer"], place: int, other: int | None) -> list[float]:
    against = 0.0 if other is None else logits[:, other]
    margins: list[float] = (logits[:, place] - against).tolist()
    return margins


def _weighed(parts: Sequence[Part], margins: Sequence[float]) -> tuple[Piece, ...]:
    effects = [margins[0] - left for left in margins[2:]]
    totals = [0.0, 0.0]
    for part, effect in zip(parts, effects, strict=True):
        totals[part.kind == "signal"] += max(effect, 0.0)
    found = [
        Piece(part.kind, part.id, part.label, effect, max(effect, 0.0) / (totals[part.kind == "signal"] or 1.0))
        for part, effect in zip(parts, effects, strict=True)
    ]
    return tuple(sorted(found, key=lambda piece: (-piece.effect, piece.kind, piece.id)))


def _paths(task: Task, place: int, example: Example, reading: Reading, graph: KnowledgeGraph) -> tuple[str, ...]:
    """How the seeds of the evidence are connected with an item; nothing for classes and labels."""
    end = graph.nodes.find(task.answers[place]) if task.head == "ranking" else None
    if end is None or reading.evidence is None:
        return ()
    subgraph = reading.evidence.subgraph
    starts = [node for node in subgraph.nodes[subgraph.seeds].tolist() if node != end][:MOST_PATHS]
    hide = frozenset(found for iri in example.query.hide if (found := graph.relations.find(iri)) is not None)
    paths = [
        relation_paths(graph, start, end, count=1, longest=LONGEST, most=MOST_EDGES, hide=hide).paths
        for start in starts
    ]
    return tuple(path.line(graph) for found in paths for path in found)
