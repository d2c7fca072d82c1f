from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.terms import Strings, Terms

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"])))


@given(texts)
def test_strings_give_back_every_text(given_texts: list[str]) -> None:
    strings = Strings.of(given_texts)
    assert len(strings) == len(given_texts)
    assert list(strings) == given_texts
    assert [strings[index] for index in range(len(strings))] == given_texts


@given(texts, st.text(st.characters()))
def test_every_term_is_found_at_its_id_and_nothing_else(iris: list[str], other: str) -> None:
    terms = Terms.of(iris)
    assert list(terms) == sorted(set(iris))
    assert [terms.find(iri) for iri in terms] == list(range(len(terms)))
    assert (terms.find(other) is not None) == (other in set(iris)) == (other in terms)


def test_find_all_marks_what_is_unknown() -> None:
    assert Terms.of(["b", "a"]).find_all(["b", "c", "a"]).tolist() == [1, -1, 0]


def test_an_index_outside_is_refused() -> None:
    strings = Strings.of(["a"])
    for index in (-1, 1):
        with pytest.raises(IndexError, match=r"\[0, 1\)"):
            strings[index]


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(DataError, match="surrogate"):
        Strings.of(["\ud800"])


def test_arrays_are_read_only() -> None:
    strings = Strings.of(["a", "b"])
    assert not strings.blob.flags.writeable
    assert not strings.offsets.flags.writeable
