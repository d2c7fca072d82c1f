from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.encoding.order import differ, gathered, order_of, order_of_texts
from ragmtl.kg.terms import Strings

letters = st.text(alphabet="ab\0é\U0001f600", max_size=20)
alike = st.builds(lambda size, end: "x" * size + end, st.integers(0, 40), letters)
texts = st.lists(letters | alike, max_size=60)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 70_000), st.integers(0, 1)), min_size=1, max_size=50))
def test_rows_are_ordered_by_columns_and_equal_ones_stay_as_they_came(rows: list[tuple[int, int, int]]) -> None:
    columns = [(np.array(column), max(column) + 1) for column in zip(*rows, strict=True)]
    assert order_of(columns).tolist() == sorted(range(len(rows)), key=lambda row: rows[row])


@settings(deadline=None, max_examples=300)
@given(texts)
def test_texts_are_ordered_by_their_bytes(found: list[str]) -> None:
    strings = Strings.of(found)
    order = order_of_texts(strings)
    assert sorted(order.tolist()) == list(range(len(found)))
    assert list(gathered(strings, order)) == sorted(found)
    new = differ(strings, order)
    assert list(gathered(strings, order[new] if len(found) else order)) == sorted(set(found))


def test_many_texts_with_one_beginning_are_ordered() -> None:
    found = [f"http://example.org/a/very/long/beginning/{number * 7919 % 5000:04}" for number in range(5000)]
    strings = Strings.of(found)
    assert list(gathered(strings, order_of_texts(strings))) == sorted(found)


def test_the_same_text_many_times_is_ordered() -> None:
    strings = Strings.of(["x" * 1000] * 500 + [""] * 500)
    order = order_of_texts(strings)
    assert [len(strings[int(row)]) for row in order] == [0] * 500 + [1000] * 500
    assert differ(strings, order).sum() == 2


@given(texts, st.data())
def test_texts_are_gathered_in_any_order(found: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(found) - 1), max_size=20)) if found else []
    gatherings = gathered(Strings.of(found), np.array(chosen, np.int64))
    assert list(gatherings) == [found[place] for place in chosen]
    assert not gatherings.blob.flags.writeable
