from __future__ import annotations

import pytest

from ragmtl.retrieval.servers.lookups import LONGEST, MOST_WORDS, is_cut, names_in


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a stew of red peppers", "red pepper"),
        ("PANNA COTTA", "Panna cotta"),
        ("panna cotta", "Panna Cotta"),
        ("two berries", "berry"),
        ("one berry", "berries"),
        ("Lothair's crown", "Lothair"),
        ("the book 'War and Peace'", "War and Peace"),
        ("Bagna\n  càuda", "Bagna càuda"),
        ("You and I saw It", "It"),
    ],
)
def test_what_may_be_a_name_is_looked_up(text: str, name: str) -> None:
    assert name in names_in(text)


@pytest.mark.parametrize(("text", "name"), [("give it to me", "it"), ("it is of use", "of"), ("is it", "is it")])
def test_common_words_are_none(text: str, name: str) -> None:
    assert name not in names_in(text)


def test_each_name_comes_once_and_none_is_too_long() -> None:
    names = names_in("salt and salt and salt and salt and salt and salt")
    assert len(names) == len(set(names))
    assert max(len(name.split()) for name in names) == LONGEST


def test_of_a_long_text_the_beginning_and_the_end() -> None:
    text = " ".join(f"word{number}" for number in range(5000))
    names = set(names_in(text))
    assert is_cut(text)
    assert {"word0", "word4999"} <= names
    assert "word2500" not in names
    assert "word47 word4952" not in names
    assert len(names) < 8 * LONGEST * MOST_WORDS


@pytest.mark.parametrize("text", ["", "?!", "\x00", "🍋"])
def test_nothing_to_look_up(text: str) -> None:
    assert names_in(text) == []
    assert not is_cut(text)
