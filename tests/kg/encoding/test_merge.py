from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.encoding.merge import merged, moved
from ragmtl.kg.encoding.order import order_of
from ragmtl.kg.origins import Further

rows = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=40)


@given(rows)
def test_equal_rows_become_one_that_keeps_the_origins_of_all(given_rows: list[tuple[int, int, int]]) -> None:
    one, other, origins = (np.array(column) for column in zip(*given_rows, strict=True))
    order = order_of([(one, 3), (other, 3)])
    first, further = merged((one, other), origins, order)
    kept = order[first]
    stated: dict[tuple[int, int], list[int]] = {}
    for head, tail, origin in given_rows:
        stated.setdefault((head, tail), []).append(origin)
    assert [(int(one[row]), int(other[row])) for row in kept] == sorted(stated)
    for place, row in enumerate(kept.tolist()):
        said = stated[int(one[row]), int(other[row])]
        assert origins[row] == said[0]
        assert further.of(place) == sorted({*said} - {said[0]})


@given(rows)
def test_rows_that_are_not_to_be_merged_all_stay(given_rows: list[tuple[int, int, int]]) -> None:
    one, other, origins = (np.array(column) for column in zip(*given_rows, strict=True))
    first, further = merged((one, other), origins, order_of([(one, 3), (other, 3)]), merge=False)
    assert first.all()
    assert len(further) == 0


@given(st.lists(st.sets(st.integers(0, 5), max_size=3), max_size=12), st.randoms())
def test_further_origins_go_with_their_rows(said: list[set[int]], chance: random.Random) -> None:
    pairs = np.array([(row, origin) for row, some in enumerate(said) for origin in sorted(some)], np.int32)
    further = Further(*pairs.reshape(-1, 2).T)
    order = np.array(chance.sample(range(len(said)), len(said)), np.int32)
    after = moved(further, order)
    assert [after.of(place) for place in range(len(said))] == [sorted(said[row]) for row in order.tolist()]
