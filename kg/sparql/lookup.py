"""Statements of a graph by any of their parts: where those with a head, a relation, a tail or a value stand.

Everything is a number here. A *code* stands for a term: nodes come first, then literals (one code for all literals
that are the same), then relations that are no nodes. *Rows* are rows of the triples, or of the literals, of the graph.

    found = lookup.routes(heads=np.array([3]), links=None, tails=None)      # the triples and the literals of node 3

Three of the orders are those of the graph; the others (by relation, by value) are made when they are first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int64, Integer

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal
from ragmtl.kg.sparql.orders import Codes, Order, Route, ordered

_MOST_SCANS = 16  # literals that are looked for one by one; for more, all of them are sorted
_FEW = 8
_FIRST, _MOST = 1 << 8, 1 << 16  # rows of a piece


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The statements of some of the named graphs.

    Attributes:
        origins: Which origins are of these graphs.
        triples, literals: Rows that one of these origins states, but not as the first.
    """

    origins: Bool[np.ndarray, " origins"]
    triples: Integer[np.ndarray, " triples"]
    literals: Integer[np.ndarray, " literals"]


class Lookup:
    """Finds the statements of one graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self.nodes, self.values = len(graph.nodes), len(graph.literals)
        literals = graph.literals
        self._out = Order(graph.outgoing.indptr, None, graph.relation_ids, literal=False)
        self._into = Order(graph.incoming.indptr, graph.incoming.triples, graph.incoming.relations, literal=False)
        self._own = Order(literals.indptr, None, literals.relation_ids, literal=True)
        self._rows: dict[int, Codes] = {}
        self._all = (
            Order(np.array([0, len(graph)]), None, None, literal=False),
            Order(np.array([0, self.values]), None, None, literal=True),
        )

    @cached_property
    def by_relation(self) -> tuple[Order, Order]:
        """Triples and literals by their relation."""
        return tuple(  # type: ignore[return-value]
            ordered(ids, len(self.graph.relations), literal=literal)
            for ids, literal in ((self.graph.relation_ids, False), (self.graph.literals.relation_ids, True))
        )

    @cached_property
    def first_equal(self) -> Integer[np.ndarray, " rows"]:
        """For each row of the literals, the first row with the same literal."""
        import pyarrow

        literals = self.graph.literals
        offsets = np.ascontiguousarray(literals.texts.offsets, np.int64)
        buffers = [None, pyarrow.py_buffer(offsets), pyarrow.py_buffer(np.ascontiguousarray(literals.texts.blob))]
        texts = pyarrow.Array.from_buffers(pyarrow.large_binary(), self.values, buffers)
        keys = texts.dictionary_encode().indices.to_numpy().astype(np.int64)
        keys = keys * max(len(literals.datatype_names), 1) + literals.datatypes
        keys = keys * max(len(literals.language_names), 1) + literals.languages
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        result: Integer[np.ndarray, " rows"] = first[inverse]
        return result

    @cached_property
    def by_value(self) -> Order:
        """Literals by the first row with the same literal."""
        return ordered(self.first_equal, self.values, literal=True)

    @cached_property
    def relation_codes(self) -> Int64[np.ndarray, " relations"]:
        """The code of each relation as a term: that of its node, where it is one."""
        found = self.graph.nodes.find_all(list(self.graph.relations))
        others = self.nodes + self.values + np.arange(len(self.graph.relations))
        codes: Int64[np.ndarray, " relations"] = np.where(found >= 0, found, others)
        return codes

    def relations_of(self, codes: Codes) -> Codes:
        """The relation that each code stands for; -1 for what is no relation."""
        if not len(self.relation_codes):
            return np.full(len(codes), -1, np.int64)
        order = np.argsort(self.relation_codes)
        at = np.minimum(np.searchsorted(self.relation_codes, codes, sorter=order), len(order) - 1)
        return np.where(self.relation_codes[order[at]] == codes, order[at], -1)

    def value(self, literal: Literal) -> int | None:
        """The code of a literal, or None where the graph holds none like it."""
        literals = self.graph.literals
        if literal.datatype not in literals.datatype_names or literal.language not in literals.language_names:
            return None
        kind = literals.datatype_names.index(literal.datatype), literals.language_names.index(literal.language)
        rows = self._alike(literal.text.encode("utf-8", "surrogatepass"), *kind)
        if not len(rows):
            return None
        code = self.nodes + int(rows[0])
        if len(self._rows) < _MOST_SCANS:
            self._rows[code] = rows
        return code

    def rows_of(self, code: int) -> Codes:
        """The rows of all literals that are the same as the one with a code, in order."""
        if code not in self._rows and len(self._rows) < _MOST_SCANS:
            literals, row = self.graph.literals, code - self.nodes
            kind = int(literals.datatypes[row]), int(literals.languages[row])
            self._rows[code] = self._alike(literals.texts.encoded(row), *kind)
        if code in self._rows:
            return self._rows[code]
        first = self.first_equal[code - self.nodes]
        return self.by_value.at(np.arange(self.by_value.indptr[first], self.by_value.indptr[first + 1]))

    def _alike(self, text: bytes, datatype: int, language: int) -> Codes:
        """Rows of literals with a text, found by its length first and then byte for byte."""
        literals = self.graph.literals
        blob, offsets = literals.texts.blob, literals.texts.offsets
        alike = (offsets[1:] - offsets[:-1]) == len(text)
        alike &= (literals.datatypes == datatype) & (literals.languages == language)
        rows = np.flatnonzero(alike)
        for place in range(len(text)):
            if len(rows) < _FEW:
                break
            rows = rows[blob[offsets[rows].astype(np.int64) + place] == text[place]]
        else:
            return rows
        return np.array([row for row in rows.tolist() if literals.texts.encoded(row) == text], np.int64)

    def routes(self, heads: Codes | None, links: Codes | None, tails: Codes | None) -> list[Route]:
        """The shortest way to the statements that may have these parts; each may still have other heads and tails.

        Args:
            heads: Code of the head, for each input row; None where any will do.
            links: Relation, likewise.
            tails: Code of the tail, likewise.
        """
        ways: list[Callable[[], list[Route]]] = []
        if heads is not None:
            ways.append(lambda: self._from(heads, links, tails))
        if tails is not None:
            ways.append(lambda: self._towards(tails, links))
        if not ways and links is not None:
            ways.append(lambda: [Route(order, *order.spans(links, None)) for order in self.by_relation])
        if not ways:
            anywhere = np.zeros(1, np.int64)
            ways.append(lambda: [Route(order, *order.spans(anywhere, None)) for order in self._all])
        return min((way() for way in ways), key=lambda routes: sum(route.total for route in routes))

    def _from(self, heads: Codes, links: Codes | None, tails: Codes | None) -> list[Route]:
        keys = [heads, heads]
        if tails is not None:
            keys = [np.where(tails < self.nodes, heads, -1), np.where(tails >= self.nodes, heads, -1)]
        orders = zip((self._out, self._own), keys, strict=True)
        return [Route(order, *order.spans(key, links)) for order, key in orders]

    def _towards(self, tails: Codes, links: Codes | None) -> list[Route]:
        nodes, values = np.where(tails < self.nodes, tails, -1), tails[self._are_values(tails)]
        found = [Route(self._into, *self._into.spans(nodes, links))]
        if len(values) == len(tails) and (tails == values[0]).all():
            rows = self.rows_of(int(values[0]))
            order = Order(np.array([0, len(rows)]), rows, None, literal=True)
            found = [Route(order, *order.spans(np.zeros(len(tails), np.int64), None))]
        elif len(values):
            found.append(Route(self.by_value, *self.by_value.spans(tails - self.nodes, None)))
        return found

    def same(self, codes: Codes) -> Codes:
        """The codes, equal ones for equal literals."""
        values = self._are_values(codes)
        if not values.any():
            return codes
        same = codes.copy()
        same[values] = self.nodes + self.first_equal[codes[values] - self.nodes]
        return same

    def _are_values(self, codes: Codes) -> Bool[np.ndarray, " _"]:
        result: Bool[np.ndarray, " _"] = (codes >= self.nodes) & (codes < self.nodes + self.values)
        return result

    def are(self, rows: Codes, code: int) -> Bool[np.ndarray, " _"]:
        """Which of some rows of literals hold the literal with a code."""
        if not self.nodes <= code < self.nodes + self.values:
            return np.zeros(len(rows), np.bool_)
        wanted = self.rows_of(code)
        at = np.minimum(np.searchsorted(wanted, rows), len(wanted) - 1)
        result: Bool[np.ndarray, " _"] = wanted[at] == rows
        return result

    def find(
        self,
        head: int | None,
        link: int | None,
        tail: int | None,
        shown: Shown | None = None,
    ) -> Iterator[tuple[Codes, bool]]:
        """The rows that fit, a piece at a time, and whether they are of literals.

        Args:
            head: Code of the head; None where any will do.
            link: Relation, likewise.
            tail: Code of the tail, likewise.
            shown: Which statements count; all where None.
        """
        asked = (head, link, tail)
        for route in self.routes(*(None if part is None else np.array([part]) for part in asked)):
            start, stop = int(route.starts[0]), int(route.starts[0] + route.counts[0])
            size, literal = _FIRST, route.order.literal
            while start < stop:
                rows = self._fitting(route.order.at(np.arange(start, min(start + size, stop))), literal, asked)
                start, size = start + size, min(4 * size, _MOST)
                if shown is not None:
                    rows = rows[self.stated(rows, shown, literal=literal)]
                if len(rows):
                    yield rows, literal

    def _fitting(self, rows: Codes, literal: bool, asked: tuple[int | None, int | None, int | None]) -> Codes:
        graph, (head, link, tail) = self.graph, asked
        own = graph.literals
        heads, links = (own.nodes, own.relation_ids) if literal else (graph.heads, graph.relation_ids)
        if head is not None:
            rows = rows[heads[rows] == head]
        if link is not None:
            rows = rows[links[rows] == link]
        if tail is None:
            return rows
        fitting: Codes = rows[self.are(rows, tail) if literal else graph.tails[rows] == tail]
        return fitting

    def parts(self, rows: Codes, *, literal: bool, joined: bool) -> tuple[Codes, Codes, Codes]:
        """Head, relation and the code of the tail of some rows.

        Args:
            rows: Rows of triples or of literals.
            literal: Which of both.
            joined: Whether equal literals must have equal codes; those of rows are as good to be shown.
        """
        if not literal:
            columns = self.graph.heads, self.graph.relation_ids, self.graph.tails
            head, link, tail = (column[rows].astype(np.int64) for column in columns)
            return head, link, tail
        literals = self.graph.literals
        tails = self.nodes + (self.first_equal[rows] if joined else rows)
        return literals.nodes[rows].astype(np.int64), literals.relation_ids[rows].astype(np.int64), tails

    def shown(self, names: Collection[str]) -> Shown:
        """What the named graphs with some names state."""
        graph = self.graph
        origins = np.array([origin.graph in names for origin in graph.origins], np.bool_)
        further = (each.rows[origins[each.origin_ids]] for each in (graph.further, graph.literals.further))
        return Shown(origins, *further)

    def stated(self, rows: Codes, shown: Shown, *, literal: bool) -> Bool[np.ndarray, " _"]:
        """Which of some rows are shown."""
        origins = self.graph.literals.origin_ids if literal else self.graph.origin_ids
        further = shown.literals if literal else shown.triples
        result: Bool[np.ndarray, " _"] = shown.origins[origins[rows]]
        return result | np.isin(rows, further) if len(further) else result
