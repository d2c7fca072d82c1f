from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ragmtl.errors import MismatchError
from ragmtl.models.heads.given import HeadInput
from ragmtl.models.heads.spans import SpanHead

DIM, WIDE, TAGS, PLACES = 8, 6, 3, 5


def given(words: int = 4) -> HeadInput:
    torch.manual_seed(0)
    table = torch.randn(2, words, WIDE)
    table[..., 0] = 1.0
    table[1, 2:] = 0.0
    return HeadInput(torch.randn(2, DIM), torch.rand(2, 4), table)


def head() -> SpanHead:
    torch.manual_seed(1)
    return SpanHead(DIM, WIDE, TAGS, PLACES).eval()


def test_places_without_a_word_are_zero_and_change_nothing() -> None:
    found, asked = head()(given()).unflatten(1, (PLACES, TAGS)), given()
    assert not found[1, 2:].any()
    assert not found[0, 4:].any()
    assert asked.signals is not None
    torch.testing.assert_close(
        head()(replace(asked, signals=torch.nn.functional.pad(asked.signals, (0, 0, 0, 1)))), found.flatten(1)
    )


def test_every_part_learns() -> None:
    untrained = head()
    untrained(given()).square().sum().backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in untrained.parameters())


@pytest.mark.parametrize("wrong", [given(PLACES + 1), replace(given(), signals=None)])
def test_words_that_are_missing_or_too_many_are_refused(wrong: HeadInput) -> None:
    with pytest.raises(MismatchError, match="at most 5 words"):
        head()(wrong)
