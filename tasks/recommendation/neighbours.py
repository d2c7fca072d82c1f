"""Items near the items of a past: by who met both in train, or by any other similarity of items.

    score(i) = sqrt( Σ_j w_j S[j, i] ),   w_j = (1 + items after j) ** -fading, adding up to 1

`S` is items × items with an empty diagonal. In similarities of co-occurrence, S[j, i] = n_ji / sqrt((n_j + 2)(n_i + 2))
where n counts the groups of train that met the items, the example's own group counts for nothing in n_ji.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from ragmtl.kg.compiled import compiled
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.ease import packed, row_sums
from ragmtl.tasks.recommendation.signals import Scores, TrainRows

SHRINKAGE = 2.0
_EMPTY = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Similarity to the past: to its most recent items together, and to the last one alone.

    Attributes:
        task: Name of the task.
        name: What the similarity is called.
        similarity: S; not negative, with an empty diagonal.
        train: What each group met, where S counts co-occurrence in it; else None.
        norms: 1 / sqrt(n + 2) of each item; empty where `train` is None.
        fading: How fast older items lose weight; 0: not at all, and there is no last item.
        recent: How many of the most recent items count.
    """

    task: str
    name: str
    similarity: Float32[np.ndarray, "item item"]
    train: TrainRows | None
    norms: Float32[np.ndarray, " norm"]
    fading: float = 0.5
    recent: int = 50

    @classmethod
    def of_train(cls, task: str, train: TrainRows, fading: float = 0.5, recent: int = 50) -> Neighbours:
        """Items that the same groups met in train; in a set, whose order says nothing, `fading` should be 0."""
        counts = np.asarray(train.matrix.sum(axis=0))
        norms = (1 / np.sqrt(counts + SHRINKAGE)).astype(np.float32)
        similarity = (train.matrix.T @ train.matrix).toarray() * norms[:, None] * norms
        np.fill_diagonal(similarity, 0)
        return cls(task, "neighbours", np.ascontiguousarray(similarity, np.float32), train, norms, fading, recent)

    @classmethod
    def of(
        cls,
        task: str,
        name: str,
        similarity: Float32[np.ndarray, "item item"],
        fading: float = 0.5,
        recent: int = 50,
    ) -> Neighbours:
        """Items that are alike in some other way: in their texts, in the graph."""
        positive = np.ascontiguousarray(np.maximum(similarity, 0), np.float32)
        np.fill_diagonal(positive, 0)
        return cls(task, name, positive, None, np.zeros(0, np.float32), fading, recent)

    @property
    def names(self) -> tuple[str, ...]:
        """Two names; one where order means nothing."""
        return (self.name, f"{self.name} of the last") if self.fading else (self.name,)

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """Similarity to the recent past, and to its last item."""
        pasts = [example.past[self.task][-self.recent :] for example in examples]
        weights = [_weights(len(past), self.fading) for past in pasts]
        lasts = [past[-1:] for past in pasts]
        every, last = row_sums(self.similarity, pasts, weights), row_sums(self.similarity, lasts)
        if self.train is not None:
            own = packed(self.train.own(examples))
            _leave_out(every, *packed(pasts), np.concatenate([_EMPTY, *weights]), *own, self.norms)
            _leave_out(last, *packed(lasts), np.ones(len(lasts), np.float32), *own, self.norms)
        found = np.sqrt(np.maximum(every, 0)), np.sqrt(np.maximum(last, 0))
        return found[: len(self.names)]


def _weights(length: int, fading: float) -> Float32[np.ndarray, " past"]:
    """The weight of each item of a past, the newest last."""
    weights = np.arange(length, 0, -1, dtype=np.float32) ** np.float32(-fading)
    return (weights / max(float(weights.sum()), 1e-9)).astype(np.float32)


@compiled
def _leave_out(
    scores: np.ndarray,
    bounds: np.ndarray,
    past: np.ndarray,
    weights: np.ndarray,
    own_bounds: np.ndarray,
    own: np.ndarray,
    norms: np.ndarray,
) -> None:
    """Take back what the examples' own groups add to the co-occurrences of their items."""
    for row in range(len(scores)):
        its = own[own_bounds[row] : own_bounds[row + 1]]
        for place in range(bounds[row], bounds[row + 1]):
            item = past[place]
            shared = False
            for other in its:
                shared |= other == item
            if shared:
                for other in its:
                    if other != item:
                        scores[row, other] -= weights[place] * norms[item] * norms[other]
