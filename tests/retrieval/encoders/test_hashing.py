from __future__ import annotations

import numpy as np

from ragmtl.retrieval.encoders.hashing import HashingEncoder


def test_vectors_have_length_one_and_do_not_depend_on_their_company() -> None:
    texts = ["smoked paprika", "a wooden boat", "42 is the answer"]
    together = HashingEncoder().encode(texts)
    assert together.shape == (3, 256)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1)
    alone = np.concatenate([HashingEncoder().encode([text]) for text in texts])
    assert np.allclose(alone, together, atol=1e-6)


def test_shared_words_and_stems_bring_texts_near() -> None:
    query, same, stem, other = HashingEncoder().encode(
        ["smoked paprika", "paprika smoked over oak", "smoky paprikas", "an opera in three acts"]
    )
    assert query @ same > query @ other + 0.4
    assert query @ stem > query @ other + 0.2


def test_an_empty_text_gets_zeros() -> None:
    assert not HashingEncoder().encode(["", " \n"]).any()


def test_no_texts_give_no_vectors() -> None:
    assert HashingEncoder().encode([]).shape == (0, 256)


def test_vectors_are_the_same_on_every_machine() -> None:
    vector = HashingEncoder().encode(["sumac"])[0]
    assert vector.nonzero()[0][:4].tolist() == [9, 17, 21, 28]
