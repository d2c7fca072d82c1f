from __future__ import annotations

import numpy as np

from ragmtl.retrieval.routes.words import BUCKETS, MOST_WORDS, label_words, pieces_of, question_words


def test_entities_are_marks() -> None:
    text = "who is Ada Lovelace 's mother, asks Bob?"
    words = question_words(text, [(7, 19)], [(36, 39)])
    assert len(words) == 7  # who is ● s mother asks ○
    assert words.pieces[words.indptr[2] : words.indptr[3]].tolist() == [1]
    assert words.pieces[words.indptr[6] :].tolist() == [2]
    assert words.pieces.max() < BUCKETS


def test_words_alike_share_pieces() -> None:
    mother, grandmother, cause = (set(pieces_of(word)) for word in ("mother", "grandmother", "cause"))
    assert len(mother & grandmother) > 5
    assert not mother & cause


def test_long_texts_are_read_around_the_entity() -> None:
    text = "word " * 20_000 + "Ada was here " + "word " * 20_000
    at = text.index("Ada")
    words = question_words(text, [(at, at + 3)])
    assert len(words) == MOST_WORDS
    assert 1 in words.pieces


def test_nothing_is_one_empty_word() -> None:
    for words in (question_words(""), question_words("?!"), label_words("")):
        assert len(words) == 1
        assert words.pieces.tolist() == [0]
        assert np.array_equal(words.indptr, [0, 1])
