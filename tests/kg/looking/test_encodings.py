from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.looking.encodings import MISREAD, REPLACED, matching
from ragmtl.kg.terms import Strings

GOOD = [
    "",
    "plain",
    "café",
    "NESCAFÉ®",
    "« À »",
    "Привет",
    "Ελλάδα",
    "日本語",
    "it’s – “so”",
    "Ð",
    "Î",
    "10 €",
    "naïve",
]


@pytest.mark.parametrize("text", [text for text in GOOD if not text.isascii() and text not in ("Ð", "NESCAFÉ®")])
@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_what_was_read_in_a_wrong_encoding_is_found(text: str, wrong: str) -> None:
    misread = text.encode().decode(wrong, errors="replace")
    if "\ufffd" not in misread:
        assert matching(Strings.of([*GOOD, misread]), MISREAD) == [len(GOOD)]


def test_controls_are_found_but_not_the_new_line_of_mainframes() -> None:
    assert matching(Strings.of(["M\x81nchen", "a\x85b", "a\nb"]), MISREAD) == [0]


def test_letters_that_were_lost_are_found() -> None:
    assert matching(Strings.of(["caf\ufffd", "café", "\ufffd\ufffd"]), REPLACED) == [0, 2]


@given(st.lists(st.sampled_from([*GOOD, "Ã", "©", "Ã©"]), max_size=8))
def test_nothing_is_found_across_two_texts(texts: list[str]) -> None:
    assert matching(Strings.of(texts), MISREAD) == [row for row, text in enumerate(texts) if text == "Ã©"]
