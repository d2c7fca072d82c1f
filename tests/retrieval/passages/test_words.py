from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.errors import MismatchError
from ragmtl.retrieval.passages.lexical import Lexical, Method, terms_of
from ragmtl.retrieval.passages.words import Words, bm25, tfidf

TEXTS = ["Sumac is sour, sour and red", "", "Red peppers, dried peppers", "the", "sour peppers and sumac", "red"]
texts = st.lists(st.text("abc xyz", max_size=12), min_size=1, max_size=8)


def dense(indptr: np.ndarray, passages: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    table = np.zeros((len(indptr) - 1, count))
    table[np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), passages] = values
    return table


def test_bm25_is_that_of_bm25s() -> None:
    from bm25s import BM25
    from bm25s.tokenization import Tokenized

    words = Words.of(TEXTS)
    reference = BM25(method="lucene", k1=1.5, b=0.75)
    ids = [words.ids[words.indptr[p] : words.indptr[p + 1]].tolist() for p in range(len(TEXTS))]
    vocabulary = {term: place for place, term in enumerate(words.terms)}
    reference.index(Tokenized(ids=ids, vocab=vocabulary), show_progress=False)
    indptr, passages, values = (np.asarray(reference.scores[name]) for name in ("indptr", "indices", "data"))
    expected = dense(indptr[: len(vocabulary) + 1], passages, values, len(TEXTS))
    np.testing.assert_allclose(dense(*bm25(words), len(TEXTS)), expected, rtol=1e-6)


@pytest.mark.parametrize("rarest", [1, 2])
def test_tfidf_is_that_of_scikit_learn(rarest: int) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    reference = TfidfVectorizer(
        analyzer=lambda text: terms_of(text, pairs=True), sublinear_tf=True, min_df=rarest, dtype=np.float32
    )
    expected = reference.fit_transform(TEXTS).toarray().T
    found = tfidf(Words.of(TEXTS), rarest)
    order = [found.terms.index(term) for term in reference.get_feature_names_out()]
    assert len(order) == len(found.terms)
    table = dense(found.indptr, found.passages, found.values, len(TEXTS))
    np.testing.assert_allclose(table[order], expected, rtol=1e-6)
    np.testing.assert_allclose(found.idf[order], reference.idf_, rtol=1e-6)


@given(texts, texts, st.randoms(use_true_random=False))
def test_edited_is_the_same_as_read_anew(before: list[str], new: list[str], random: Random) -> None:
    kept = list(range(0, len(before), 2))
    rows = [*kept, *[-1] * len(new)]
    random.shuffle(rows)
    added = iter(new)
    every = [before[row] if row >= 0 else next(added) for row in rows]
    edited, anew = Words.of(before).edited(np.array(rows), new), Words.of(every)
    assert edited.terms == anew.terms
    assert edited.indptr.tolist() == anew.indptr.tolist()
    assert edited.ids.tolist() == anew.ids.tolist()


def test_nothing_but_function_words_is_an_empty_index() -> None:
    methods: tuple[Method, ...] = ("bm25", "tfidf")
    for method in methods:
        index = Lexical.build(["the", "and of"], method)
        assert (index.count, len(index.vocabulary)) == (2, 0)
        assert len(index.search("the", 3)[0]) == 0


def test_what_holds_no_words_is_refused(tmp_path: Path) -> None:
    Words.of(TEXTS).save(tmp_path)
    assert Words.load(tmp_path).terms == Words.of(TEXTS).terms
    (tmp_path / "terms.json").write_text("{}")
    with pytest.raises(MismatchError, match="expected the words of an index"):
        Words.load(tmp_path)
