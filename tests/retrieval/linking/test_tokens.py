from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.retrieval.linking.tokens import hashes, is_letter, other_numbers, tokenise, words_of


def test_tokens_point_into_the_text() -> None:
    text = "Crème fraîche & chef’s knife, 12"
    tokens = tokenise(text)
    assert tokens.words == ["creme", "fraiche", "and", "chefs", "knife", "12"]
    assert [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)] == [
        "Crème", "fraîche", "&", "chef’s", "knife", "12",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "other"),
    [("tomatoes", "tomato"), ("berries", "berry"), ("olives", "olive"), ("dishes", "dish"), ("dish", "dishes"),
     ("berry", "berries"), ("delay", "delays")],
)  # fmt: skip
def test_singular_and_plural(word: str, other: str) -> None:
    assert other in other_numbers(word)


def test_short_words_and_numbers_have_no_other_number() -> None:
    assert other_numbers("gas") == other_numbers("1990s") == ("", "", "")


def test_hashes_are_fixed_and_zero_for_what_there_is_not() -> None:
    table = hashes(["sumac", "gas"])
    assert table.shape == (4, 2)
    assert table[1:, 1].tolist() == [0, 0, 0]
    assert hashes([]).shape == (4, 0)
    assert table[0, 0] == np.uint64(17200458107405291929)


@pytest.mark.parametrize("text", ["Amélie's café", "Ngữ pháp tiếng Việt", "Золушка ёж", "हिन्दी किताब", "がぎ パパ"])
def test_composed_and_decomposed_letters_are_the_same_words(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert composed != decomposed or "ह" in text
    assert words_of(composed) == words_of(decomposed)
    assert len(words_of(text)) == text.count(" ") + 1 or "が" in text


@pytest.mark.parametrize(
    ("one", "other"),
    [("co\u00adoperate", "cooperate"), ("می\u200cخواهم", "میخواهم"), ("مُحَمَّد", "محمد"), ("שָׁלוֹם", "שלום")],
)
def test_what_not_everybody_writes_does_not_count(one: str, other: str) -> None:
    assert words_of(one) == words_of(other)


@pytest.mark.parametrize(("one", "other"), [("がか", "かが"), ("की", "का"), ("รุ", "ริ"), ("バス", "ハス")])
def test_marks_that_make_another_letter_count(one: str, other: str) -> None:
    assert words_of(one) != words_of(other)


def test_scripts_without_spaces_are_read_letter_by_letter() -> None:
    assert words_of("北京烤鸭。") == ["北", "京", "烤", "鸭"]
    assert words_of("กรุงเทพ") == ["ก", "รุ", "ง", "เ", "ท", "พ"]
    assert words_of("サフランは赤い") == ["サフラン", "は", "赤", "い"]
    assert all(map(is_letter, words_of("北京กรุงเทพの")))
    assert not any(map(is_letter, words_of("Sumac パプリカ 서울")))


@given(st.text())
def test_words_stand_where_they_are_said_to_stand_and_in_order(text: str) -> None:
    tokens = tokenise(text)
    assert tokens.words == words_of(text)
    assert all(tokens.words)
    places = [place for pair in zip(tokens.starts, tokens.ends, strict=True) for place in pair]
    assert places == sorted(places)
    for word, start, end in zip(tokens.words, tokens.starts, tokens.ends, strict=True):
        assert words_of(text[start:end]) == [word]
