"""Stretches of a text as tags of its words, and back: B begins a stretch, I goes on with it, O is outside (BIO).

>>> tokens = tokenise("I saw Super Troopers twice")
>>> tags = tags_of(tokens, (Span(6, 20, "film"),), ("film",))
>>> tags.tolist()
[0, 0, 1, 2, 0]
>>> spans_of(tags, tokens, ("film",))
(Span(start=6, end=20, label='film'),)

An I that continues nothing begins a stretch, as in the evaluation of CoNLL-2000 (Tjong Kim Sang and Buchholz, 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from ragmtl.retrieval.linking.tokens import Tokens, tokenise

__all__ = ["OUTSIDE", "Span", "spans_of", "tag_names", "tags_of", "tokenise"]

OUTSIDE = 0


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`text[start:end]`, and what is said of it."""

    start: int
    end: int
    label: str


def tag_names(labels: Sequence[str]) -> tuple[str, ...]:
    """Names of the tags, in order.

    >>> tag_names(["film"])
    ('O', 'B-film', 'I-film')
    """
    return ("O", *(f"{part}-{label}" for label in labels for part in "BI"))


def tags_of(tokens: Tokens, spans: Sequence[Span], labels: Sequence[str]) -> Int64[np.ndarray, " word"]:
    """The tag of each word: a word belongs to the first stretch that it overlaps; unknown labels are outside."""
    tags = np.full(len(tokens.words), OUTSIDE, np.int64)
    for span in sorted(spans):
        inside = [
            at
            for at, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True))
            if start < span.end and end > span.start and tags[at] == OUTSIDE
        ]
        if inside and span.label in labels:
            begins = 1 + 2 * list(labels).index(span.label)
            tags[inside[0]] = begins
            tags[inside[1:]] = begins + 1
    return tags


def spans_of(
    tags: Sequence[int] | Int64[np.ndarray, " word"], tokens: Tokens, labels: Sequence[str]
) -> tuple[Span, ...]:
    """The stretches that tags mark, in order."""
    found: list[tuple[int, int, int]] = []
    for at, tag in enumerate(map(int, tags)):
        if tag == OUTSIDE:
            continue
        label, goes_on = (tag - 1) // 2, tag % 2 == 0
        if goes_on and found and found[-1][1] == at - 1 and found[-1][2] == label:
            found[-1] = (found[-1][0], at, label)
        else:
            found.append((at, at, label))
    return tuple(Span(tokens.starts[first], tokens.ends[last], labels[label]) for first, last, label in found)
