"""From statements to arrays: terms become ids, repeated statements one, and everything is sorted."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Int32, Int64

from ragmtl.errors import DataError
from ragmtl.kg.adjacency import both_ways, compress
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.labels import Labels
from ragmtl.kg.literals import Literal, Literals
from ragmtl.kg.origins import Further, Origin, Report, Source
from ragmtl.kg.terms import Strings, Terms, frozen
from ragmtl.kg.vocabulary import USUAL, Vocabulary

STRING = "http://www.w3.org/2001/XMLSchema#string"
LANGUAGE_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"

Columns = tuple[Int[np.ndarray, " rows"], ...]

Wishes = tuple[tuple[str, ...], Vocabulary]
"""What labels and descriptions are read from: preferred languages, and relations."""


class GraphBuilder:
    """Collects statements, in the order in which they are read, and builds a `KnowledgeGraph` of them."""

    def __init__(self) -> None:
        self._nodes: dict[str, int] = {}
        self._relations: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._datatypes: dict[str, int] = {"": 0}
        self._languages: dict[str, int] = {"": 0}
        self._origins: dict[tuple[str, str], int] = {}
        self._triples = array("i")  # head, relation, tail, origin of one triple after the other
        self._literals = array("i")  # node, relation, text, datatype, language, origin

    def __len__(self) -> int:
        """How many statements were collected."""
        return len(self._triples) // 4 + len(self._literals) // 6

    def mark(self) -> tuple[int, ...]:
        """How much was collected so far, for `undo`."""
        return tuple(len(part) for part in (self._triples, self._literals, *self._tables()))

    def undo(self, mark: tuple[int, ...]) -> None:
        """Forget everything since `mark`."""
        del self._triples[mark[0] :], self._literals[mark[1] :]
        for table, length in zip(self._tables(), mark[2:], strict=True):
            while len(table) > length:
                table.popitem()

    def _tables(self) -> tuple[dict[Any, int], ...]:
        return self._nodes, self._relations, self._texts, self._datatypes, self._languages, self._origins

    def origin(self, source: str, graph: str = "") -> int:
        """The number of a file and a named graph in it."""
        return self._origins.setdefault((source, graph), len(self._origins))

    def triple(self, head: str, relation: str, tail: str, origin: int) -> None:
        """Add a triple between two nodes."""
        nodes, relations = self._nodes, self._relations
        self._triples.extend(
            (
                nodes.setdefault(head, len(nodes)),
                relations.setdefault(relation, len(relations)),
                nodes.setdefault(tail, len(nodes)),
                origin,
            )
        )

    def literal(self, node: str, relation: str, literal: Literal, origin: int) -> None:
        """Hang a literal on a node."""
        self.value(node, relation, literal.text, literal.datatype, literal.language, origin)

    def value(self, node: str, relation: str, text: str, datatype: str, language: str, origin: int) -> None:
        """Hang a literal, given in parts, on a node; xsd:string and rdf:langString count as no datatype."""
        nodes, relations, texts = self._nodes, self._relations, self._texts
        plain = language or datatype in (STRING, LANGUAGE_STRING)
        self._literals.extend(
            (
                nodes.setdefault(node, len(nodes)),
                relations.setdefault(relation, len(relations)),
                texts.setdefault(text, len(texts)),
                self._datatypes.setdefault("" if plain else datatype, len(self._datatypes)),
                self._languages.setdefault(language.lower(), len(self._languages)),
                origin,
            )
        )

    def build(
        self,
        *,
        languages: Sequence[str] = ("en",),
        vocabulary: Vocabulary = USUAL,
        sources: tuple[Source, ...] = (),
        left_out: tuple[tuple[str, int], ...] = (),
    ) -> KnowledgeGraph:
        """The graph of all statements collected.

        Raises:
            DataError: There are none, or a term holds half of a surrogate pair.
        """
        if not len(self):
            raise DataError("expected at least one triple, found none; the graph would be empty")
        nodes, node_ids = _sorted(self._nodes)
        relations, ids = _sorted(self._relations)
        heads, links, tails, origin_ids = _columns(self._triples, 4)
        triples, further, merged = sort_triples((node_ids[heads], ids[links], node_ids[tails], origin_ids))
        literals, repeated = self._build_literals(node_ids, ids)
        report = Report(len(self), len(triples[0]), len(literals), merged + repeated, left_out)
        origins = tuple(Origin(*origin) for origin in self._origins)
        terms = Terms(Strings.of(nodes)), Terms(Strings.of(relations))
        return assemble(*terms, (triples, further), literals, (tuple(languages), vocabulary), origins, sources, report)

    def _build_literals(
        self, node_ids: Int32[np.ndarray, " nodes"], relation_ids: Int32[np.ndarray, " relations"]
    ) -> tuple[Literals, int]:
        texts, text_ids = _sorted(self._texts)
        datatypes, datatype_ids = _sorted(self._datatypes)
        languages, language_ids = _sorted(self._languages)
        node, relation, text, datatype, language, origin = _columns(self._literals, 6)
        columns = (
            node_ids[node],
            relation_ids[relation],
            text_ids[text],
            datatype_ids[datatype],
            language_ids[language],
        )
        return sort_literals((*columns, origin), texts, (tuple(datatypes), tuple(languages)), len(node_ids))


def sort_literals(
    columns: Columns, texts: Sequence[str], kinds: tuple[tuple[str, ...], tuple[str, ...]], nodes: int
) -> tuple[Literals, int]:
    """Literals, and how many were merged into the first of their kind.

    Args:
        columns: Node, relation, text, datatype, language and origin of each.
        texts: What the third column speaks of, sorted.
        kinds: What the fourth and the fifth speak of, sorted.
        nodes: How many nodes there are.
    """
    order, further, merged = _order(columns, merge=True)
    rows = [frozen(column[order].astype(np.int32)) for column in columns]
    literals = Literals(
        compress(rows[0], nodes),
        rows[0],
        rows[1],
        Strings.of([texts[row] for row in rows[2].tolist()]),
        rows[3],
        rows[4],
        rows[5],
        further,
        *kinds,
    )
    return literals, merged


def sort_triples(
    triples: Columns, *, merge: bool = True
) -> tuple[tuple[Int32[np.ndarray, " triples"], ...], Further, int]:
    """Triples (head, relation, tail, origin) sorted, their further origins, and how many were merged into another."""
    order, further, merged = _order(triples, merge)
    return tuple(frozen(column[order].astype(np.int32)) for column in triples), further, merged


def assemble(
    nodes: Terms,
    relations: Terms,
    stated: tuple[tuple[Int32[np.ndarray, " triples"], ...], Further],
    literals: Literals,
    wishes: Wishes,
    origins: tuple[Origin, ...],
    sources: tuple[Source, ...],
    report: Report,
) -> KnowledgeGraph:
    """A graph of sorted parts: adds both directions, labels and digest."""
    triples, further = stated
    heads, relation_ids, tails, origin_ids = triples
    outgoing, incoming = both_ways(heads, relation_ids, tails, len(nodes))
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
    heads, relation_ids, tails, _ = triples
    _check_ids(heads, len(graph.nodes), "nodes")
    _check_ids(tails, len(graph.nodes), "nodes")
    _check_ids(relation_ids, len(graph.relations), "relations")
    rows, further, merged = sort_triples(triples, merge=merge)
    kept = literals if literals is graph.literals else _sort_literals(literals, len(graph.nodes))
    report = replace(graph.report, triples=len(rows[0]), literals=len(kept), merged=graph.report.merged + merged)
    terms, places = (graph.nodes, graph.relations), (graph.origins, graph.sources)
    return assemble(*terms, (rows, further), kept, (graph.languages, graph.labels.vocabulary), *places, report)


def digest_of(nodes: Terms, relations: Terms, triples: Sequence[np.ndarray], literals: Literals) -> str:
    """sha256 of what a graph states, the same on every machine."""
    digest = hashlib.sha256(repr((literals.datatype_names, literals.language_names)).encode())
    texts = (nodes.strings, relations.strings, literals.texts)
    columns = (*triples[:3], literals.nodes, literals.relation_ids, literals.datatypes, literals.languages)
    parts = (*(part for text in texts for part in (text.offsets, text.blob)), *columns)
    if nodes.aliases is not None:
        parts += (nodes.aliases.strings.offsets, nodes.aliases.strings.blob, nodes.aliases.ids)
    for part in parts:
        digest.update(f"{len(part)};".encode())
        digest.update(np.ascontiguousarray(part, part.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def _sort_literals(literals: Literals, nodes: int) -> Literals:
    texts = list(literals.texts)
    ranks = {text: rank for rank, text in enumerate(sorted(set(texts)))}
    text_ids = np.fromiter((ranks[text] for text in texts), np.int32, len(texts))
    keys = (literals.nodes, literals.relation_ids, text_ids, literals.datatypes, literals.languages)
    order, _, _ = _order((*keys, literals.origin_ids), merge=False)
    return Literals(
        compress(literals.nodes, nodes),
        frozen(literals.nodes[order]),
        frozen(literals.relation_ids[order]),
        Strings.of([texts[row] for row in order.tolist()]),
        frozen(literals.datatypes[order]),
        frozen(literals.languages[order]),
        frozen(literals.origin_ids[order]),
        _moved(literals.further, order),
        literals.datatype_names,
        literals.language_names,
    )


def _moved(further: Further, order: Int64[np.ndarray, " rows"]) -> Further:
    """The further origins of rows that were put into another order."""
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    rows = places[further.rows]
    by_row = np.lexsort((further.origin_ids, rows))
    return Further(frozen(rows[by_row]), frozen(further.origin_ids[by_row]))


def _order(columns: Columns, merge: bool) -> tuple[Int64[np.ndarray, " kept"], Further, int]:
    """The order of rows by all columns but the last (the origin), equal rows as they came.

    Also the further origins of rows that were merged, and how many were.
    """
    *keys, origins = columns
    order = np.lexsort(keys[::-1])
    if not merge or not len(order):
        return order, Further.none(), 0
    first = np.zeros(len(order), np.bool_)
    first[0] = True
    for key in keys:
        first[1:] |= key[order][1:] != key[order][:-1]
    return order[first], _further(origins[order], first), int(len(order) - first.sum())


def _further(origins: Int[np.ndarray, " rows"], first: Bool[np.ndarray, " rows"]) -> Further:
    """Origins of sorted rows that are not those of the first of their kind."""
    again = np.flatnonzero(~first)
    rows = np.cumsum(first)[again] - 1
    others = np.flatnonzero(origins[again] != origins[first][rows])
    pairs = np.unique(np.stack((rows[others], origins[again][others]), axis=1).astype(np.int32), axis=0)
    return Further(*(frozen(np.ascontiguousarray(column)) for column in pairs.T))


def _sorted(ids: dict[str, int]) -> tuple[list[str], Int32[np.ndarray, " terms"]]:
    """Terms in order, and for each of the ids given the place of its term in that order."""
    terms = sorted(ids)
    places = np.empty(len(terms), np.int32)
    places[np.fromiter((ids[term] for term in terms), np.int64, len(terms))] = np.arange(len(terms), dtype=np.int32)
    return terms, places


def _columns(values: "array[int]", width: int) -> tuple[Int32[np.ndarray, " rows"], ...]:
    table: np.ndarray[Any, Any] = np.array(values, np.int32).reshape(-1, width)
    return tuple(table.T)


def _check_ids(ids: Int[np.ndarray, " rows"], count: int, what: str) -> None:
    if len(ids) and (ids.min() < 0 or ids.max() >= count):
        raise DataError(f"expected ids of {what} in [0, {count}), found {ids.min()} to {ids.max()}")
