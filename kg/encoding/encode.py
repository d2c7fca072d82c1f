"""From statements to arrays: terms become ids, repeated statements one, and everything is sorted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import ParamSpec, TypeVar

import numpy as np
from jaxtyping import Int32, Integer

from ragmtl.errors import DataError
from ragmtl.kg.adjacency import both_ways, pointers
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.encoding.intern import Interned
from ragmtl.kg.encoding.merge import merged, moved
from ragmtl.kg.encoding.names import name_lengths, rank_blanks, write_names
from ragmtl.kg.encoding.order import differ, gathered, order_of, order_of_texts
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.labels import Labels
from ragmtl.kg.literals import Literals
from ragmtl.kg.origins import Further, Origin, Report, Source
from ragmtl.kg.terms import BLANK, Strings, Terms, frozen, narrow, once
from ragmtl.kg.vocabulary import Vocabulary

STRING = "http://www.w3.org/2001/XMLSchema#string"
LANGUAGE_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"

Columns = tuple[np.ndarray, ...]
"""Arrays of integers, one row for each statement."""
Given = ParamSpec("Given")
Made = TypeVar("Made")

Numbers = Int32[np.ndarray, " terms"]

Kinds = tuple[tuple[tuple[str, ...], tuple[str, ...]], Integer[np.ndarray, "values 2"]]
"""Datatypes and languages, and the rows among them of each literal."""

Wishes = tuple[tuple[str, ...], Vocabulary]
"""What labels and descriptions are read from: preferred languages, and relations."""


def build(
    builder: GraphBuilder,
    wishes: Wishes,
    sources: tuple[Source, ...],
    left_out: tuple[tuple[str, int], ...],
    threads: int,
) -> KnowledgeGraph:
    """What `GraphBuilder.build` does. With two threads or more, literals are put into order beside the nodes."""
    for table in (builder.relations, builder.texts):
        table.release()
    heads, links, tails, marks = _collected(builder)
    statements = len(heads)
    hanging = tails < 0
    with ThreadPoolExecutor(1) as pool:
        kinds = _kinds(builder, ~tails[hanging])
        texts = _later(pool, threads, _ranked, builder.texts, _used(~tails[hanging], len(builder.texts)))
        origins, origin_ids = _origins_in_order(builder, marks)
        names, nodes, node_ids = _nodes(builder, heads, tails, origin_ids, origins)
        relations, ids = _ranked(builder.relations, _used(links, len(builder.relations)))
        triples = tuple(column[~hanging] for column in (heads, links, tails, origin_ids))
        values = tuple(column[hanging] for column in (heads, links, tails, origin_ids))
        del heads, links, tails, marks, origin_ids
        values = (node_ids[values[0]], ids[values[1]], ~values[2], values[3])
        hung = _later(pool, threads, _literals, values, texts, kinds, len(nodes))
        triples = (node_ids[triples[0]], ids[triples[1]], node_ids[triples[2]], triples[3])
        rows, further, merged = sort_triples(triples)
        literals, repeated = hung()
    report = Report(statements, len(rows[0]), len(literals), merged + repeated, left_out)
    return assemble(Terms(nodes), Terms(relations), (rows, further), literals, wishes, names, sources, report)


def _later(
    pool: ThreadPoolExecutor, threads: int, make: Callable[Given, Made], *given: Given.args, **more: Given.kwargs
) -> Callable[[], Made]:
    """Something that a second thread makes meanwhile, or, where there is none, that is made when it is asked for."""
    return pool.submit(make, *given, **more).result if threads > 1 else partial(make, *given, **more)


def _collected(builder: GraphBuilder) -> tuple[np.ndarray, ...]:
    """Head, relation, tail and origin of all statements, in the order of the files; takes them from the builder."""
    builder.blocks.sort(key=lambda block: block[0])
    columns = zip(*(columns for _, columns in builder.blocks), strict=True)
    builder.blocks = []
    return tuple(np.concatenate(parts) for parts in columns)


def _origins_in_order(builder: GraphBuilder, numbers: np.ndarray) -> tuple[list[tuple[str, str | int]], np.ndarray]:
    """Source and graph of each origin, in the order in which statements name them; and the row of each statement."""
    found, firsts = np.unique(numbers, return_index=True) if numbers.any() else (numbers[:1], np.zeros(1, np.int64))
    order = found[np.argsort(firsts)]
    places = np.zeros(len(builder.origins), np.int64)
    places[order] = np.arange(len(order))
    known = list(builder.origins)
    return [known[at] for at in order.tolist()], narrow(places)[numbers]


def _nodes(
    builder: GraphBuilder,
    heads: np.ndarray,
    tails: np.ndarray,
    origin_ids: np.ndarray,
    origins: list[tuple[str, str | int]],
) -> tuple[tuple[Origin, ...], Strings, Numbers]:
    """The origins with names of their graphs, the nodes in order, and the id of each node of the builder."""
    table, graphs = builder.nodes, np.full(len(origins), -1, np.int64)
    for at, (_, graph) in enumerate(origins):
        if isinstance(graph, int) and (mark := int(builder.graphs.marks[graph])):
            graphs[at] = table.add(builder.graphs[graph], mark)
    table.release()
    count = len(table)
    marks = table.marks[:count]
    counts = np.zeros(int(marks.max(initial=0)) + 1, np.int64)
    ranks, used = rank_blanks(heads, tails, np.ascontiguousarray(origin_ids, np.int32), graphs, marks, counts)
    names = []
    for at, (source, graph) in enumerate(origins):
        known = graph if isinstance(graph, str) else builder.graphs[graph].decode()
        node = int(graphs[at])
        names.append(Origin(source, known if node < 0 else f"{BLANK}f{marks[node] - 1}b{ranks[node]}"))
    nodes, ids = _ranked(table, used, ranks)
    return tuple(names), nodes, ids


def _ranked(table: Interned, used: np.ndarray, ranks: np.ndarray | None = None) -> tuple[Strings, Numbers]:
    """The used terms in order, equal ones as one, and the row of each number among them; empties the table."""
    strings = _named(table, used, ranks)
    order = order_of_texts(strings)
    new = differ(strings, order)
    places = np.empty(len(order), np.int32)
    places[order] = np.cumsum(new, dtype=np.int32) - 1
    ids = np.full(len(used), -1, np.int32)
    ids[used.astype(np.bool_)] = places
    return gathered(strings, order if new.all() else order[new]), ids


def _named(table: Interned, used: np.ndarray, ranks: np.ndarray | None = None) -> Strings:
    """The used terms, blank nodes by their names; empties the table."""
    strings, marks = table.strings(), table.marks[: len(table)]
    if ranks is None:
        ranks, marks = np.zeros(0, np.int32), np.zeros(len(marks), np.int32)
    table.__init__()  # type: ignore[misc]
    if used.all() and not marks.any():
        return strings
    ends = name_lengths(strings.offsets, marks, ranks, used)
    blob = np.empty(int(ends[-1]), np.uint8)
    write_names(strings.blob, strings.offsets, marks, ranks, used, blob)
    return Strings(frozen(blob), frozen(ends))


def _used(numbers: np.ndarray, count: int) -> np.ndarray:
    used = np.zeros(count, np.uint8)
    used[numbers] = 1
    return used


def _literals(
    values: Columns,
    texts: Callable[[], tuple[Strings, Numbers]],
    kinds: Kinds,
    nodes: int,
) -> tuple[Literals, int]:
    """All literals, and how many were merged; `values` are node, relation, number of the text, origin."""
    names, kind = kinds
    strings, ids = texts()
    columns = (values[0], values[1], ids[values[2]], kind[:, 0], kind[:, 1], values[3])
    return sort_literals(columns, strings, names, nodes)


def sort_literals(
    columns: Columns, texts: Strings, kinds: tuple[tuple[str, ...], tuple[str, ...]], nodes: int
) -> tuple[Literals, int]:
    """Literals, and how many were merged into the first of their kind.

    Args:
        columns: Node, relation, text, datatype, language and origin of each.
        texts: What the third column speaks of, sorted.
        kinds: What the fourth and the fifth speak of, sorted.
        nodes: How many nodes there are.
    """
    *keys, origin_ids = columns
    order = order_of([(key, int(key.max(initial=0)) + 1) for key in keys])
    first, further = merged(keys, origin_ids, order)
    kept = order[first]
    node, relation, text, datatype, language = (key[kept] for key in keys)
    literals = Literals(
        pointers(node, nodes),
        frozen(node.astype(np.int32, copy=False)),
        narrow(relation, at_least=np.uint16),
        gathered(texts, text),
        once(narrow(datatype)),
        once(narrow(language)),
        once(narrow(origin_ids[kept])),
        further,
        kinds[0],
        kinds[1],
    )
    return literals, len(order) - len(kept)


def _resorted(literals: Literals, nodes: int) -> Literals:
    """Literals in any order, put into order; equal ones stay."""
    order, ids = order_of_texts(literals.texts), np.empty(len(literals), np.int32)
    ids[order] = np.cumsum(differ(literals.texts, order), dtype=np.int32) - 1
    keys = (literals.nodes, literals.relation_ids, ids, literals.datatypes, literals.languages)
    by_row = order_of([(key, int(key.max(initial=0)) + 1) for key in keys])
    node, relation, _, datatype, language = (frozen(key[by_row]) for key in keys)
    return Literals(
        pointers(node, nodes),
        node,
        relation,
        gathered(literals.texts, by_row),
        once(datatype),
        once(language),
        once(frozen(literals.origin_ids[by_row])),
        moved(literals.further, by_row),
        literals.datatype_names,
        literals.language_names,
    )


def _kinds(builder: GraphBuilder, texts: Numbers) -> Kinds:
    """Datatypes and languages, in order, and the rows among them of the texts with some numbers."""
    marks = builder.texts.marks[texts]
    parts = {at: _kind(builder.kinds[at].decode()) for at in np.flatnonzero(np.bincount(marks)).tolist()}
    names = tuple(tuple(sorted({"", *(part[side] for part in parts.values())})) for side in (0, 1))
    rows = np.zeros((len(builder.kinds), 2), np.int32)
    for at, part in parts.items():
        rows[at] = [names[side].index(part[side]) for side in (0, 1)]
    return (names[0], names[1]), narrow(rows.ravel()).reshape(rows.shape)[marks]


def _kind(suffix: str) -> tuple[str, str]:
    """Datatype and language; xsd:string and rdf:langString count as no datatype."""
    if suffix.startswith("@"):
        return "", suffix[1:].lower()
    datatype = suffix[3:-1]
    return "" if datatype in (STRING, LANGUAGE_STRING) else datatype, ""


def sort_triples(triples: Columns, *, merge: bool = True) -> tuple[Columns, Further, int]:
    """Triples (head, relation, tail, origin) sorted, their further origins, and how many were merged into another."""
    heads, links, tails, origin_ids = triples
    keys = (heads, links, tails)
    order = order_of([(key, int(key.max(initial=0)) + 1) for key in keys])
    first, further = merged(keys, origin_ids, order, merge=merge)
    kept = order[first]
    rows = (heads[kept].astype(np.int32), narrow(links[kept], at_least=np.uint16), tails[kept].astype(np.int32))
    return (*map(frozen, rows), once(narrow(origin_ids[kept]))), further, len(order) - len(kept)


def assemble(
    nodes: Terms,
    relations: Terms,
    stated: tuple[Columns, Further],
    literals: Literals,
    wishes: Wishes,
    origins: tuple[Origin, ...],
    sources: tuple[Source, ...],
    report: Report,
) -> KnowledgeGraph:
    """A graph of sorted parts: adds both directions, labels and digest."""
    triples, further = stated
    heads, relation_ids, tails, origin_ids = triples
    outgoing, incoming = both_ways(heads, relation_ids, tails, len(nodes), len(relations))
    labels = Labels.of(nodes, relations, literals, (outgoing, incoming), *wishes)
    return KnowledgeGraph(
        nodes=nodes,
        relations=relations,
        heads=heads,
        relation_ids=relation_ids,
        tails=tails,
        origin_ids=origin_ids,
        further=further,
        literals=literals,
        outgoing=outgoing,
        incoming=incoming,
        labels=labels,
        relation_names=labels.relation_names,
        languages=wishes[0],
        origins=origins,
        sources=sources,
        report=report,
        digest=digest_of(nodes, relations, triples, literals),
    )


def replace_triples(graph: KnowledgeGraph, triples: Columns, literals: Literals, merge: bool) -> KnowledgeGraph:
    """What `KnowledgeGraph.with_triples` does."""
    heads, relation_ids, tails, origin_ids = triples
    if len({len(column) for column in triples}) > 1:
        found = ", ".join(str(len(column)) for column in triples)
        raise DataError(f"expected as many heads as relations, tails and origins, found {found}")
    nodes, relations = len(graph.nodes), len(graph.relations)
    _check_ids(heads, nodes, "nodes")
    _check_ids(tails, nodes, "nodes")
    _check_ids(relation_ids, relations, "relations")
    _check_ids(origin_ids, len(graph.origins), "origins")
    rows, further, merged = sort_triples(triples, merge=merge)
    kept = literals if literals is graph.literals else _resorted(literals, nodes)
    report = replace(graph.report, triples=len(rows[0]), literals=len(kept), merged=graph.report.merged + merged)
    terms, places = (graph.nodes, graph.relations), (graph.origins, graph.sources)
    wishes = graph.languages, graph.labels.vocabulary
    return assemble(*terms, (rows, further), kept, wishes, *places, report)


def digest_of(nodes: Terms, relations: Terms, triples: Sequence[np.ndarray], literals: Literals) -> str:
    """sha256 of what a graph states, the same on every machine."""
    digest = hashlib.sha256(repr((literals.datatype_names, literals.language_names)).encode())
    texts = (nodes.strings, relations.strings, literals.texts)
    columns = (*triples[:3], literals.indptr, literals.relation_ids, literals.datatypes, literals.languages)
    parts = (*(part for text in texts for part in (text.offsets, text.blob)), *columns)
    if nodes.aliases is not None:
        parts += (nodes.aliases.strings.offsets, nodes.aliases.strings.blob, nodes.aliases.ids)
    for part in parts:
        digest.update(f"{len(part)};".encode())
        digest.update(np.ascontiguousarray(part, part.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def _check_ids(ids: Integer[np.ndarray, " rows"], count: int, what: str) -> None:
    if len(ids) and (ids.min() < 0 or ids.max() >= count):
        raise DataError(f"expected ids of {what} in [0, {count}), found {ids.min()} to {ids.max()}")
