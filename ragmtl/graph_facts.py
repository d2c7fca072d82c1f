"""What the `kg` commands tell, as plain data: the same for a terminal and for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.looking.find import Found
from ragmtl.kg.looking.look import look
from ragmtl.kg.looking.stats import RelationStats
from ragmtl.kg.nearest import nearest_name
from ragmtl.kg.subgraph import Subgraph
from ragmtl.kg.vocabulary import TYPE
from ragmtl.kg.walks.paths import FoundPaths, RelationPath

Facts = dict[str, Any]


def graph_facts(graph: KnowledgeGraph) -> Facts:
    """Everything that `look` counts, with names and examples."""
    seen = look(graph)
    degrees = asdict(seen.degrees) | {
        "hubs": [named(graph, node) | {"degree": degree} for node, degree in seen.degrees.hubs]
    }
    return {
        "digest": graph.digest,
        "statements": graph.report.statements,
        "triples": len(graph),
        "literals": len(graph.literals),
        "merged": graph.report.merged,
        "left_out": _left_out(graph),
        "nodes": seen.nodes,
        "blank": seen.blank,
        "labelled": seen.labelled,
        "components": seen.components,
        "largest_component": seen.largest,
        "classes": [named(graph, one.node) | {"members": one.members} for one in seen.classes],
        "relations": [_relation(graph, one) for one in seen.relations],
        "datatypes": [{"iri": iri, "literals": count} for iri, count in seen.datatypes if count],
        "languages": [{"language": name, "literals": count} for name, count in seen.languages if count],
        "degrees": degrees,
        "origins": [{"source": source, "graph": name, "statements": count} for source, name, count in seen.origins],
        "suspicious": [asdict(one) for one in seen.suspicions],
    }


def _left_out(graph: KnowledgeGraph) -> list[Facts]:
    report = graph.report
    return [
        {"reason": reason, "count": count, "examples": [found for why, found in report.examples if why == reason]}
        for reason, count in report.left_out
    ]


def named(graph: KnowledgeGraph, node: int) -> Facts:
    """IRI and label of a node."""
    return {"iri": graph.nodes[node], "label": graph.label(node)}


def neighbour_facts(graph: KnowledgeGraph, found: Found, near: Subgraph) -> Facts:
    """A node, its literals, and what is around it."""
    node = found.node
    literals = [
        {"relation": graph.relations[relation], "relation_label": graph.relation_label(relation), **asdict(literal)}
        for relation, literal in graph.literals_of(node)
    ]
    nodes = zip(near.nodes.tolist(), near.scores.tolist(), strict=True)
    return named(graph, node) | {
        "types": graph.types(node),
        "names": list(graph.names(node)),
        "description": graph.describe(node),
        "degree": graph.degree(node),
        "same_name": [named(graph, other) for other in found.others],
        "literals": literals,
        "nodes": [named(graph, other) | {"score": round(score, 4)} for other, score in nodes],
        "triples": [triple_facts(graph, triple) for triple in near.triples.tolist()],
    }


def triple_facts(graph: KnowledgeGraph, triple: int) -> Facts:
    """A triple with names, and where it is stated."""
    head, relation, tail = graph.triple(triple)
    return {
        "head": named(graph, head),
        "relation": {
            "iri": graph.relations[relation],
            "label": graph.relation_label(relation),
            "is_type": relation in graph.labels.view.roles.types,
        },
        "tail": named(graph, tail),
        "origins": [{"source": origin.source, "graph": origin.graph} for origin in graph.origins_of(triple)],
    }


def path_facts(graph: KnowledgeGraph, ends: tuple[Found, Found], found: FoundPaths) -> Facts:
    """Paths from one node to another."""
    start, end = (named(graph, one.node) | {"same_name": [graph.nodes[other] for other in one.others]} for one in ends)
    return {
        "start": start,
        "end": end,
        "paths": [_path(graph, path) for path in found.paths],
        "edges": found.edges,
        "complete": found.complete,
    }


def relations_named(graph: KnowledgeGraph, names: Iterable[str]) -> frozenset[int]:
    """Relations by IRI, by name, or by `a` for rdf:type.

    Raises:
        DataError: A name is that of no relation.
    """
    found: set[int] = set()
    for name in names:
        relation = graph.relations.find(TYPE if name == "a" else name.removeprefix("<").removesuffix(">"))
        called = [place for place, label in enumerate(graph.relation_names) if label.lower() == name.lower()]
        if relation is None and not called:
            near = nearest_name(name, [*graph.relation_names, *graph.relations])
            hint = f"did you mean {near!r}?" if near else "`ragmtl kg info` lists them"
            raise DataError(f"expected the IRI or name of a relation of the graph, found {name!r}; {hint}")
        found |= {relation} if relation is not None else set(called)
    return frozenset(found)


def _path(graph: KnowledgeGraph, path: RelationPath) -> Facts:
    triples = [triple_facts(graph, triple) for triple in path.triples]
    return {"line": path.line(graph), "length": len(path), "alike": path.alike, "triples": triples}


def _relation(graph: KnowledgeGraph, one: RelationStats) -> Facts:
    example = ""
    if one.example is not None:
        head, _, tail = graph.triple(one.example)
        example = f"{graph.label(head)} → {graph.label(tail)}"
    elif one.example_literal is not None:
        node = int(graph.literals.nodes[one.example_literal])
        example = f"{graph.label(node)} → {graph.literals[one.example_literal].text[:200]!r}"
    return {
        "iri": graph.relations[one.relation],
        "label": graph.relation_label(one.relation),
        "triples": one.triples,
        "literals": one.literals,
        "heads": one.heads,
        "tails": one.tails,
        "functionality": round(one.functionality, 4),
        "inverse_functionality": round(one.inverse_functionality, 4),
        "example": example,
    }
