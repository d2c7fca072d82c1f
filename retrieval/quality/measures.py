"""How good a ranking is for one question: recall, nDCG, reciprocal rank, and whether all that is needed was found.

DCG@k = Σ over ranks r ≤ k that hold something wanted: 1 / log₂(r + 1); nDCG@k divides it by the best that is possible,
the sum over the first min(k, wanted) ranks (Järvelin and Kekäläinen, "Cumulated gain-based evaluation", 2002).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from math import log2

from ragmtl.errors import DataError


def recall(found: Sequence[Hashable], wanted: Collection[Hashable], k: int) -> float:
    """The share of what is wanted among the first `k`.

    >>> recall(["a", "x", "b"], {"a", "b", "c", "d"}, 3)
    0.5
    """
    _check(wanted)
    return len(set(found[:k]) & set(wanted)) / len(set(wanted))


def perfect(found: Sequence[Hashable], wanted: Collection[Hashable], k: int) -> float:
    """1 where all that is wanted is among the first `k`, else 0."""
    return float(recall(found, wanted, k) == 1.0)


def ndcg(found: Sequence[Hashable], wanted: Collection[Hashable], k: int) -> float:
    """Normalised discounted cumulated gain of the first `k`, with gains of 0 and 1.

    >>> round(ndcg(["x", "a"], {"a"}, 10), 4)  # 1 / log2(3)
    0.6309
    """
    _check(wanted)
    gained = sum(_gain(rank) for rank, item in enumerate(dict.fromkeys(found[:k]), 1) if item in wanted)
    return gained / sum(_gain(rank) for rank in range(1, min(k, len(set(wanted))) + 1))


def reciprocal_rank(found: Sequence[Hashable], wanted: Collection[Hashable]) -> float:
    """1 / the rank of the first that is wanted; 0 where none was found.

    >>> reciprocal_rank(["x", "y", "a"], {"a", "b"}) == 1 / 3
    True
    """
    _check(wanted)
    return next((1.0 / rank for rank, item in enumerate(found, 1) if item in wanted), 0.0)


def _gain(rank: int) -> float:
    return 1.0 / log2(rank + 1)


def _check(wanted: Collection[Hashable]) -> None:
    if not wanted:
        raise DataError("expected at least one item that is wanted, found none; leave such questions out")
