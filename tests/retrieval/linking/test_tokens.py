from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.linking.tokens import hashes, other_numbers, tokenise


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
