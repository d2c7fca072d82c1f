"""Leaks: relations of the graph that state what a task is to learn, and are not hidden.

A film whose genre is asked is next to that genre in the graph. A model that retrieves this reads the answer, and is
then no better than the graph at hand. So for each relation, among the training examples whose entity has it, it is
counted how often it leads to what the label says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.tasks.base import CHOICES, Example, Source, Task, positions

EXAMPLES_LOOKED_AT = 2000
FEWEST = 5
SHARE = 0.5
MOST_NEIGHBOURS = 500


def find_leaks(source: Source, graph: KnowledgeGraph) -> list[str]:
    """A warning for each task and relation that states its label in more than half of the cases.

    Looks at tasks with classes or labels, and at training examples that are about entities of the graph; a relation
    that fewer than five of them have says too little.

    Args:
        source: Examples and tasks.
        graph: What evidence is retrieved from.
    """
    rows = source.positions("train")[:EXAMPLES_LOOKED_AT].tolist()
    examples = [example for row in rows if (example := source.examples[row]).query.entities]
    tasks = [task for task in source.tasks if task.head in CHOICES]
    return [warning for task in tasks for warning in _leaks_of(task, examples, graph)]


def _leaks_of(task: Task, examples: list[Example], graph: KnowledgeGraph) -> list[str]:
    having: dict[int, int] = {}
    stating: dict[int, int] = {}
    for example in examples:
        wanted = _wanted(task, example)
        if wanted:
            for relation, names in _said(example, graph).items():
                having[relation] = having.get(relation, 0) + 1
                stating[relation] = stating.get(relation, 0) + bool(wanted & names)
    return [
        _warning(task.name, graph.relations[relation], stating[relation], cases)
        for relation, cases in sorted(having.items())
        if cases >= FEWEST and stating[relation] > SHARE * cases
    ]


def _warning(task: str, relation: str, stating: int, cases: int) -> str:
    return (
        f"task {task!r}: the graph states the label: <{relation}> leads to it for {stating} of the {cases} training "
        f'examples that have this relation; add hide = ["{relation}"] to the task, or the model reads the answer'
    )


def _wanted(task: Task, example: Example) -> set[str]:
    """What the example answers, as compared."""
    return {_plain(task.answers[at]) for at in positions(example.labels.get(task.name))}


def _said(example: Example, graph: KnowledgeGraph) -> dict[int, set[str]]:
    """What each relation that is not hidden says of the example's entities, as compared."""
    said: dict[int, set[str]] = {}
    for iri in example.query.entities:
        node = graph.nodes.find(iri)
        for relation, name in () if node is None else _statements(node, graph):
            said.setdefault(relation, set()).add(_plain(name))
    return {relation: names for relation, names in said.items() if graph.relations[relation] not in example.query.hide}


def _statements(node: int, graph: KnowledgeGraph) -> Iterator[tuple[int, str]]:
    """Relation and name, for everything next to a node: names of its neighbours, and its literals."""
    for side in (graph.outgoing, graph.incoming):
        row = side.row(node)
        row = slice(row.start, min(row.stop, row.start + MOST_NEIGHBOURS))
        for other, relation in zip(side.neighbours[row].tolist(), side.relations[row].tolist(), strict=True):
            iri = graph.nodes[other]
            for name in {*graph.names(other), iri, re.split(r"[/#:]", iri)[-1]}:
                yield relation, name
    for relation, literal in graph.literals_of(node):
        yield relation, literal.text


def _plain(name: str) -> str:
    """A name without case, punctuation and spaces: `Science-Fiction` and `science fiction` are the same."""
    return re.sub(r"[\W_]+", "", name).casefold()
