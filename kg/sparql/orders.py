"""Rows in the order of a key, so that those of one key stand together and are found at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from ragmtl.kg.adjacency import compress

Codes = Integer[np.ndarray, " _"]

_NONE = np.zeros(1, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Rows in the order of a key: those of key `k` stand at `indptr[k]:indptr[k + 1]`.

    Attributes:
        indptr: Where the rows of each key begin.
        rows: The rows in this order; None where it is the order of the graph.
        relations: Relation at each place, where those of one key are sorted by it; else None.
        literal: Whether these are rows of literals.
    """

    indptr: Integer[np.ndarray, " pointers"]
    rows: Integer[np.ndarray, " rows"] | None
    relations: Integer[np.ndarray, " rows"] | None
    literal: bool

    def spans(self, keys: Codes, links: Codes | None) -> tuple[Codes, Codes]:
        """Where the rows of each key begin, and how many they are; only those with the relation where one is given.

        A key that does not exist has no rows.
        """
        if len(keys) == 1:
            return self._span(int(keys[0]), None if links is None else int(links[0]))
        known = (keys >= 0) & (keys < len(self.indptr) - 1)
        at = np.where(known, keys, 0) if len(self.indptr) > 1 else np.zeros(len(keys), np.int64)
        if len(self.indptr) == 1:
            return at, at
        starts = self.indptr[at].astype(np.int64)
        ends = np.where(known, self.indptr[at + 1], starts)
        if links is not None and self.relations is not None:
            first = _narrow(self.relations, starts, ends, links)
            starts, ends = first, _narrow(self.relations, first, ends, links + 1)
        return starts, ends - starts

    def _span(self, key: int, link: int | None) -> tuple[Codes, Codes]:
        """The same for one key, four times as fast."""
        if not 0 <= key < len(self.indptr) - 1:
            return _NONE, _NONE
        start, end = int(self.indptr[key]), int(self.indptr[key + 1])
        if link is not None and self.relations is not None:
            start = bisect_left(self.relations, link, start, end)
            end = bisect_right(self.relations, link, start, end)
        return np.array([start]), np.array([end - start])

    def at(self, places: Codes) -> Codes:
        """The rows that stand at some places."""
        return places if self.rows is None else self.rows[places]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One way to candidates: for each input row, where they begin in an order and how many they are."""

    order: Order
    starts: Codes
    counts: Codes

    @property
    def total(self) -> int:
        """How many candidates there are."""
        return int(self.counts.sum())


def ordered(ids: Codes, count: int, *, literal: bool) -> Order:
    """Rows by ids in [0, count), those of one id as they are.

    Args:
        ids: The id of each row.
        count: How many ids there are.
        literal: Whether these are rows of literals.
    """
    narrow = ids.astype(np.uint16) if count <= 1 << 16 else ids  # numpy sorts 16 bits by radix
    order = np.argsort(narrow, kind="stable").astype(np.int32 if len(ids) < 1 << 31 else np.int64)
    return Order(compress(ids, count), order, None, literal)


def _narrow(values: Codes, starts: Codes, ends: Codes, wanted: Codes) -> Codes:
    """For each span of sorted values, the first place whose value is at least the wanted one."""
    low, high = starts.copy(), ends.copy()
    while len(rows := np.flatnonzero(low < high)):
        middle = (low[rows] + high[rows]) >> 1
        less = values[middle] < wanted[rows]
        low[rows] = np.where(less, middle + 1, low[rows])
        high[rows] = np.where(less, high[rows], middle)
    return low
