from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.adjacency import compress
from ragmtl.kg.sparql.orders import Order, Route, ordered

rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=20).map(sorted)


@given(rows, st.lists(st.tuples(st.integers(-1, 6), st.integers(-1, 4)), min_size=1, max_size=6))
@settings(deadline=None)
def test_spans_hold_the_rows_of_a_key_and_a_relation(
    pairs: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    table = np.array(pairs, np.int32).reshape(-1, 2)
    order = Order(compress(table[:, 0], 5), None, table[:, 1], literal=False)
    keys, links = np.array(asked, np.int64).T
    for wanted in (None, links):
        starts, counts = order.spans(keys, wanted)
        for place, (key, link) in enumerate(asked):
            found = pairs[starts[place] : starts[place] + counts[place]]
            assert found == [pair for pair in pairs if pair[0] == key and (wanted is None or pair[1] == link)]
            alone = order.spans(keys[place : place + 1], None if wanted is None else links[place : place + 1])
            assert alone[1][0] == counts[place]


@given(st.lists(st.integers(0, 4), max_size=20))
def test_rows_are_put_in_order(ids: list[int]) -> None:
    order = ordered(np.array(ids, np.int64), 5, literal=True)
    starts, counts = order.spans(np.arange(5), None)
    found = [order.at(np.arange(start, start + count)).tolist() for start, count in zip(starts, counts, strict=True)]
    assert found == [[row for row, at in enumerate(ids) if at == key] for key in range(5)]
    assert Route(order, starts, counts).total == len(ids)
