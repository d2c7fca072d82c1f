"""What becomes of tables of solutions while they are still numbers: different rows, and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Int64, Integer

from ragmtl.kg.sparql.joins import Slot, Table

Keys = Integer[np.ndarray, "_ _"]


def distinct(tables: Iterable[Table]) -> Iterator[Table]:
    """The rows that differ from all rows before them.

    Raises nothing; the rows that were seen are kept, eight bytes a cell and more.
    """
    seen: set[tuple[int, ...]] = set()
    for table in tables:
        names = list(table.columns)
        rows = [row for row in map(tuple, _different(_keys(table, names))[0].tolist()) if row not in seen]
        seen.update(rows)
        if rows:
            columns = np.array(rows, np.int64).reshape(len(rows), len(names)).T
            yield Table(len(rows), dict(zip(names, columns, strict=True)))


def count(
    tables: Iterable[Table], groups: Sequence[Slot], counted: Sequence[Slot | None]
) -> tuple[Keys, list[Int64[np.ndarray, " _"]]]:
    """How many rows there are for each combination of some columns.

    Args:
        tables: The rows.
        groups: The columns to group by; all rows are one group where there are none.
        counted: What to count, each in its own way: the different codes of a column, or rows (None).

    Returns:
        The combinations, in order, and for each of `counted` how many it has.
    """
    held = list(tables) if any(name is not None for name in counted) else None
    keys, rows = _group(tables if held is None else held, groups)
    counts = []
    for name in counted:
        if name is None:
            counts.append(rows)
            continue
        pairs, _ = _group(held or (), [*groups, name])
        again, different = _different(pairs[:, :-1])
        counts.append(different if len(again) else np.zeros(max(len(keys), not groups), np.int64))
    return keys, counts


def _group(tables: Iterable[Table], groups: Sequence[Slot]) -> tuple[Keys, Int64[np.ndarray, " _"]]:
    total: dict[tuple[int, ...], int] = {}
    for table in tables:
        keys, counts = _different(_keys(table, groups))
        for key, number in zip(map(tuple, keys.tolist()), counts.tolist(), strict=True):
            total[key] = total.get(key, 0) + number
    if not total and not groups:
        total[()] = 0
    order = sorted(total)
    found = np.array(order, np.int64).reshape(len(order), len(groups))
    return found, np.array([total[key] for key in order], np.int64)


def _keys(table: Table, names: Sequence[Slot]) -> Keys:
    columns = [table.columns[name] for name in names]
    return np.stack(columns, axis=1) if columns else np.zeros((table.size, 0), np.int64)


def _different(keys: Keys) -> tuple[Keys, Int64[np.ndarray, " _"]]:
    """Different rows in order, and how often each comes."""
    if keys.shape[1] == 0:
        return keys[:1], np.array([len(keys)] if len(keys) else [], np.int64)
    if keys.shape[1] == 1:
        values, counts = np.unique(keys[:, 0], return_counts=True)
        return values[:, None], counts
    order = np.lexsort(keys.T[::-1])
    ordered = keys[order]
    first = np.ones(len(ordered), np.bool_)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    places = np.flatnonzero(first)
    return ordered[places], np.diff(np.append(places, len(ordered)))
