"""Joins over integers: the solutions of several triple patterns, as tables of codes.

A pattern is three slots, each a constant (a number: a code, or the id of a relation in the middle) or the name of a
variable. Patterns are taken one by one, the one with the fewest expected rows first; each makes every row of the table
so far into as many as it has matches:

    ?film :director ?person . ?person :born "1962"      ->  {person: […]}  ->  {person: […], film: […]}

Tables come in pieces of at most `PIECE` rows, small ones first: memory is bounded, and the first rows come at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from ragmtl.kg.sparql.lookup import Lookup, Shown
from ragmtl.kg.sparql.orders import Route

PIECE = 1 << 16
"""Most rows of a table."""
_FIRST_PIECE = 1 << 8

Slot = Hashable
"""A constant (int) or a variable (anything else)."""
Pattern = tuple[Slot, Slot, Slot]
Column = Integer[np.ndarray, " _"]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Solutions: for each variable its code in every row."""

    size: int
    columns: Mapping[Slot, Column]

    def take(self, rows: Column | Bool[np.ndarray, " _"]) -> Table:
        """Some of the rows, by their places or by a mask."""
        taken = {name: column[rows] for name, column in self.columns.items()}
        return Table(int(rows.sum()) if rows.dtype == np.bool_ else len(rows), taken)


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What a search may see, and how long it may last.

    Attributes:
        lookup: Where statements are found.
        shown: Which statements count; all where None.
        check: Called now and then; raises to stop the search.
    """

    lookup: Lookup
    shown: Shown | None = None
    check: Callable[[], None] = lambda: None


START = Table(1, {})
"""The table to begin with: one row, nothing bound."""


def solve(
    scope: Scope, patterns: Sequence[Pattern], table: Table = START, compared: Iterable[Slot] = ()
) -> Iterator[Table]:
    """All solutions of the patterns that agree with the rows of a table, piece by piece.

    Args:
        scope: Where to search.
        patterns: What must hold.
        table: Solutions to go on from.
        compared: Variables that get equal codes for equal literals; others get them only where patterns meet in them.
    """
    joined = _joined(patterns, table) | frozenset(compared)
    slots = {slot for pattern in patterns for slot in pattern}  # other columns hold numbers that are no codes
    columns = {name: scope.lookup.same(c) if name in slots else c for name, c in table.columns.items()}
    table = Table(table.size, columns)
    order = plan(scope.lookup, patterns, set(table.columns))
    yield from _solve(scope, order, table, joined)


def _solve(scope: Scope, patterns: Sequence[Pattern], table: Table, joined: frozenset[Slot]) -> Iterator[Table]:
    if not patterns:
        yield table
        return
    for piece in _extend(scope, table, patterns[0], joined):
        yield from _solve(scope, patterns[1:], piece, joined)


def plan(lookup: Lookup, patterns: Sequence[Pattern], bound: set[Slot]) -> list[Pattern]:
    """The order in which to take patterns: always the one with the fewest rows to expect, joined ones first."""
    left, known, order = list(patterns), set(bound), []
    while left:
        best = min(left, key=lambda pattern: _cost(lookup, pattern, known)) if len(left) > 1 else left[0]
        left.remove(best)
        order.append(best)
        known |= {slot for slot in best if not isinstance(slot, int)}
    return order


def _cost(lookup: Lookup, pattern: Pattern, known: set[Slot]) -> tuple[bool, float]:
    """Whether a pattern has nothing in common with what is known, and how many rows it makes of one."""
    variables = [slot for slot in pattern if not isinstance(slot, int)]
    apart = bool(known) and bool(variables) and not known.intersection(variables)
    heads, links, tails = (np.array([slot]) if isinstance(slot, int) else None for slot in pattern)
    expected = float(sum(route.total for route in lookup.routes(heads, links, tails)))
    relation = pattern[1] if isinstance(pattern[1], int) else None
    if pattern[0] in known:
        expected /= max(_distinct(lookup, relation, tails=False), 1)
    if pattern[2] in known:
        expected /= max(_distinct(lookup, relation, tails=True), 1)
    if pattern[1] in known:
        expected /= max(len(lookup.graph.relations), 1)
    return apart, expected


def _distinct(lookup: Lookup, relation: int | None, *, tails: bool) -> int:
    """Roughly how many heads (or tails) the triples of a relation have: counted on a thousand of them."""
    triples, literals = lookup.by_relation
    if relation is None:
        return lookup.nodes
    start, stop = int(triples.indptr[relation]), int(triples.indptr[relation + 1])
    if start == stop:  # a relation of literals
        return int(literals.indptr[relation + 1] - literals.indptr[relation])
    sample = triples.at(np.linspace(start, stop - 1, min(stop - start, 1000)).astype(np.int64))
    ids = lookup.graph.tails if tails else lookup.graph.heads
    share = len(np.unique(ids[sample])) / len(sample)
    return max(int(share * (stop - start)), 1)


def _joined(patterns: Sequence[Pattern], table: Table) -> frozenset[Slot]:
    """Variables that must have equal codes for equal literals: those that stand in two places."""
    places = [slot for pattern in patterns for slot in pattern if not isinstance(slot, int)]
    return frozenset(slot for slot in places if places.count(slot) > 1 or slot in table.columns)


def _extend(scope: Scope, table: Table, pattern: Pattern, joined: frozenset[Slot]) -> Iterator[Table]:
    bound = [_codes(scope.lookup, table, slot, middle=place == 1) for place, slot in enumerate(pattern)]
    routes = scope.lookup.routes(*bound)
    anywhere = all(codes is None for codes in bound)
    for route in routes:
        for owners, places in _pieces(route, table.size if anywhere else None):
            scope.check()
            piece = _matches(scope, table, pattern, route, owners, places, joined)
            if piece.size:
                yield piece


def _codes(lookup: Lookup, table: Table, slot: Slot, *, middle: bool) -> Column | None:
    if isinstance(slot, int):
        return np.full(table.size, slot, np.int64)
    column = table.columns.get(slot)
    return lookup.relations_of(column) if middle and column is not None else column


def _pieces(route: Route, copies: int | None) -> Iterator[tuple[Column, Column]]:
    """Candidates, a piece at a time: which input row each belongs to, and its place in the order of the route."""
    starts, counts = route.starts, route.counts
    if copies is not None:  # the same candidates for every row
        starts, counts = np.repeat(starts, copies), np.repeat(counts, copies)
    ends = np.cumsum(counts)
    total, at, size = int(ends[-1]) if len(ends) else 0, 0, _FIRST_PIECE
    while at < total:
        flat = np.arange(at, min(at + size, total))
        owners = np.searchsorted(ends, flat, side="right")
        yield owners, starts[owners] + flat - (ends - counts)[owners]
        at, size = at + size, min(size * 4, PIECE)


def _matches(
    scope: Scope,
    table: Table,
    pattern: Pattern,
    route: Route,
    owners: Column,
    places: Column,
    joined: frozenset[Slot],
) -> Table:
    """The rows that candidates make: those that agree with what is bound."""
    lookup, literal = scope.lookup, route.order.literal
    rows = route.order.at(places)
    keep = np.ones(len(rows), np.bool_)
    if scope.shown is not None:
        keep &= lookup.stated(rows, scope.shown, literal=literal)
    head, link, tail = lookup.parts(rows, literal=literal, joined=pattern[2] in joined)
    found: dict[Slot, Column] = {}
    for place, (slot, column) in enumerate(zip(pattern, (head, link, tail), strict=True)):
        codes = column
        if place == 1 and not isinstance(slot, int):
            codes = lookup.relation_codes[column]
        if isinstance(slot, int):
            keep &= lookup.are(rows, slot) if literal and place == 2 else codes == slot
        elif slot in table.columns:
            keep &= codes == table.columns[slot][owners]
        elif slot in found:
            keep &= codes == found[slot]
        else:
            found[slot] = codes
    kept = {name: column[owners[keep]] for name, column in table.columns.items()}
    return Table(int(keep.sum()), kept | {name: column[keep] for name, column in found.items()})
