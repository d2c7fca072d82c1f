from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.retrieval.linking.tokens import tokenise
from ragmtl.retrieval.linking.written import Written

TEXTS = ["Amélie's café & bar", "", "The Café, the BAR", "…"]


def test_each_form_is_kept_once_in_the_order_in_which_it_comes() -> None:
    written = Written.of(TEXTS)
    assert written.forms == ("Amélie's", "café", "&", "bar", "The", "Café", "the", "BAR")
    assert [written.forms[form] for form in written.ids[4:]] == ["The", "Café", "the", "BAR"]
    assert np.diff(written.indptr).tolist() == [4, 0, 4, 0]
    assert written.owners().tolist() == [0] * 4 + [2] * 4


def test_words_that_are_written_in_several_ways_are_counted_together() -> None:
    assert Written.of(TEXTS).counts() == {"amelies": 1, "cafe": 2, "and": 1, "bar": 2, "the": 2}


@given(st.lists(st.text(max_size=40), max_size=5))
def test_the_words_are_those_of_the_tokeniser(texts: list[str]) -> None:
    written = Written.of(texts)
    words = written.words()
    for text, first, last in zip(texts, written.indptr[:-1], written.indptr[1:], strict=True):
        assert [words[form] for form in written.ids[first:last]] == tokenise(text).words
