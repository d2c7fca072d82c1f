"""Compiled loops over scores of all passages: sums of the entries of terms, and the least of the best so many."""

from __future__ import annotations

import numpy as np

from ragmtl.kg.compiled import compiled


@compiled
def totals(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray], terms: np.ndarray, weights: np.ndarray, count: int
) -> np.ndarray:
    """Σ over terms of weight · value, for each passage.

    Args:
        rows: Row pointers of terms; passage and value of each entry.
        terms: Which rows to add.
        weights: How much each counts.
        count: How many passages there are.
    """
    indptr, passages, values = rows
    sums = np.zeros(count)
    for place in range(len(terms)):
        for entry in range(indptr[terms[place]], indptr[terms[place] + 1]):
            sums[passages[entry]] += values[entry] * weights[place]
    return sums.astype(np.float32)


@compiled
def least_of_best(scores: np.ndarray, most: int) -> float:
    """The `most`-th largest of the scores above 0; 0 where there are fewer. Needs `most` of 1 or more.

    The best so far stand in a heap, the least of them on top: most scores are compared with that one and passed over.
    """
    heap, filled = np.empty(most, scores.dtype), 0
    for score in scores:
        if score <= 0.0 or (filled == most and score <= heap[0]):
            continue
        if filled < most:
            place = filled
            filled += 1
            while place > 0 and heap[(place - 1) // 2] > score:
                heap[place] = heap[(place - 1) // 2]
                place = (place - 1) // 2
        else:
            place = 0
            while 2 * place + 1 < most:
                child = 2 * place + 1
                if child + 1 < most and heap[child + 1] < heap[child]:
                    child += 1
                if heap[child] >= score:
                    break
                heap[place] = heap[child]
                place = child
        heap[place] = score
    return float(heap[0]) if filled == most else 0.0
