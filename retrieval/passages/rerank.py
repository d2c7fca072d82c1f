"""Reranking: the best passages after fusion are read together with the query, and ordered again.

    score = w · r + (1 - w) · fused,   r = the score of the cross-encoder, from 0 (its last) to 1 (its first)

Pairs of many queries are scored at once. What the cross-encoder said is kept among the scores of a passage (`rerank`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from ragmtl.errors import ConfigError
from ragmtl.retrieval.evidence import Evidence, ScoredPassage
from ragmtl.retrieval.passages.ranking import in_order

RERANK = "rerank"
"""The name of the cross-encoder's score among those of a passage."""


@runtime_checkable
class ReadsTogether(Protocol):
    """What scores pairs of a query and a passage, such as a `CrossEncoder`."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def scores(self, pairs: Sequence[tuple[str, str]]) -> Float32[np.ndarray, " pair"]:
        """How well each passage fits its query: any numbers, the larger the better."""
        ...


def rerank(
    evidence: Sequence[Evidence],
    reads: ReadsTogether,
    texts: tuple[Callable[[str], str], Callable[[int], str]],
    most: int,
    weight: float,
) -> list[Evidence]:
    """The same evidence with its passages in a new order, the best of them.

    Args:
        evidence: Of some queries, each with as many passages as are to be read; a query without text keeps its order.
        reads: Scores pairs.
        texts: What is read of the text of a query, and of a passage.
        most: The largest number of passages that are left.
        weight: w, in [0, 1].

    Raises:
        ConfigError: A score is no number.
    """
    of_query, of_passage = texts
    pairs = [
        (of_query(one.query.text), of_passage(found.passage))
        for one in evidence
        if one.query.text.strip()
        for found in one.passages
    ]
    scores = reads.scores(pairs) if pairs else np.zeros(0, np.float32)
    if not np.isfinite(scores).all():
        raise ConfigError(
            f"expected a number from {reads.name!r} for each passage, found none; choose another reranker"
        )
    ends, again = 0, []
    for one in evidence:
        if one.query.text.strip():
            some, ends = scores[ends : ends + len(one.passages)], ends + len(one.passages)
            again.append(replace(one, passages=_ordered(one.passages, some, weight)[:most]))
        else:
            again.append(replace(one, passages=one.passages[:most]))
    return again


def _ordered(
    passages: Sequence[ScoredPassage], scores: Float32[np.ndarray, " passage"], weight: float
) -> tuple[ScoredPassage, ...]:
    if not passages:
        return ()
    low, high = float(scores.min()), float(scores.max())
    stretched = (scores.astype(np.float64) - low) / (high - low) if high > low else np.ones(len(scores))
    mixed = weight * stretched + (1 - weight) * np.array([found.score for found in passages])
    best = max(float(mixed.max()), 1e-12)
    order = in_order(np.array([found.passage for found in passages]), mixed)
    return tuple(
        replace(
            passages[place],
            score=float(mixed[place]) / best,
            sources=_with(passages[place].sources, float(scores[place])),
            reason=_reason(passages[place].reason, place, rank),
        )
        for rank, place in enumerate(order.tolist())
    )


def _with(sources: Mapping[str, float], score: float) -> dict[str, float]:
    return {**sources, RERANK: score}


def _reason(reason: str, before: int, after: int) -> str:
    moved = "stays" if before == after else f"from place {before + 1}"
    read = f"read together with the text: place {after + 1} ({moved})"
    return f"{reason}; {read}" if reason else read
