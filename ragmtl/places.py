"""Answers that are nodes of the evidence: where they stand in it, and how one gets there.

Such a task answers with a place among the nodes that were retrieved. So what is right for an example is known when its
evidence is: `placed` says where the right nodes stand in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import heappop, heappush
from math import log

import numpy as np
from jaxtyping import Float32

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.batch import Reading
from ragmtl.retrieval.evidence import Evidence
from ragmtl.tasks.answer import Step
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.classify import ClassTask

_STEP = 1e-6
"""What a step costs at least, so that of equally good paths the shortest is shown."""


def placed(source: Source, readings: Sequence[Reading], graph: KnowledgeGraph) -> Source:
    """A source whose examples say where in their evidence the right nodes stand.

    Args:
        source: The examples.
        readings: What was retrieved for each.
        graph: What it was retrieved from.
    """
    tasks = [task.name for task in source.tasks if task.head == "node"]
    if not tasks:
        return source
    examples = [
        _placed(example, reading, tasks, graph) for example, reading in zip(source.examples, readings, strict=True)
    ]
    return replace(source, examples=tuple(examples))


def _placed(example: Example, reading: Reading, tasks: Sequence[str], graph: KnowledgeGraph) -> Example:
    shown = [] if reading.evidence is None else reading.evidence.subgraph.nodes.tolist()
    labels = dict(example.labels)
    for task in tasks:
        if task in example.nodes:
            right = {graph.nodes.find(iri) for iri in example.nodes[task]}
            labels[task] = tuple(at for at, node in enumerate(shown, 1) if node in right) if right else (0,)
    return replace(example, labels=labels)


def notes_on(source: Source, readings: Sequence[Reading]) -> list[str]:
    """What to say of examples for which too little was retrieved; see `unlinked` and `one_sided`."""
    return [*unlinked(source, readings), *one_sided(source, readings)]


def unlinked(source: Source, readings: Sequence[Reading]) -> list[str]:
    """What to say of questions that name no entity of the graph, so that no node can answer them.

    Args:
        source: The examples, placed.
        readings: What was retrieved for each.

    Raises:
        DataError: None of the training questions of a task names one.
    """
    notes = []
    for task in (task.name for task in source.tasks if task.head == "node"):
        asked = [place for place, example in enumerate(source.examples) if task in example.nodes]
        without = [place for place in asked if not _shows(readings[place])]
        train = [place for place in asked if source.examples[place].split == "train"]
        if train and not set(train) - set(without):
            raise DataError(
                f"task {task!r}: expected questions that name entities of the graph, found none among the {len(train)} "
                "for train; give their entities in a column (`entity`), or retrieve more nodes (`[retrieval] nodes`)",
                source.name,
            )
        if without:
            notes.append(
                f"{source.name}: {len(without)} of {len(asked)} questions name no entity of the graph, so no node can "
                "answer them; give their entities in a column (`entity`)"
            )
    return notes


def one_sided(source: Source, readings: Sequence[Reading]) -> list[str]:
    """What to say of pairs of which one side is empty: no text, or no passage that it could be judged against.

    Args:
        source: The examples.
        readings: What was retrieved for each.

    Raises:
        DataError: None of the training pairs of a task has both sides.
    """
    notes = []
    for task in (task.name for task in source.tasks if isinstance(task, ClassTask) and task.pairs):
        asked = [place for place, example in enumerate(source.examples) if task in example.labels]
        textless = [place for place in asked if not source.examples[place].query.text.strip()]
        bare = [place for place in asked if (found := readings[place].evidence) is None or not found.passages]
        train = {place for place in asked if source.examples[place].split == "train"}
        if train and not train - set(textless) - set(bare):
            raise DataError(
                f"task {task!r}: expected texts with passages to judge them against, found none among the {len(train)} "
                "for train; see `text` of the task, the corpus, and `[retrieval] passages`",
                source.name,
            )
        for some, what in ((textless, "have no text"), (bare, "have no passage that the text could be judged against")):
            if some:
                notes.append(f"{source.name}: {len(some)} of {len(asked)} pairs {what}")
    return notes


def _shows(reading: Reading) -> bool:
    return reading.evidence is not None and len(reading.evidence.subgraph.nodes) > 0


def reached(evidence: Evidence | None) -> Float32[np.ndarray, " node"]:
    """How near the walk came to each node of the evidence, beside the nearest of all, times how sure the walk is."""
    if evidence is None:
        return np.zeros(0, np.float32)
    nodes, targets = evidence.subgraph.nodes, evidence.targets
    found = np.zeros(len(nodes), np.float32)
    if len(targets.nodes):
        order = np.argsort(targets.nodes)
        places = order[np.searchsorted(targets.nodes, nodes, sorter=order).clip(max=len(order) - 1)]
        share = targets.scores[places] / max(float(targets.scores.max()), 1e-12)
        found = np.where(targets.nodes[places] == nodes, share, 0.0).astype(np.float32)
    return found * np.float32(evidence.certainty)


def steps_to(graph: KnowledgeGraph, subgraph: Subgraph, place: int) -> tuple[Step, ...]:
    """The triples that lead to a node of the evidence, readable; see `path_to`."""
    steps = []
    for triple in path_to(subgraph, place):
        head, tail = (int(subgraph.nodes[int(ends[triple])]) for ends in (subgraph.heads, subgraph.tails))
        relation = graph.relation_label(int(subgraph.relations[triple]))
        steps.append(Step(graph.label(head), relation, graph.label(tail)))
    return tuple(steps)


def path_to(subgraph: Subgraph, place: int) -> tuple[int, ...]:
    """The triples that lead from a seed to a node, by their places: those of most weight, as a product.

    Empty where the node is a seed, or nothing leads to it.
    """
    steps: dict[int, list[tuple[int, int, float]]] = {}
    ends = zip(subgraph.heads.tolist(), subgraph.tails.tolist(), subgraph.weights.tolist(), strict=True)
    for triple, (head, tail, weight) in enumerate(ends):
        cost = _STEP - log(max(weight, 1e-9))
        steps.setdefault(head, []).append((tail, triple, cost))
        steps.setdefault(tail, []).append((head, triple, cost))
    queue: list[tuple[float, tuple[int, ...], int]] = [
        (0.0, (), seed) for seed in np.flatnonzero(subgraph.seeds).tolist()
    ]
    done: set[int] = set()
    while queue:
        cost, path, node = heappop(queue)
        if node == place:
            return path
        if node not in done:
            done.add(node)
            for other, triple, more in steps.get(node, ()):
                heappush(queue, (cost + more, (*path, triple), other))
    return ()
