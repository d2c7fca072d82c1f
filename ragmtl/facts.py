"""Types, numbers and dates of nodes, for models that read them.

Which types and relations count, and how numbers are scaled, is learned from the nodes that training examples meet, and
kept with the model; what a node has is then read from the graph, so that entities which training never met have it too.

    number = asinh((value − median of training) / spread of training);  a date is its year, with a fraction
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from pydantic import BaseModel, ConfigDict

from ragmtl.config.model import ModelConfig
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.labels import VOCABULARIES
from ragmtl.models.batch import Reading
from ragmtl.read import used_nodes

LEAST_NODES, MOST_TYPES, MOST_NUMBERS = 5, 32, 16
LEAST_READABLE = 0.8
"""The share of a relation's literals that must be numbers or dates."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"(-?[0-9]{4,})-([0-9]{2})(?:-([0-9]{2}))?(?:[T+Z-].*)?")
_QUARTILES_OF_A_NORMAL = 1.349


class NumberScale(BaseModel):
    """A relation that leads to numbers or dates, and how they are scaled: median, and quartiles' distance / 1.349."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relation: str
    middle: float
    spread: float


class NodeFacts(BaseModel):
    """What a model reads of nodes beside their text: IRIs of types, from number 1 on, and relations with numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    types: tuple[str, ...] = ()
    numbers: tuple[NumberScale, ...] = ()


def read_number(text: str) -> float | None:
    """The value of a literal: a number, or a date as its year with a fraction; None for other texts.

    >>> read_number("1.5e3"), read_number("1999-07-01"), read_number("tea")
    (1500.0, 1999.5, None)
    """
    plain = text.strip()
    if _NUMBER.fullmatch(plain):
        value = float(plain)
        return value if np.isfinite(value) else None
    found = _DATE.fullmatch(plain)
    if found is None or not 1 <= int(found[2]) <= 12:
        return None
    return float(int(found[1])) + (int(found[2]) - 1) / 12 + (int(found[3] or 1) - 1) / 365.25


def learn_facts(settings: ModelConfig, graph: KnowledgeGraph, readings: Iterable[Reading], hide: Set[int]) -> NodeFacts:
    """What a model with these settings reads of nodes, learned from what training examples meet."""
    if not (settings.reads_types or settings.reads_numbers):
        return NodeFacts()
    nodes = used_nodes(readings, [])
    types = learn_types(graph, nodes, hide) if settings.reads_types else ()
    numbers = learn_numbers(graph, nodes, hide) if settings.reads_numbers else ()
    return NodeFacts(types=types, numbers=numbers)


def fact_tables(
    graph: KnowledgeGraph, facts: NodeFacts, nodes: Int64[np.ndarray, " used"], hide: Set[int]
) -> tuple[Int64[np.ndarray, " node"] | None, Float32[np.ndarray, "node number"] | None]:
    """The types and the numbers of some nodes, as rows of tables of all; None where nothing of the kind is read."""
    types = type_table(graph, facts, hide) if facts.types else None
    return types, number_table(graph, facts, nodes, hide) if facts.numbers else None


def learn_types(graph: KnowledgeGraph, nodes: Int64[np.ndarray, " node"], hide: Set[int]) -> tuple[str, ...]:
    """The most common types of some nodes, each of at least 5 of them, at most 32, the most common first.

    Args:
        graph: The knowledge graph.
        nodes: Ids of the nodes that training examples meet.
        hide: Relations that must not be read.
    """
    typed = _typed(graph, hide) & _among(nodes, len(graph.nodes))[graph.heads]
    found, counts = np.unique(graph.tails[typed], return_counts=True)
    order = np.lexsort((found, -counts))
    best = [graph.nodes[int(found[at])] for at in order.tolist() if counts[at] >= LEAST_NODES]
    return tuple(iri for iri in best if not iri.startswith(VOCABULARIES))[:MOST_TYPES]


def learn_numbers(graph: KnowledgeGraph, nodes: Int64[np.ndarray, " node"], hide: Set[int]) -> tuple[NumberScale, ...]:
    """The relations that give most of some nodes a number or date, and the scale of each.

    Args:
        graph: The knowledge graph.
        nodes: Ids of the nodes that training examples meet.
        hide: Relations that must not be read.
    """
    rows = np.flatnonzero(_among(nodes, len(graph.nodes))[graph.literals.nodes])
    scales = []
    for relation in np.unique(graph.literals.relation_ids[rows]).tolist():
        own = rows[graph.literals.relation_ids[rows] == relation]
        means = _means(graph, own)
        readable = sum(read_number(graph.literals.texts[row]) is not None for row in own.tolist())
        if relation not in hide and len(means) >= LEAST_NODES and readable >= LEAST_READABLE * len(own):
            scales.append((len(means), _scale(graph.relations[relation], np.array(list(means.values())))))
    best = sorted(scales, key=lambda scored: (-scored[0], scored[1].relation))
    return tuple(scale for _, scale in best[:MOST_NUMBERS])


def type_table(graph: KnowledgeGraph, facts: NodeFacts, hide: Set[int]) -> Int64[np.ndarray, " node"]:
    """The number of each node's type, the rarest of those that it has: 1 for the first of the facts, 0 for none."""
    table = np.zeros(len(graph.nodes), np.int64)
    typed = _typed(graph, hide)
    for number, iri in enumerate(facts.types, 1):  # the rarest come last
        node = graph.nodes.find(iri)
        if node is not None:
            table[graph.heads[typed & (graph.tails == node)]] = number
    return table


def number_table(
    graph: KnowledgeGraph, facts: NodeFacts, nodes: Int64[np.ndarray, " node"], hide: Set[int]
) -> Float32[np.ndarray, "all number"]:
    """The scaled numbers of some nodes, as rows of a table of all; NaN for what is not there.

    Args:
        graph: The knowledge graph.
        facts: Which relations, and their scales.
        nodes: Whose literals are read.
        hide: Relations that must not be read.
    """
    table = np.full((len(graph.nodes), len(facts.numbers)), np.nan, np.float32)
    wanted = _among(nodes, len(graph.nodes))[graph.literals.nodes]
    for column, scale in enumerate(facts.numbers):
        relation = graph.relations.find(scale.relation)
        if relation is None or relation in hide:
            continue
        means = _means(graph, np.flatnonzero(wanted & (graph.literals.relation_ids == relation)))
        values = np.array(list(means.values()))
        table[np.array(list(means), np.int64), column] = np.arcsinh((values - scale.middle) / scale.spread)
    return table


def _typed(graph: KnowledgeGraph, hide: Set[int]) -> Bool[np.ndarray, " triple"]:
    """Which triples lead to a type."""
    relations = [relation for relation in graph.labels.view.roles.types if relation not in hide]
    return np.isin(graph.relation_ids, relations)


def _among(nodes: Int64[np.ndarray, " node"], count: int) -> Bool[np.ndarray, " all"]:
    chosen = np.zeros(count, np.bool_)
    chosen[nodes] = True
    return chosen


def _means(graph: KnowledgeGraph, rows: Int64[np.ndarray, " row"]) -> Mapping[int, float]:
    """The mean of the numbers of each node in some rows of the literals."""
    values: dict[int, list[float]] = {}
    for row in rows.tolist():
        value = read_number(graph.literals.texts[row])
        if value is not None:
            values.setdefault(int(graph.literals.nodes[row]), []).append(value)
    return {node: sum(found) / len(found) for node, found in values.items()}


def _scale(relation: str, values: Float64[np.ndarray, " value"]) -> NumberScale:
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    spread = (high - low) / _QUARTILES_OF_A_NORMAL or float(values.std()) or 1.0
    return NumberScale(relation=relation, middle=middle, spread=spread)
