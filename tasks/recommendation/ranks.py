"""Metrics of rankings, from the ranks of the relevant items; ties count half.

The rank of an item is 1 + (items with a higher score) + 1/2 (other items with the same score), so that a
constant score ranks every item in the middle and gains nothing. NDCG uses the gain 1 / log2(1 + rank) and,
where an example has several relevant items, the ideal over min(k, relevant items).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

from ragmtl.tasks.metrics import Statistics, mean

PAIRS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Relevant:
    """Which items are relevant for which example, as pairs; an example may have none (not labelled) or several.

    Attributes:
        examples: Number of examples.
        rows: Example of each pair.
        items: Item of each pair.
    """

    examples: int
    rows: Int64[np.ndarray, " pair"]
    items: Int64[np.ndarray, " pair"]

    @property
    def counts(self) -> Int64[np.ndarray, " example"]:
        """How many relevant items each example has."""
        return np.bincount(self.rows, minlength=self.examples).astype(np.int64)

    def sum(self, values: Float64[np.ndarray, " pair"]) -> Float64[np.ndarray, " example"]:
        """The sum of a value over the pairs of each example."""
        return np.bincount(self.rows, weights=values, minlength=self.examples).astype(np.float64)


def ranks(scores: Float[np.ndarray, "example item"], relevant: Relevant) -> Float64[np.ndarray, " pair"]:
    """The rank of each relevant item among all items of its example, from 1; ties count half.

    Items that must not be ranked have a score of -inf.

    >>> scores = np.array([[0.9, 0.5, 0.5, 0.1]])
    >>> ranks(scores, Relevant(1, np.array([0, 0]), np.array([0, 1]))).tolist()
    [1.0, 2.5]
    """
    result = np.empty(len(relevant.rows))
    for start in range(0, len(result), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        rows = scores[relevant.rows[part]]
        own = np.take_along_axis(rows, relevant.items[part, None], axis=1)
        above, level = np.count_nonzero(rows > own, axis=1), np.count_nonzero(rows == own, axis=1)
        result[part] = 1 + above + (level - 1) / 2
    return result


def hit_rate(ranked: Float64[np.ndarray, " pair"], relevant: Relevant, k: int) -> Statistics:
    """The share of examples with a relevant item at rank k or better."""
    hits = relevant.sum((ranked <= k).astype(np.float64))
    return mean((hits > 0).astype(np.float64), relevant.counts > 0)


def recall(ranked: Float64[np.ndarray, " pair"], relevant: Relevant, k: int) -> Statistics:
    """The share of an example's relevant items at rank k or better, averaged over examples."""
    hits = relevant.sum((ranked <= k).astype(np.float64))
    return mean(hits / np.maximum(relevant.counts, 1), relevant.counts > 0)


def ndcg(ranked: Float64[np.ndarray, " pair"], relevant: Relevant, k: int) -> Statistics:
    """Normalised discounted cumulative gain of the first k ranks, averaged over examples."""
    gains = relevant.sum(np.where(ranked <= k, 1 / np.log2(1 + ranked), 0.0))
    ideal = np.concatenate([[1.0], np.cumsum(1 / np.log2(np.arange(2, k + 2)))])
    return mean(gains / ideal[np.minimum(relevant.counts, k)], relevant.counts > 0)


def average_precision(ranked: Float64[np.ndarray, " pair"], relevant: Relevant, k: int) -> Statistics:
    """The precision at each relevant item of the first k ranks, summed, by min(k, relevant items), averaged (MAP)."""
    order = np.lexsort((ranked, relevant.rows))
    starts = np.cumsum(relevant.counts) - relevant.counts
    place = np.empty(len(order))
    place[order] = np.arange(len(order)) - starts[relevant.rows[order]] + 1
    precision = relevant.sum(np.where(ranked <= k, np.minimum(place / ranked, 1.0), 0.0))
    return mean(precision / np.clip(relevant.counts, 1, k), relevant.counts > 0)


def reciprocal_rank(ranked: Float64[np.ndarray, " pair"], relevant: Relevant) -> Statistics:
    """One over the rank of the best relevant item, averaged over examples (MRR)."""
    best = np.zeros(relevant.examples)
    np.maximum.at(best, relevant.rows, 1 / ranked)
    return mean(best, relevant.counts > 0)
