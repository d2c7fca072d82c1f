"""One score out of several: score = Σ over sources of weight · normalised score, divided by the best, which gets 1.

BM25, TF-IDF and graph scores are divided by the largest of the query; cosines are stretched so that the last candidate
gets 0 and the first 1, because all of them are high. (Plain rank fusion hurts where one source is much better.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from ragmtl.retrieval.ranking import best


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What one source proposes.

    Attributes:
        passages: Places in the corpus, each once.
        scores: As the source computes them.
        weight: How much the source counts.
        has_floor: Whether even bad passages score high, so that scores are stretched from the lowest to the highest.
    """

    passages: Int64[np.ndarray, " candidates"]
    scores: Float32[np.ndarray, " candidates"]
    weight: float
    has_floor: bool = False

    def normalised(self) -> Float64[np.ndarray, " candidates"]:
        """Scores in [0, 1]; the best has 1."""
        scores = self.scores.astype(np.float64)
        low = float(scores.min()) if self.has_floor and len(scores) > 1 else 0.0
        high = float(scores.max(initial=0.0))
        if high <= low:
            return np.full(len(scores), float(high > 0))
        stretched: Float64[np.ndarray, " candidates"] = (scores - low) / (high - low)
        return stretched


def fuse(
    sources: Mapping[str, Candidates], most: int, min_score: float = 0.0
) -> tuple[Int64[np.ndarray, " best"], Float64[np.ndarray, " best"]]:
    """The best passages of all sources together, and their fused scores, best first; ties go to the lower place."""
    given = [source for source in sources.values() if len(source.passages)]
    if not given:
        return np.zeros(0, np.int64), np.zeros(0)
    passages, places = np.unique(np.concatenate([source.passages for source in given]), return_inverse=True)
    parts = np.concatenate([source.weight * source.normalised() for source in given])
    sums = np.bincount(places, parts, minlength=len(passages))
    scores = sums / max(sums.max(), 1e-12)
    found = best(scores, most)
    found = found[scores[found] >= min_score]
    return passages[found], scores[found]
