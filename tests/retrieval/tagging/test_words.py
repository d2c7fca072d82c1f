from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.tagging.words import SHAPE, WIDE, WordReader
from tests.tiny import tiny_encoder


def test_a_word_says_how_it_is_written() -> None:
    [words] = WordReader("hashing")(['I saw "Alien" in 1979. NASA did.'])
    assert words.shape == (7, WIDE)
    assert words[:, :SHAPE].astype(int).tolist() == [
        [1, 1, 0, 0, 1, 0],
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 1],
        [1, 0, 0, 0, 0, 0],
        [1, 0, 0, 1, 0, 0],
        [1, 1, 1, 0, 1, 0],
        [1, 0, 0, 0, 0, 0],
    ]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> WordReader:
    return WordReader(str(tiny_encoder(tmp_path_factory.mktemp("tiny"))))


def test_states_are_of_words_in_their_context(reader: WordReader) -> None:
    first, second, empty = reader(["bread rice", "rice bread", ""])
    assert first.shape == second.shape == (2, WIDE)
    assert empty.shape == (0, WIDE)
    assert np.abs(first[1, SHAPE:] - second[0, SHAPE:]).max() > 0.01
    assert reader(["bread rice"])[0] is first


def test_a_text_longer_than_the_encoder_reads_has_a_row_for_each_word(reader: WordReader) -> None:
    [words] = reader(["bread " * 200])
    assert words.shape == (200, WIDE)
    assert words[:, 0].all()
