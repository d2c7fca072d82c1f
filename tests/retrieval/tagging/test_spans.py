from __future__ import annotations

import pytest

from ragmtl.retrieval.tagging.spans import Span, spans_of, tag_names, tags_of, tokenise

LABELS = ("film", "person")
TEXT = "Ada Lovelace saw Alien, Aliens and Duel"


def span(text: str, label: str = "film") -> Span:
    start = TEXT.index(text)
    return Span(start, start + len(text), label)


def test_stretches_become_tags_and_tags_become_the_same_stretches() -> None:
    spans = (span("Ada Lovelace", "person"), span("Alien"), Span(24, 30, "film"), span("Duel"))
    tags = tags_of(tokenise(TEXT), spans, LABELS)
    assert [tag_names(LABELS)[tag] for tag in tags] == ["B-person", "I-person", "O", "B-film", "B-film", "O", "B-film"]
    assert spans_of(tags, tokenise(TEXT), LABELS) == spans


def test_a_stretch_within_a_word_is_widened_and_an_overlapping_or_unknown_one_left_out() -> None:
    tags = tags_of(tokenise(TEXT), (Span(0, 6, "person"), Span(4, 20, "film"), span("Duel", "opera")), LABELS)
    assert [(one.start, one.end, one.label) for one in spans_of(tags, tokenise(TEXT), LABELS)] == [
        (0, 12, "person"),
        (13, 22, "film"),
    ]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ([2, 0, 0, 0, 0, 0, 0], [(0, 3)]),
        ([1, 4, 0, 0, 0, 0, 0], [(0, 3), (4, 12)]),
        ([1, 1, 2, 0, 0, 0, 2], [(0, 3), (4, 16), (35, 39)]),
    ],
)
def test_an_inside_that_continues_nothing_begins_a_stretch(tags: list[int], found: list[tuple[int, int]]) -> None:
    """As `seqeval` and `conlleval` read these sequences."""
    assert [(one.start, one.end) for one in spans_of(tags, tokenise(TEXT), LABELS)] == found
