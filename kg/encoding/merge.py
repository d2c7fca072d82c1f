"""Equal statements become one, which keeps the origins of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int32, Integer

from ragmtl.kg.origins import Further
from ragmtl.kg.terms import frozen


def merged(
    keys: Sequence[Integer[np.ndarray, " rows"]],
    origin_ids: Integer[np.ndarray, " rows"],
    order: Int32[np.ndarray, " rows"],
    *,
    merge: bool = True,
) -> tuple[Bool[np.ndarray, " rows"], Further]:
    """Which rows, in order, are the first of their kind, and the other origins of those that come again.

    Args:
        keys: Columns that make rows equal.
        origin_ids: Origin of each row.
        order: The order of rows by those columns; equal rows stand as they came.
        merge: Whether equal rows become one at all.
    """
    first = np.ones(len(order), np.bool_)
    if not merge or len(order) < 2:
        return first, Further.none()
    first[1:] = False
    for key in keys:
        column = key[order]
        first[1:] |= column[1:] != column[:-1]
    again = np.flatnonzero(~first)
    if not len(again):
        return first, Further.none()
    rows, origins = np.cumsum(first, dtype=np.int32)[again] - 1, origin_ids[order[again]]
    others = np.flatnonzero(origins != origin_ids[order[first][rows]])
    pairs = np.unique(np.stack((rows[others], origins[others]), axis=1).astype(np.int32), axis=0)
    return first, Further(*(frozen(np.ascontiguousarray(column)) for column in pairs.T))


def moved(further: Further, order: Int32[np.ndarray, " rows"]) -> Further:
    """The further origins of rows that were put into another order."""
    if not len(further):
        return further
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    rows = places[further.rows]
    by_row = np.lexsort((further.origin_ids, rows))
    return Further(frozen(rows[by_row]), frozen(further.origin_ids[by_row]))
