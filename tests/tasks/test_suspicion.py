from __future__ import annotations

from collections import Counter

import pytest

from ragmtl.tasks.suspicion import MOST_ANSWERS, single_answers, suspicious_answers, suspicious_texts


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({f"id {n}": 1 for n in range(40)}, "found 40 different ones in 40 rows"),
        ({"so long " * 40: 20, "other " * 50: 20}, "found texts of more than 200 letters"),
        ({str(n): 3 for n in range(MOST_ANSWERS + 1)}, "found 10,001 in 30,003 rows"),
    ],
)
def test_columns_that_hold_no_answers_are_found(counts: dict[str, int], message: str) -> None:
    assert message in (suspicious_answers(counts) or "")


@pytest.mark.parametrize("counts", [{"yes": 30, "no": 1}, {"a": 1, "b": 1, "c": 1}, {}])
def test_columns_of_answers_are_taken(counts: dict[str, int]) -> None:
    assert suspicious_answers(counts) is None


def test_iris_are_no_texts() -> None:
    iris = [f"https://tea.example/{n}" for n in range(30)]
    assert "found IRIs in 30 of 30 rows" in (suspicious_texts(iris) or "")
    assert suspicious_texts([*iris, *(f"see {iri} for more" for iri in iris)]) is None
    assert suspicious_texts(iris[:3]) is None


def test_answers_of_one_row_are_told() -> None:
    assert single_answers(Counter({"a": 2})) is None
    assert "2 answers have a single row ('b', 'c')" in (single_answers(Counter({"a": 2, "b": 1, "c": 1})) or "")
