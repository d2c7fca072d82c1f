"""What an answer may rest on, piece by piece, and the same question without one piece.

    passage, entity, example   evidence that was retrieved
    item                       something of the history: what it says of items like it is taken away, not what it found
    signal                     what the log or the graph says of every item (`popularity`, `ease`): put to zero

Signals are another view of the same answer: much of what the items of a history say, they say through signals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float32

from ragmtl.assembly import Assembly, ItemSignals
from ragmtl.models.batch import Reading
from ragmtl.predict import Predictor
from ragmtl.retrieval.evidence import Evidence
from ragmtl.tasks.base import Example, Source, Task
from ragmtl.trust.surgery import only

MOST_NODES, MOST_ITEMS = 16, 16
Kind = Literal["passage", "entity", "example", "item", "signal"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece by its place: in its part of the evidence, among the signals, or in the past (of items that count)."""

    kind: Kind
    place: int
    id: str
    label: str


def parts_of(assembly: Assembly, task: Task, predictor: Predictor) -> list[Part]:
    """All pieces that the answer of a task to the first example may rest on."""
    evidence = assembly.readings[0].evidence
    found = [] if evidence is None else _retrieved(evidence, predictor)
    if task.head != "ranking":
        return found
    graph, past = predictor.index.graph, assembly.source.examples[0].past[task.name]
    shown = np.arange(len(past))[-MOST_ITEMS:].tolist()
    iris = [task.answers[past[at]] for at in shown]
    nodes = [graph.nodes.find(iri) for iri in iris]
    labels = [iri if node is None else graph.label(node) for iri, node in zip(iris, nodes, strict=True)]
    items = [Part("item", at, iri, label) for at, iri, label in zip(shown, iris, labels, strict=True)]
    names = assembly.signals[task.name].names if task.name in assembly.signals else ()
    return [*found, *items, *(Part("signal", at, name, name) for at, name in enumerate(names))]


def taken_away(assembly: Assembly, task: Task, parts: Sequence[Part]) -> Assembly:
    """The first example of a source as it is, then without any evidence, then without each of these pieces."""
    example, reading = assembly.source.examples[0], assembly.readings[0]
    examples, readings = [example, example], [reading, replace(reading, evidence=None)]
    silent: dict[str, int] = {}
    for part in parts:
        one, read = example, reading
        match part.kind:
            case "signal":
                one = replace(example, id=f"{example.id} without {part.id}")
                silent[one.id] = part.place
            case "item":
                one = _without_item(example, task.name, part.place)
            case _:
                read = _without(reading, part)
        examples.append(one)
        readings.append(read)
    signals = {task.name: _silenced(assembly.signals[task.name], silent)} if task.name in assembly.signals else {}
    return replace(assembly, source=Source.of("query", examples, (task,)), readings=readings, signals=signals)


def _retrieved(evidence: Evidence, predictor: Predictor) -> list[Part]:
    corpus, graph = predictor.index.corpus, predictor.index.graph
    passages = [
        Part("passage", at, corpus.ids[one.passage], corpus.titles[one.passage] or corpus.ids[one.passage])
        for at, one in enumerate(evidence.passages)
    ]
    nodes = [
        Part("entity", at, graph.nodes[node], graph.label(node))
        for at, node in enumerate(evidence.subgraph.nodes[:MOST_NODES].tolist())
    ]
    examples = [Part("example", at, one.example.id, one.example.text) for at, one in enumerate(evidence.neighbours)]
    return passages + nodes + examples


def _without(reading: Reading, part: Part) -> Reading:
    """What was read, but for one piece of evidence."""
    evidence = reading.evidence
    if evidence is None:
        return reading
    if part.kind == "example":
        rest = tuple(one for at, one in enumerate(evidence.neighbours) if at != part.place)
        return replace(reading, evidence=replace(evidence, neighbours=rest))
    passages = np.ones(len(evidence.passages), np.bool_)
    nodes = np.ones(len(evidence.subgraph.nodes), np.bool_)
    (passages if part.kind == "passage" else nodes)[part.place] = False
    return replace(reading, evidence=only(evidence, passages, nodes))


def _without_item(example: Example, task: str, place: int) -> Example:
    """The example as if one item of its past had not been met."""
    return replace(example, past={**example.past, task: np.delete(example.past[task], place)})


def _silenced(signals: ItemSignals, silent: Mapping[str, int]) -> ItemSignals:
    """The signals, one of them zero for each of the examples that are named."""

    def scores(
        examples: Sequence[Example], evidence: Sequence[Evidence | None]
    ) -> Float32[np.ndarray, "example item signal"]:
        found = signals.scores(examples, evidence)
        for row, example in enumerate(examples):
            if example.id in silent:
                found[row, :, silent[example.id]] = 0
        return found

    return replace(signals, scores=scores)
