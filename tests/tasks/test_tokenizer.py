from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.errors import ConfigError
from ragmtl.tasks.tokenizer import HEAD, MARKERS, TAIL, new_tokenizer, tokenizer_of

TEXTS = ["Fight Club is a film by David Fincher.", "Alien is a film by Ridley Scott."] * 2
TOKENIZER = new_tokenizer(TEXTS, 320)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_comes_back(text: str) -> None:
    (tokens,) = TOKENIZER.encode([text])
    if not any(marker in text for marker in (*MARKERS, "<|padding|>", "<|end|>")):
        assert TOKENIZER.decode([*tokens, TOKENIZER.end, 7, 8]) == text.strip()


def test_equal_texts_give_an_equal_tokenizer_within_its_size() -> None:
    assert new_tokenizer(TEXTS, 320).saved == TOKENIZER.saved
    assert 300 < len(TOKENIZER) <= 320


def test_a_name_is_the_same_tokens_alone_and_within_a_sentence() -> None:
    (alone,), (within,) = TOKENIZER.encode(["David Fincher"]), TOKENIZER.encode(["a film by David Fincher."])
    assert within[-len(alone) - 1 : -1] == alone


def test_pieces_come_back_with_their_markers() -> None:
    (fight,), (alien,) = TOKENIZER.encode(["Fight Club"]), TOKENIZER.encode(["Alien"])
    tokens = [TOKENIZER.marker(HEAD), *fight, TOKENIZER.marker(TAIL), *alien, TOKENIZER.padding]
    assert TOKENIZER.pieces(tokens) == [(HEAD, "Fight Club"), (TAIL, "Alien")]


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="save_pretrained"):
        tokenizer_of(str(tmp_path))
