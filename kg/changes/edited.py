"""Statements of other graphs added to a graph, or taken away from it, and how many they were.

`kg.changes.change` does the work. Blank nodes of what is added are new nodes; one that stands in what is taken away
names no node of another file, and is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ragmtl.errors import DataError
from ragmtl.kg.changes.change import NOT_THERE
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Triple
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
    graph: KnowledgeGraph, *, add: KnowledgeGraph | None = None, remove: KnowledgeGraph | None = None
) -> Edited:
    """Take statements away, then add others; the same graph as one read anew from what is stated then.

    Args:
        graph: The graph as it is.
        add: Statements to add, as a graph; they keep their origins.
        remove: Statements to take away, whatever file or named graph states them.

    Raises:
        DataError: Nothing is left, or `remove` holds a blank node.
    """
    gone = [] if remove is None else [triple for triple, _ in _statements(remove, str)]
    if blank := next((node for triple in gone for node in triple if str(node).startswith(BLANK)), None):
        raise DataError(f"expected statements without blank nodes to remove, found {blank}; name what it hangs on")
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


def _fresh_names(graph: KnowledgeGraph) -> Callable[[str], str]:
    """Gives blank nodes of another graph names that this one does not have."""
    taken = [node for node in graph.nodes if node.startswith(BLANK)]
    rounds = 1 + max((_round(node) for node in taken), default=0)
    return lambda name: f"{BLANK}u{rounds}{name.removeprefix(BLANK)}" if name.startswith(BLANK) else name


def _round(blank: str) -> int:
    digits = blank.removeprefix(f"{BLANK}u").split("f")[0] if blank.startswith(f"{BLANK}u") else ""
    return int(digits) if digits.isdigit() else 0
