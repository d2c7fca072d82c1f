from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import MismatchError
from ragmtl.retrieval.passages.lexical import Lexical, Method, terms_of

TEXTS = ["smoked peppers and smoke", "the boat", "a pepper boat", "nothing", "", "smoked peppers and smoke"]
METHODS: list[Method] = ["bm25", "tfidf"]


@pytest.mark.parametrize("method", METHODS)
def test_the_best_passages_come_first_and_ties_by_place(method: Method) -> None:
    found, scores = Lexical.build(TEXTS, method).search("Smoking a pepper", 10)
    assert found.tolist() == [0, 5, 2]
    assert scores[0] == scores[1] > scores[2] > 0


@pytest.mark.parametrize("method", METHODS)
def test_at_most_k_and_none_of_those_excluded(method: Method) -> None:
    index = Lexical.build(TEXTS, method)
    assert index.search("smoked pepper", 1)[0].tolist() == [0]
    assert index.search("smoked pepper", 2, without=np.array([0]))[0].tolist() == [5, 2]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", ["", "the of", "unheard"])
def test_a_query_without_known_words_finds_nothing(method: Method, text: str) -> None:
    found, scores = Lexical.build(TEXTS, method).search(text, 5)
    assert len(found) == len(scores) == 0


@pytest.mark.parametrize("method", METHODS)
def test_passages_without_words_can_be_indexed(method: Method) -> None:
    assert Lexical.build(["", "the"], method).search("anything", 3)[0].tolist() == []


def test_bm25_is_the_formula() -> None:
    score = Lexical.build(TEXTS, "bm25").scores("boat")[1]
    lengths = [len(terms_of(text)) for text in TEXTS]
    idf = math.log(1 + (len(TEXTS) - 2 + 0.5) / (2 + 0.5))
    assert score == pytest.approx(idf / (1 + 1.5 * (1 - 0.75 + 0.75 * 1 / np.mean(lengths))), rel=1e-5)


def test_tfidf_is_a_cosine_and_sees_pairs() -> None:
    index = Lexical.build(TEXTS, "tfidf")
    assert index.scores(TEXTS[0])[0] == pytest.approx(1.0, abs=1e-5)
    assert index.scores("pepper boat")[2] > index.scores("boat pepper")[2]


@pytest.mark.parametrize("method", METHODS)
def test_saved_and_loaded_it_is_the_same(method: Method, tmp_path: Path) -> None:
    index = Lexical.build(TEXTS, method)
    index.save(tmp_path)
    loaded = Lexical.load(tmp_path)
    assert isinstance(loaded.values.base, np.memmap)
    assert np.array_equal(loaded.scores("smoked boat"), index.scores("smoked boat"))


def test_parts_of_different_indexes_are_refused(tmp_path: Path) -> None:
    Lexical.build(TEXTS, "bm25").save(tmp_path)
    np.save(tmp_path / "idf.npy", np.ones(1, np.float32))
    with pytest.raises(MismatchError, match="different ones"):
        Lexical.load(tmp_path)
    (tmp_path / "terms.json").write_text("[")
    with pytest.raises(MismatchError, match="JSON"):
        Lexical.load(tmp_path)
