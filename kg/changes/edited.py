"""Statements of other graphs added to a graph, or taken away from it, and how many they were.

`kg.changes.change` does the work. Blank nodes of what is added are new nodes; one that stands in what is taken away
names no node of another file, and is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ragmtl.errors import DataError
from ragmtl.kg.changes.change import NOT_THERE
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Triple
from ragmtl.kg.nearest import iri_hint
from ragmtl.kg.origins import Origin
from ragmtl.kg.terms import BLANK


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit.

    Attributes:
        graph: The new graph.
        added: Statements that the graph did not hold before; inferred ones count.
        removed: Statements that it held.
        absent: Statements to remove that it did not hold.
    """

    graph: KnowledgeGraph
    added: int
    removed: int
    absent: int


def edit_graph(
    graph: KnowledgeGraph,
    *,
    add: KnowledgeGraph | None = None,
    remove: KnowledgeGraph | None = None,
    entities: Iterable[str] = (),
) -> Edited:
    """Take statements away, then add others; the same graph as one read anew from what is stated then.

    Args:
        graph: The graph as it is.
        add: Statements to add, as a graph; they keep their origins.
        remove: Statements to take away, whatever file or named graph states them.
        entities: IRIs of which every statement is taken away, whichever end of it they are.

    Raises:
        DataError: Nothing is left, `remove` holds a blank node, or an entity is no node of the graph.
    """
    gone = [] if remove is None else list(dict.fromkeys(triple for triple, _ in _statements(remove, str)))
    if blank := next((node for triple in gone for node in triple if str(node).startswith(BLANK)), None):
        raise DataError(f"expected statements without blank nodes to remove, found {blank}; name what it hangs on")
    gone = list(dict.fromkeys((*gone, *(triple for iri in entities for triple in _statements_about(graph, iri)))))
    by_origin: dict[Origin, list[Triple]] = {}
    for triple, origin in [] if add is None else _statements(add, _fresh_names(graph)):
        by_origin.setdefault(origin, []).append(triple)
    changed, absent = graph, 0
    for at, origin in enumerate(by_origin or [Origin("")]):
        more, less = by_origin.get(origin, []), gone if at == 0 else []
        changed = changed.with_changes(add=more, remove=less, source=origin.source, graph=origin.graph)
        if at == 0:
            before = dict(graph.report.left_out).get(NOT_THERE, 0)
            absent = dict(changed.report.left_out).get(NOT_THERE, before) - before if less else 0
    removed = len(gone) - absent
    return Edited(changed, _size(changed) - (_size(graph) - removed), removed, absent)


def _size(graph: KnowledgeGraph) -> int:
    return len(graph) + len(graph.literals)


def _statements(graph: KnowledgeGraph, rename: Callable[[str], str]) -> Iterator[tuple[Triple, Origin]]:
    """Every statement with each of its origins."""
    nodes, relations, literals = [rename(node) for node in graph.nodes], list(graph.relations), graph.literals
    for row in range(len(graph)):
        head, relation, tail = graph.triple(row)
        for origin in graph.origins_of(row):
            yield (nodes[head], relations[relation], nodes[tail]), origin
    for row in range(len(literals)):
        node, relation = int(literals.nodes[row]), int(literals.relation_ids[row])
        for origin in graph.literal_origins_of(row):
            yield (nodes[node], relations[relation], literals[row]), origin


def _statements_about(graph: KnowledgeGraph, iri: str) -> Iterator[Triple]:
    """Every statement of which a node is an end."""
    node = graph.nodes.find(iri)
    if node is None:
        hint = iri_hint(iri, graph.nodes, "leave it out")
        raise DataError(f"expected an entity of the graph to delete, found {iri!r}; {hint}")
    for side in (graph.outgoing, graph.incoming):
        for row in side.triples[side.row(node)].tolist():
            head, relation, tail = graph.triple(row)
            yield graph.nodes[head], graph.relations[relation], graph.nodes[tail]
    for relation, literal in graph.literals_of(node):
        yield graph.nodes[node], graph.relations[relation], literal


def _fresh_names(graph: KnowledgeGraph) -> Callable[[str], str]:
    """Gives blank nodes of another graph names that this one does not have."""
    taken = [node for node in graph.nodes if node.startswith(BLANK)]
    rounds = 1 + max((_round(node) for node in taken), default=0)
    return lambda name: f"{BLANK}u{rounds}{name.removeprefix(BLANK)}" if name.startswith(BLANK) else name


def _round(blank: str) -> int:
    digits = blank.removeprefix(f"{BLANK}u").split("f")[0] if blank.startswith(f"{BLANK}u") else ""
    return int(digits) if digits.isdigit() else 0
