"""Examples straight from the graph: entities, labelled by where one of their relations leads.

    read_entities(graph, Stated("http://x/cuisine"), target)   every dish, labelled with its cuisine

The relation must be hidden from what is retrieved (`hide`), or the model reads the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import iri_hint
from ragmtl.kg.vocabulary import RDF
from ragmtl.retrieval.files.tables import Row
from ragmtl.tasks.base import Source
from ragmtl.tasks.examples import Columns, examples_of
from ragmtl.tasks.splits import Fractions
from ragmtl.tasks.targets import Target

COLUMN = "label"
"""Where rows made of the graph have their labels."""

_COLUMNS = Columns(id="entity", text="text", entity="entity")


@dataclass(frozen=True, slots=True)
class Stated:
    """Which statements are labels.

    Attributes:
        relation: IRI of the relation.
        of: IRI of a class; only its instances are examples. All entities that have the relation where empty.
        inverse: The relation leads from the label to the entity.
        describe: What the graph says of the entity in words is the text of the example.
    """

    relation: str
    of: str = ""
    inverse: bool = False
    describe: bool = True


def read_entities(
    graph: KnowledgeGraph,
    stated: Stated,
    target: Target,
    *,
    fractions: Fractions | None = None,
    hide: Collection[str] = (),
) -> Source:
    """Make examples of the entities that have a relation.

    Args:
        graph: The graph.
        stated: Which statements are labels.
        target: Of the column `COLUMN`; entities with several classes are left out and counted where it is of classes.
        fractions: How examples are shared out.
        hide: IRIs of relations that state a label, with the one of `stated`.

    Raises:
        DataError: The graph has no such relation or class, or what it states cannot be learned.
    """
    relation = _known(graph, stated.relation)
    found = _values(graph, relation, stated)
    if stated.of:
        members = _members(graph, stated.of)
        found = {node: names for node, names in found.items() if node in members}
    several = {node for node, names in found.items() if len(names) > 1} if target.kind == "class" else set()
    hidden = frozenset(known for iri in hide if (known := graph.relations.find(iri)) is not None)
    source = Path(f"<{stated.relation}>")
    rows = [
        Row(_cells(graph, node, names, hidden if stated.describe else None), source, line)
        for line, (node, names) in enumerate(found.items(), 1)
        if node not in several
    ]
    made = examples_of(rows, source, _COLUMNS, [target], fractions=fractions, hide=hide, name=target.task)
    note = f"{len(several)} entities with several values were left out; with many = true they are taken"
    return Source(made.name, made.examples, made.splits, made.tasks, (*([note] if several else []), *made.notes))


def _known(graph: KnowledgeGraph, iri: str) -> int:
    found = graph.relations.find(iri)
    if found is None:
        hint = iri_hint(iri, graph.relations, "see the graph for its relations (ragmtl kg info)")
        raise DataError(f"expected a relation of the graph as the label, found <{iri}>; {hint}")
    return found


def _members(graph: KnowledgeGraph, iri: str) -> set[int]:
    """The instances of a class."""
    node, relation = graph.nodes.find(iri), graph.relations.find(RDF + "type")
    rows = [] if node is None or relation is None else (graph.tails == node) & (graph.relation_ids == relation)
    members = set(graph.heads[rows].tolist()) if len(rows) else set()
    if not members:
        hint = iri_hint(iri, graph.nodes, "see the graph for its classes (ragmtl kg info)")
        raise DataError(f"expected a class of the graph with instances, found <{iri}>; {hint}")
    return members


def _values(graph: KnowledgeGraph, relation: int, stated: Stated) -> dict[int, list[str]]:
    """The labels of each entity by name, in the order of the entities; literals are labels too."""
    rows: Int64[np.ndarray, " triple"] = np.flatnonzero(graph.relation_ids == relation)
    entities, values = graph.heads[rows].tolist(), graph.tails[rows].tolist()
    entities, values = (values, entities) if stated.inverse else (entities, values)
    names = _names(graph, set(values))
    pairs = {(entity, names[value]) for entity, value in zip(entities, values, strict=True)}
    if not stated.inverse:
        literals = np.flatnonzero(graph.literals.relation_ids == relation).tolist()
        pairs |= {(int(graph.literals.nodes[row]), graph.literals.texts[row].strip()) for row in literals}
    found: dict[int, list[str]] = {}
    for entity, name in sorted(pairs):
        found.setdefault(entity, []).append(name)
    return found


def _names(graph: KnowledgeGraph, nodes: set[int]) -> dict[int, str]:
    """The label of each node; its IRI where several have the same label."""
    labels = {node: graph.label(node) for node in nodes}
    counts = Counter(labels.values())
    return {node: label if counts[label] == 1 else graph.nodes[node] for node, label in labels.items()}


def _cells(graph: KnowledgeGraph, node: int, names: list[str], hidden: frozenset[int] | None) -> dict[str, object]:
    text = graph.describe(node, hide=hidden) if hidden is not None else None
    return {"entity": graph.nodes[node], "text": text, COLUMN: names}
