"""A knowledge graph, or a subgraph of it, for other programs: networkx, rdflib, a Turtle file.

Each named graph is given back; a statement that several state is in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import networkx
from rdflib import Dataset, Graph, Literal, URIRef
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID
from rdflib.plugins.serializers.turtle import TurtleSerializer
from rdflib.term import Identifier, Node

from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.bridge.terms import literal_of, quiet, term_of
from ragmtl.kg.exporting.files import written
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph

Statement = tuple[Identifier, Identifier, Identifier]

_FORBIDDEN = re.compile(r'[\x00-\x20<>"{}|\\^`]')


def to_networkx(graph: KnowledgeGraph, subgraph: Subgraph | None = None) -> networkx.MultiDiGraph:
    """Nodes by IRI, and one edge per triple, its key the IRI of the relation.

    Nodes have `label`, edges `label`, `source` and `graph`; those of a subgraph also `score` and `seed`, and `weight`.
    """
    result = networkx.MultiDiGraph()
    nodes, triples = _parts(graph, subgraph)
    for place, node in enumerate(nodes):
        marks: dict[str, object] = {"label": graph.label(node)}
        if subgraph is not None:
            marks |= {"score": float(subgraph.scores[place]), "seed": bool(subgraph.seeds[place])}
        result.add_node(graph.nodes[node], **marks)
    for place, triple in enumerate(triples):
        head, relation, tail = graph.triple(triple)
        origin = graph.origin(triple)
        found = {} if subgraph is None else {"weight": float(subgraph.weights[place])}
        ends = graph.nodes[head], graph.nodes[tail], graph.relations[relation]
        label = graph.relation_label(relation)
        result.add_edge(*ends, label=label, source=origin.source, graph=origin.graph, **found)
    return result


def to_rdflib(graph: KnowledgeGraph, subgraph: Subgraph | None = None) -> Dataset:
    """All triples and literals, in their named graphs; of a subgraph its triples and the literals of its nodes."""
    dataset = Dataset(default_union=True)
    names = (term_of(origin.graph) if origin.graph else DATASET_DEFAULT_GRAPH_ID for origin in graph.origins)
    graphs = [dataset.graph(name) for name in names]
    with quiet():
        dataset.addN((*triple, graphs[origin]) for triple, origin in _statements(graph, subgraph))
    return dataset


def as_rdflib(graph: KnowledgeGraph, *, dataset: bool | None, view: bool) -> Graph | Dataset:
    """What `KnowledgeGraph.to_rdflib` does."""
    wanted = any(origin.graph for origin in graph.origins) if dataset is None else dataset
    if view:
        store = GraphStore(graph=graph)
        return Dataset(store, default_union=True) if wanted else Graph(store)
    if wanted:
        return to_rdflib(graph)
    merged = Graph()
    with quiet():
        merged.addN((*triple, merged) for triple, _ in _statements(graph, None))
    return merged


def _statements(graph: KnowledgeGraph, subgraph: Subgraph | None) -> Iterator[tuple[Statement, int]]:
    """Statements as terms, each with every origin that states it."""
    nodes, triples = _parts(graph, subgraph)
    for triple in triples:
        head, relation, tail = graph.triple(triple)
        terms = term_of(graph.nodes[head]), term_of(graph.relations[relation]), term_of(graph.nodes[tail])
        yield from ((terms, origin) for origin in (int(graph.origin_ids[triple]), *graph.further.of(triple)))
    literals = graph.literals
    for node in nodes:
        for row in literals.rows(node):
            link = term_of(graph.relations[int(literals.relation_ids[row])])
            value = term_of(graph.nodes[node]), link, literal_of(literals[row])
            yield from ((value, origin) for origin in (int(literals.origin_ids[row]), *literals.further.of(row)))


def write_turtle(graph: KnowledgeGraph, subgraph: Subgraph | None, path: str | Path) -> None:
    """Write the graph, or a subgraph with the literals of its nodes, as one Turtle file, whole or not at all.

    Turtle has no named graphs: which one a triple is from is not written. Characters that no IRI may hold are escaped
    (%20 for a space).
    """
    merged = Graph()
    for head, relation, tail, _ in to_rdflib(graph, subgraph).quads():
        merged.add((_valid(head), _valid(relation), _valid(tail)))
    with written(path) as file:
        _AsWrittenSerializer(merged).serialize(file.buffer)


class _AsWrittenSerializer(TurtleSerializer):
    """Turtle in which every literal keeps its form: the library writes 1.50 of xsd:double as 1.5e+00 otherwise."""

    def label(self, node: Node, position: int) -> str:
        return node.n3() if isinstance(node, Literal) else str(super().label(node, position))


def _parts(graph: KnowledgeGraph, subgraph: Subgraph | None) -> tuple[list[int], list[int]]:
    """Ids of the nodes and of the triples to write."""
    if subgraph is None:
        return list(range(len(graph.nodes))), list(range(len(graph)))
    return subgraph.nodes.tolist(), subgraph.triples.tolist()


def _valid(term: Node) -> Node:
    return URIRef(_FORBIDDEN.sub(lambda found: quote(found.group()), term)) if isinstance(term, URIRef) else term
