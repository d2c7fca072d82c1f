"""A question as words in which entities are marks: "who is ● 's father ?", with ○ for entities other than the start.

Each word is a bag of hashed pieces, itself and its stretches of 3 to 5 letters, so that words that were never seen in
training still resemble those that were (Bojanowski et al., "Enriching word vectors with subword information", 2017).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from jaxtyping import Int64

from ragmtl.retrieval.linking.tokens import tokenise

BUCKETS = 2**14
"""How many different pieces are told apart."""

MOST_WORDS = 48
"""So many words around the start are read; a question has fewer."""

_NOTHING, _START, _OTHER, _FIRST = 0, 1, 2, 3
_SHORTEST, _LONGEST = 3, 5

Spans = Sequence[tuple[int, int]]
"""Stretches of a text, as (start, end)."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Bags of pieces: those of word `i` are `pieces[indptr[i]:indptr[i + 1]]`."""

    pieces: Int64[np.ndarray, " pieces"]
    indptr: Int64[np.ndarray, " pointers"]

    def __len__(self) -> int:
        return len(self.indptr) - 1


def question_words(text: str, start: Spans = (), others: Spans = ()) -> Words:
    """The words of a question.

    Args:
        text: The question.
        start: Where the entity is named from which a route begins.
        others: Where other entities are named.
    """
    tokens = tokenise(text)
    of_start, of_others = sorted(set(start)), sorted(set(others))
    marked: list[tuple[int, ...]] = []
    centre, last = 0, None
    for word, begins in zip(tokens.words, tokens.starts, strict=True):
        here = _span_at(begins, of_start)
        span = here or _span_at(begins, of_others)
        if span is None:
            marked.append(pieces_of(word))
        elif span != last:
            centre = len(marked) if here else centre
            marked.append((_START,) if here else (_OTHER,))
        last = span
    first = min(max(centre - MOST_WORDS // 2, 0), max(len(marked) - MOST_WORDS, 0))
    return packed(marked[first : first + MOST_WORDS] or [(_NOTHING,)])


def label_words(label: str) -> Words:
    """All pieces of a label in one bag."""
    return packed([tuple(piece for word in tokenise(label).words for piece in pieces_of(word)) or (_NOTHING,)])


def packed(bags: Iterable[Sequence[int]]) -> Words:
    """Bags one after the other."""
    every = list(bags)
    indptr = np.concatenate(([0], np.cumsum([len(bag) for bag in every]))).astype(np.int64)
    return Words(np.array([piece for bag in every for piece in bag], np.int64), indptr)


def joined(many: Sequence[Words]) -> Words:
    """The words of several questions, one after the other."""
    offsets = np.cumsum([0] + [len(words.pieces) for words in many])
    indptr = [words.indptr[:-1] + offset for words, offset in zip(many, offsets[:-1], strict=True)]
    return Words(np.concatenate([words.pieces for words in many]), np.concatenate([*indptr, offsets[-1:]]))


@lru_cache(maxsize=2**15)
def pieces_of(word: str) -> tuple[int, ...]:
    """The pieces of a word: numbers in [3, BUCKETS)."""
    framed = f"<{word}>"
    stretches = [
        framed[at : at + size] for size in range(_SHORTEST, _LONGEST + 1) for at in range(len(framed) - size + 1)
    ]
    return tuple(_hash(piece) for piece in (f"={word}", *stretches[:40]))


def _hash(piece: str) -> int:
    digest = blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return _FIRST + int.from_bytes(digest, "little") % (BUCKETS - _FIRST)


def _span_at(place: int, spans: Spans) -> tuple[int, int] | None:
    """The one of some spans, sorted, that holds a place; of nested ones, the one that begins last."""
    at = bisect_right(spans, place, key=lambda span: span[0])
    return spans[at - 1] if at and place < spans[at - 1][1] else None
