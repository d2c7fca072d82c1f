"""What lists of recommendations are like, whatever is wanted: how popular, how new, how much of all items they show.

    popularity@k   mean share of the users of train that met a listed item: how much lists follow the crowd
    novelty@k      mean of −log2 of that share, an item that nobody met counted as if half a user had
    coverage@k     share of all items that are in at least one list

Source: Vargas and Castells, "Rank and relevance in novelty and diversity metrics for recommender systems", 2011.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Float64, Int64

from ragmtl.tasks.metrics import Statistics, mean

NOBODY = 0.5


def best_items(scores: Float[np.ndarray, "example item"], k: int) -> Int64[np.ndarray, "example _place"]:
    """The k best items of each example, best first; fewer where there are fewer items."""
    k = min(k, scores.shape[1])
    chosen = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1).astype(np.int64)


def popularity(lists: Int64[np.ndarray, "example place"], met: Int64[np.ndarray, " item"], users: int) -> Statistics:
    """Mean share of users that met a listed item.

    Args:
        lists: Items listed for each example.
        met: How many users of train met each item.
        users: How many users there are.
    """
    return _mean((met / users)[lists])


def novelty(lists: Int64[np.ndarray, "example place"], met: Int64[np.ndarray, " item"], users: int) -> Statistics:
    """Mean self-information of a listed item, in bits; arguments as for `popularity`."""
    return _mean(-np.log2(np.maximum(met, NOBODY) / users)[lists])


def coverage(blocks: Iterable[Int64[np.ndarray, "_example _place"]], items: int) -> float:
    """Share of items in at least one list; lists may come in blocks, so that no more than one is in memory.

    >>> coverage([np.array([[0, 1], [1, 2]]), np.array([[2, 0]])], 6)
    0.5
    """
    shown = np.zeros(items, np.bool_)
    for block in blocks:
        shown[block] = True
    return float(shown.mean())


def _mean(values: Float64[np.ndarray, "example place"]) -> Statistics:
    return mean(values.mean(axis=1), np.ones(len(values), np.bool_))
