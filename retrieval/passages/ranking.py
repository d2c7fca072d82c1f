"""The best of many scores: ties go to the lower id, whatever the order in which scores were computed."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Int, Int64

_DIGITS = 6
"""Scores that agree to so many digits are tied: what is below is noise of the order of summation."""

_MANY = 4096
"""Of so many scores and more, those that are far from the best are passed over before anything is sorted."""


def rounded(scores: Float[np.ndarray, " item"]) -> Float64[np.ndarray, " item"]:
    """Scores without the digits that are noise."""
    return np.round(scores.astype(np.float64), _DIGITS)


def best(scores: Float[np.ndarray, " item"], most: int) -> Int64[np.ndarray, " best"]:
    """Places of the largest scores above 0, at most so many, best first.

    >>> best(np.array([0.5, 0.0, 0.9, 0.5]), 2).tolist()
    [2, 0]
    """
    places = np.flatnonzero(scores > 0) if len(scores) < _MANY else _not_far_below(scores, max(most, 1))
    above = rounded(scores[places])
    kept = above > 0
    places, above = places[kept], above[kept]
    return places[np.lexsort((places, -above))][: max(most, 0)]


def _not_far_below(scores: Float[np.ndarray, " item"], most: int) -> Int64[np.ndarray, " some"]:
    """Places of the largest scores above 0, with all that may be tied with the last of them."""
    from ragmtl.retrieval.passages.totals import least_of_best

    least = least_of_best(scores, most) - 2 * 10.0**-_DIGITS
    return np.flatnonzero((scores > 0) & (scores >= least))


def in_order(ids: Int[np.ndarray, " item"], scores: Float[np.ndarray, " item"]) -> Int64[np.ndarray, " item"]:
    """The order of items by score, best first, then by id."""
    return np.lexsort((ids, -rounded(scores)))
