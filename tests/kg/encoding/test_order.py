from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.encoding.order import _merge_keys, _sort_keys, differ, gathered, order_of, order_of_texts
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


class Foe:
    """Chooses keys while they are sorted, so that each pivot is among the least (McIlroy, 1999)."""

    def __init__(self) -> None:
        self.chosen = self.asked = 0
        self.candidate: Key | None = None

    def compare(self, one: Key, other: Key) -> bool:
        self.asked += 1
        if one.value is None and other.value is None:
            pivot = one if one is self.candidate else other
            pivot.value, self.chosen = self.chosen, self.chosen + 1
        if one.value is None:
            self.candidate = one
            return False
        if other.value is None:
            self.candidate = other
            return True
        return one.value < other.value


class Key:
    """A key that gets its value when it must have one."""

    def __init__(self, foe: Foe) -> None:
        self.foe = foe
        self.value: int | None = None

    def __lt__(self, other: Key) -> bool:
        return self.foe.compare(self, other)

    def __gt__(self, other: Key) -> bool:
        return self.foe.compare(other, self)


def uncompiled(loop: Callable[..., None]) -> Callable[..., None]:
    return loop.py_func  # type: ignore[attr-defined,no-any-return] # what numba keeps


def test_no_keys_take_a_number_of_steps_that_grows_with_their_square(monkeypatch: pytest.MonkeyPatch) -> None:
    foe, rows = Foe(), np.arange(1500)
    keys: np.ndarray = np.array([Key(foe) for _ in rows], dtype=object)
    given = list(keys)
    monkeypatch.setattr("ragmtl.kg.encoding.order._merge_keys", uncompiled(_merge_keys))
    uncompiled(_sort_keys)(keys, rows, 0, len(rows))
    assert foe.asked < 20 * len(rows) * np.log2(len(rows))
    values = np.array([foe.chosen if key.value is None else key.value for key in given])
    assert (np.diff(values[rows]) >= 0).all()
    found = [f"{value:08}" for value in values.tolist()]
    assert list(gathered(Strings.of(found), order_of_texts(Strings.of(found)))) == sorted(found)


@given(texts, st.data())
def test_texts_are_gathered_in_any_order(found: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(found) - 1), max_size=20)) if found else []
    gatherings = gathered(Strings.of(found), np.array(chosen, np.int64))
    assert list(gatherings) == [found[place] for place in chosen]
    assert not gatherings.blob.flags.writeable
