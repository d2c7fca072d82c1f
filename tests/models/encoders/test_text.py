from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from ragmtl.models.encoders.text import SegmentReader, split_segments


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(st.text(alphabet="ab. !\n\u3000é", max_size=400), st.integers(4, 40), st.integers(1, 8))
@settings(max_examples=150, deadline=None)
def test_nothing_is_left_out_or_added(text: str, max_chars: int, most: int) -> None:
    segments = split_segments(text, max_chars, most)
    assert squeezed("".join(segments)) == squeezed(text)
    assert len(segments) <= most
    assert all(segment.strip() == segment != "" for segment in segments)


def test_short_sentences_share_a_segment() -> None:
    assert split_segments("Boil. Stir. Serve.", max_chars=12) == ["Boil. Stir.", "Serve."]


def test_segments_keep_to_the_limit_where_they_can() -> None:
    text = "word " * 300
    assert max(map(len, split_segments(text, max_chars=100, most=24))) <= 100


def test_a_word_that_is_too_long_is_cut() -> None:
    assert split_segments("abcdefgh ij", max_chars=5) == ["abcde", "fgh", "ij"]


def test_a_very_long_text_gets_longer_segments() -> None:
    segments = split_segments("A sentence of the text. " * 5000, most=24)
    assert 12 <= len(segments) <= 24


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_no_text_no_segments(text: str) -> None:
    assert split_segments(text) == []


def test_reader_starts_as_the_mean_of_segments() -> None:
    reader = SegmentReader(5, 8).eval()
    segments, mask = torch.randn(2, 3, 5), torch.tensor([[True, True, False], [False] * 3])
    summary, weights = reader(segments, mask)
    torch.testing.assert_close(summary[0], functional.gelu(reader.project(segments[0, :2])).mean(0))
    assert weights.tolist() == [[0.5, 0.5, 0], [0, 0, 0]]


def test_no_text_has_a_learned_summary() -> None:
    reader = SegmentReader(5, 8)
    reader.nothing.data.fill_(2)
    summary, weights = reader(torch.zeros(1, 0, 5), torch.zeros(1, 0, dtype=torch.bool))
    assert (summary == 2).all()
    assert weights.shape == (1, 0)


def test_segments_are_standardised_and_constant_numbers_left_alone() -> None:
    reader = SegmentReader(2, 8).eval()
    plain, _ = reader(torch.tensor([[[1.0, 7.0]]]), torch.ones(1, 1, dtype=torch.bool))
    reader.standardise(torch.tensor([3.0, 0.0]), torch.tensor([2.0, 0.0]))
    moved, _ = reader(torch.tensor([[[5.0, 7.0]]]), torch.ones(1, 1, dtype=torch.bool))
    torch.testing.assert_close(moved, plain)


def test_training_never_leaves_out_all_segments() -> None:
    reader = SegmentReader(5, 8, left_out=0.99)
    _, weights = reader(torch.randn(50, 2, 5), torch.ones(50, 2, dtype=torch.bool))
    torch.testing.assert_close(weights.sum(1), torch.ones(50))
