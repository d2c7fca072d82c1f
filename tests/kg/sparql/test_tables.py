from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.sparql.joins import Table
from ragmtl.kg.sparql.tables import count, distinct

rows = st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8), max_size=4)


def tables(parts: list[list[tuple[int, int]]]) -> list[Table]:
    columns = [np.array(part, np.int64).reshape(-1, 2) for part in parts]
    return [Table(len(part), {"a": part[:, 0], "b": part[:, 1]}) for part in columns]


@given(rows)
def test_distinct_gives_each_row_once(parts: list[list[tuple[int, int]]]) -> None:
    found = [
        row
        for table in distinct(tables(parts))
        for row in zip(table.columns["a"].tolist(), table.columns["b"].tolist(), strict=True)
    ]
    assert sorted(found) == sorted({row for part in parts for row in part})


@given(rows)
def test_counts_by_group(parts: list[list[tuple[int, int]]]) -> None:
    flat = [row for part in parts for row in part]
    keys, (all_rows, different) = count(tables(parts), ["a"], [None, "b"])
    assert keys[:, 0].tolist() == sorted({a for a, _ in flat})
    assert all_rows.tolist() == [n for _, n in sorted(Counter(a for a, _ in flat).items())]
    assert different.tolist() == [n for _, n in sorted(Counter(a for a, _ in set(flat)).items())]


@given(rows)
def test_counts_of_everything(parts: list[list[tuple[int, int]]]) -> None:
    flat = [row for part in parts for row in part]
    _, (all_rows, different) = count(tables(parts), [], [None, "b"])
    assert (all_rows.tolist(), different.tolist()) == ([len(flat)], [len({b for _, b in flat})])
