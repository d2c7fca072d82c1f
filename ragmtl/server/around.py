"""What stands around a node, and between two: for a drawing that grows.

Relations that state a label of some task are as hidden here as they are from the model.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pydantic import BaseModel

from ragmtl.errors import DataError
from ragmtl.inspector.markup import safe_href
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import iri_hint
from ragmtl.kg.walks.paths import relation_paths

MOST_NEIGHBOURS, MOST_PATHS, LONGEST, MOST_EDGES = 24, 3, 4, 100_000


class Entity(BaseModel):
    """An entity of the graph; `href` is its IRI where that may be linked."""

    iri: str
    label: str
    description: str
    href: str = ""


class Statement(BaseModel):
    """A triple, with the IRIs of its ends, and the first file and named graph that state it."""

    head: str
    tail: str
    relation: str
    label: str
    source: str
    graph: str
    href: str = ""


class Around(BaseModel):
    """A piece of the graph; `total` says how many triples there are, shown or not, and `lines` are paths in words."""

    entities: list[Entity]
    triples: list[Statement]
    total: int
    lines: list[str] = []


def node_of(graph: KnowledgeGraph, iri: str) -> int:
    """The node of an IRI.

    Raises:
        DataError: The graph has none.
    """
    node = graph.nodes.find(iri)
    if node is None:
        hint = iri_hint(iri, graph.nodes, "see the graph for its entities")
        raise DataError(f"expected the IRI of an entity of the graph, found {iri!r}; {hint}")
    return node


def entity(graph: KnowledgeGraph, node: int, hide: frozenset[int]) -> Entity:
    """What is said about an entity."""
    iri = graph.nodes[node]
    return Entity(iri=iri, label=graph.label(node), description=graph.describe(node, hide=hide), href=safe_href(iri))


def neighbourhood(graph: KnowledgeGraph, iri: str, hide: frozenset[int], most: int = MOST_NEIGHBOURS) -> Around:
    """The triples of an entity, those first whose other end is in the fewest triples, for they tell most.

    Raises:
        DataError: The graph has no such entity.
    """
    node = node_of(graph, iri)
    sides = [(side, side.row(node)) for side in (graph.outgoing, graph.incoming)]
    triples = np.concatenate([side.triples[row] for side, row in sides]).astype(np.int64)
    others = np.concatenate([side.neighbours[row] for side, row in sides]).astype(np.int64)
    kept = ~np.isin(graph.relation_ids[triples], sorted(hide))
    triples, others = triples[kept], others[kept]
    degrees = np.array([graph.degree(other) for other in others.tolist()], np.int64)
    order = np.lexsort((triples, degrees))[:most]
    return _around(graph, [node, *others[order].tolist()], triples[order].tolist(), hide, len(triples))


def between(graph: KnowledgeGraph, start: str, end: str, hide: frozenset[int]) -> Around:
    """The shortest paths between two entities.

    Raises:
        DataError: The graph has no such entity.
    """
    ends = node_of(graph, start), node_of(graph, end)
    found = relation_paths(graph, *ends, count=MOST_PATHS, longest=LONGEST, most=MOST_EDGES, hide=hide)
    nodes = [*ends, *(node for path in found.paths for node in path.nodes)]
    triples = [triple for path in found.paths for triple in path.triples]
    around = _around(graph, nodes, triples, hide, len(set(triples)))
    return around.model_copy(update={"lines": [path.line(graph) for path in found.paths]})


def _around(
    graph: KnowledgeGraph, nodes: Iterable[int], triples: Iterable[int], hide: frozenset[int], total: int
) -> Around:
    return Around(
        entities=[entity(graph, node, hide) for node in dict.fromkeys(nodes)],
        triples=[_statement(graph, triple) for triple in dict.fromkeys(triples)],
        total=total,
    )


def _statement(graph: KnowledgeGraph, triple: int) -> Statement:
    head, relation, tail = graph.triple(triple)
    origin, iri = graph.origin(triple), graph.relations[relation]
    return Statement(
        head=graph.nodes[head],
        tail=graph.nodes[tail],
        relation=iri,
        label=graph.relation_label(relation),
        source=origin.source,
        graph=origin.graph,
        href=safe_href(iri),
    )
