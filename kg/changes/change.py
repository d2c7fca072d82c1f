"""Adding and removing statements, and whole sources.

    graph = graph.with_changes(add=[(film, starring, actor)], remove=[(film, starring, other)], source="editor")
    graph = graph.without_source("people.ttl")

A graph never changes: these give a new one. Each statement keeps every origin that states it, so that removing a source
leaves what others state. The new graph is put together from its statements (`kg.changes.statements`), so it is the one
that reading them at once would give, down to the digest; ids of nodes may change with it. For a graph on disk,
`ragmtl.kg.disk.journal` keeps changes beside it, and compacts them into it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from jaxtyping import Bool

from ragmtl.errors import DataError
from ragmtl.kg.changes.infer import infer
from ragmtl.kg.changes.statements import Statements, normal
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal, Triple, checked
from ragmtl.kg.nearest import nearest_name
from ragmtl.kg.origins import INFERRED, Origin, stated
from ragmtl.kg.vocabulary import SAME

NOT_THERE = "statements to remove that the graph does not hold"


def with_changes(
    graph: KnowledgeGraph, add: Iterable[Triple], remove: Iterable[Triple], *, source: str, name: str
) -> KnowledgeGraph:
    """What `KnowledgeGraph.with_changes` does.

    Args:
        graph: What is changed.
        add: Statements to add; one that is there gets one more origin.
        remove: Statements to remove, whoever states them, before others are added.
        source: Who states what is added.
        name: The named graph in which it is stated; empty for the default graph.
    """
    gone, missing = _found(graph, list(remove))
    statements = _stated_only(graph, gone).added((checked(triple) for triple in add), Origin(source, name))
    return _again(statements.build(graph, ((NOT_THERE, missing),) if missing else ()), graph)


def without_source(graph: KnowledgeGraph, source: str, name: str | None = None) -> KnowledgeGraph:
    """What `KnowledgeGraph.without_source` does."""
    known = [at for at, origin in enumerate(graph.origins) if origin.source == source and name in (None, origin.graph)]
    if not known:
        checked_source(source, {origin.source for origin in graph.origins})
        raise DataError(f"expected a source of the graph, found {source!r} with the graph {name!r}; see its `origins`")
    statements = _stated_only(graph, None)
    rows = (~np.isin(columns[-1], known) for columns in (statements.triples, statements.values))
    return _again(statements.kept(*rows).build(graph), graph)


def checked_source(source: str, known: Collection[str]) -> str:
    """The source, if it is known.

    Raises:
        DataError: It is not; the nearest is named.
    """
    if source not in known:
        near = nearest_name(source, sorted(known))
        hint = f"did you mean {near!r}?" if near else f"it has {', '.join(map(repr, sorted(known)[:5]))}"
        raise DataError(f"expected a source of the graph, found {source!r}; {hint}")
    return source


def compact(graph: KnowledgeGraph) -> KnowledgeGraph:
    """What `KnowledgeGraph.compact` does."""
    return Statements.of(graph).build(graph)


def _again(changed: KnowledgeGraph, before: KnowledgeGraph) -> KnowledgeGraph:
    """Infer anew what was inferred before, from what is stated now."""
    rules = [rule for rule, _ in before.report.inferred]
    return infer(changed, rules) if rules else changed


def _stated_only(graph: KnowledgeGraph, gone: tuple[set[int], set[int]] | None) -> Statements:
    """The statements that sources make, without inferred ones, and without triples and literals that are gone."""
    statements = Statements.of(graph)
    inferred = [at for at, origin in enumerate(graph.origins) if origin.source.startswith(INFERRED)]
    keep = [~np.isin(columns[-1], inferred) for columns in (statements.triples, statements.values)]
    if gone is not None:
        pairs = ((graph.origin_ids, graph.further), (graph.literals.origin_ids, graph.literals.further))
        for at, (pair, rows) in enumerate(zip(pairs, gone, strict=True)):
            keep[at] &= ~_among(stated(*pair)[0], rows)
    return statements.kept(*keep)


def _among(rows: np.ndarray, some: set[int]) -> Bool[np.ndarray, " rows"]:
    return np.isin(rows, np.fromiter(some, np.int64, len(some)))


def _found(graph: KnowledgeGraph, triples: list[Triple]) -> tuple[tuple[set[int], set[int]], int]:
    """Ids of triples and rows of literals that are to go, and how many of those asked for are not there."""
    edges, values, missing = set[int](), set[int](), 0
    for triple in triples:
        head, relation, tail = checked(triple)
        node, link = graph.nodes.find(head), graph.relations.find(relation)
        if relation == SAME and head != tail and isinstance(tail, str) and graph.nodes.find(tail) == node is not None:
            raise DataError(f"expected a statement that can be taken back, found {head} owl:sameAs {tail}: one node")
        rows = [] if node is None or link is None else _rows(graph, node, link, tail)
        missing += not rows
        (values if isinstance(tail, Literal) else edges).update(rows)
    return (edges, values), missing


def _rows(graph: KnowledgeGraph, node: int, link: int, tail: str | Literal) -> list[int]:
    if isinstance(tail, Literal):
        wanted = normal(tail)
        return [row for row in graph.literals.rows(node) if _is(graph, row, link, wanted)]
    end, row = graph.nodes.find(tail), graph.outgoing.row(node)
    places = (graph.outgoing.neighbours[row] == end) & (graph.outgoing.relations[row] == link)
    return [] if end is None else [int(triple) for triple in graph.outgoing.triples[row][places]]


def _is(graph: KnowledgeGraph, row: int, link: int, wanted: Literal) -> bool:
    return int(graph.literals.relation_ids[row]) == link and graph.literals[row] == wanted
