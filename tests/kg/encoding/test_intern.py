from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.encoding.intern import Interned, intern
from ragmtl.kg.encoding.memory import PADDING
from ragmtl.kg.terms import Strings

terms = st.lists(st.tuples(st.binary(max_size=20), st.integers(0, 2)), max_size=60)


@settings(deadline=None)
@given(terms)
def test_a_term_keeps_its_number_and_its_mark_tells_it_from_others(given_terms: list[tuple[bytes, int]]) -> None:
    table, numbers = Interned(), dict[tuple[bytes, int], int]()
    for term, mark in given_terms:
        assert table.add(term, mark) == numbers.setdefault((term, mark), len(numbers))
    assert len(table) == len(numbers)
    assert [(table[number], int(table.marks[number])) for number in range(len(table))] == list(numbers)


@settings(deadline=None)
@given(terms, terms)
def test_tables_are_put_together(one: list[tuple[bytes, int]], other: list[tuple[bytes, int]]) -> None:
    first, second = Interned(), Interned()
    for table, rows in ((first, one), (second, other)):
        for term, mark in rows:
            table.add(term, mark)
    kept = first.copy()
    numbers = first.add_all(second)
    assert [first[number] for number in numbers.tolist()] == [second[row] for row in range(len(second))]
    assert len(first) == len({*one, *other})
    assert len(kept) == len({*one})


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), max_size=40))
def test_packed_texts_are_added_at_once(texts: list[str]) -> None:
    table, strings = Interned(), Strings.of(texts)
    numbers = table.add_strings(strings, np.zeros(len(texts), np.int32))
    assert [table[number].decode() for number in numbers.tolist()] == texts
    assert list(table.strings()) == list(dict.fromkeys(texts))


def test_it_grows_by_itself_and_forgets_nothing() -> None:
    table = Interned()
    names = [f"http://example.org/{number}/{'x' * (number % 50)}".encode() for number in range(20_000)]
    assert [table.add(name) for name in names] == list(range(len(names)))
    assert [table.add(name) for name in names[::-1]] == list(range(len(names)))[::-1]
    assert len(table.slots) & (len(table.slots) - 1) == 0
    assert 2 * len(table) <= len(table.slots)


def test_terms_whose_hashes_are_the_same_are_told_apart() -> None:
    table = Interned()
    names = [f"term {number}".encode() for number in range(300)]
    table.reserve(len(names), sum(map(len, names)))

    def number_of(name: bytes, state: int) -> int:
        held = np.frombuffer(name + bytes(PADDING), np.uint8)
        start = held.ctypes.data
        return int(intern(table.table, start, start + len(name), np.uint64(state), 0))

    for state in (0, 2**32 - 1, 2**64 - 1):  # the lower half is what is kept: the last two are the same
        assert [number_of(name, state) for name in names[:100]] == [number_of(name, state) for name in names[:100]]
    assert len(table) == 200
    assert number_of(names[0], 2**32 - 1) == number_of(names[0], 2**64 - 1) != number_of(names[0], 0)


def test_terms_made_to_have_equal_hashes_end_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is searched among all others: a million lines made so would take an hour."""
    monkeypatch.setattr("ragmtl.kg.encoding.intern._MOST_STEPS", 1_000_000)
    table, name = Interned(), np.zeros(8 + PADDING, np.uint8)
    table.reserve(8_192, 8 * 8_192)
    for number in range(6_000):
        name[:8] = np.frombuffer(number.to_bytes(8, "little"), np.uint8)
        intern(table.table, name.ctypes.data, name.ctypes.data + 8, np.uint64(7), 0)
    assert len(table) == 6_000
    with pytest.raises(DataError, match="made to be hard to tell apart"):
        table.reserve(1, 1)


def test_after_release_terms_can_be_read_but_not_found() -> None:
    table = Interned()
    table.add(b"a")
    table.release()
    assert table[0] == b"a"
    assert list(table.strings()) == ["a"]


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 10_000])
def test_terms_of_any_length_are_kept_whole(size: int) -> None:
    table = Interned()
    for letter in (b"a", b"b"):
        table.add(letter * size)
    assert table[0] == b"a" * size
    assert len(table) == (2 if size else 1)
