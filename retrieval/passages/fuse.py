"""One score out of several sources, in one of four ways; the best passage of a query gets 1.

weighted    Σ weight · score, where BM25, TF-IDF and graph scores are divided by the largest of the query, and cosines
            are stretched so that the last candidate gets 0 and the first 1, because all of them are high
reciprocal  Σ weight / (60 + rank)       (Cormack, Clarke and Büttcher, "Reciprocal rank fusion", 2009)
shape       Σ weight · trust · (score - mean) / spread, over the crowd of all passages: a source whose best passages
            stand far out of its crowd speaks louder than one that finds everything alike. Needs no labels.
learned     shape, by weights for each query that a small model gives (`learned_fusion`)

Reciprocal rank, which knows no scores, hurts where one source is much better than the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from ragmtl.retrieval.passages.ranking import best, in_order
from ragmtl.retrieval.settings import Fusion

Fused = tuple[Int64[np.ndarray, " best"], Float64[np.ndarray, " best"]]
_RANK = 60


@dataclass(frozen=True, slots=True)
class Crowd:
    """What scores of a source are like over all passages.

    Attributes:
        mean, spread: Mean and standard deviation.
    """

    mean: float
    spread: float

    @classmethod
    def of(
        cls, scores: Float32[np.ndarray, " passages"] | Float64[np.ndarray, " passages"], count: int | None = None
    ) -> Crowd:
        """The crowd of some scores; where it is larger than these (`count`), all others are 0."""
        size = len(scores) if count is None else count
        if not size:
            return cls(0.0, 0.0)
        mean = float(scores.sum(dtype=np.float64)) / size
        squares = float(np.square(scores, dtype=np.float64).sum()) / size
        return cls(mean, max(squares - mean**2, 0.0) ** 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What one source proposes.

    Attributes:
        passages: Places in the corpus, each once.
        scores: As the source computes them.
        weight: How much the source counts.
        has_floor: Whether even bad passages score high, so that scores are stretched from the lowest to the highest.
        crowd: What the scores of all passages are like; that of the candidates where a source does not tell.
        trust: How sure it is, in [0, 1], that the query is for this source (`trust_in`, for the graph).
    """

    passages: Int64[np.ndarray, " candidates"]
    scores: Float32[np.ndarray, " candidates"]
    weight: float
    has_floor: bool = False
    crowd: Crowd | None = None
    trust: float = 1.0

    def normalised(self) -> Float64[np.ndarray, " candidates"]:
        """Scores in [0, 1]; the best has 1."""
        scores = self.scores.astype(np.float64)
        low = float(scores.min()) if self.has_floor and len(scores) > 1 else 0.0
        high = float(scores.max(initial=0.0))
        if high <= low:
            return np.full(len(scores), float(high > 0))
        stretched: Float64[np.ndarray, " candidates"] = (scores - low) / (high - low)
        return stretched

    def standing_out(self) -> Float64[np.ndarray, " candidates"]:
        """By how many standard deviations each score is above its crowd, 0 where it is not."""
        crowd = self.crowd or Crowd.of(self.scores)
        if crowd.spread <= 0:
            return np.zeros(len(self.scores))
        return np.maximum((self.scores.astype(np.float64) - crowd.mean) / crowd.spread, 0.0)

    def reciprocal(self) -> Float64[np.ndarray, " candidates"]:
        """1 / (60 + rank), ranks from 1."""
        places = np.empty(len(self.passages), np.int64)
        places[in_order(self.passages, self.scores)] = np.arange(1, len(self.passages) + 1)
        return 1.0 / (_RANK + places)


def parts_of(sources: Mapping[str, Candidates], fusion: Fusion = "weighted") -> dict[str, Float64[np.ndarray, " _"]]:
    """What each source adds to the score of each of its candidates; for "learned", sources bring learned weights."""
    match fusion:
        case "weighted":
            return {name: source.weight * source.normalised() for name, source in sources.items()}
        case "reciprocal":
            return {name: source.weight * source.reciprocal() for name, source in sources.items()}
        case "shape" | "learned":
            return {name: source.weight * source.trust * source.standing_out() for name, source in sources.items()}


def fuse(sources: Mapping[str, Candidates], most: int, min_score: float = 0.0, fusion: Fusion = "weighted") -> Fused:
    """The best passages of all sources together, and their fused scores, best first; ties go to the lower place."""
    added = parts_of(sources, fusion)
    given = [name for name, source in sources.items() if len(source.passages)]
    if not given:
        return np.zeros(0, np.int64), np.zeros(0)
    passages, places = np.unique(np.concatenate([sources[name].passages for name in given]), return_inverse=True)
    sums = np.bincount(places, np.concatenate([added[name] for name in given]), minlength=len(passages))
    scores = sums / max(sums.max(), 1e-12)
    found = best(scores, most)
    found = found[scores[found] >= min_score]
    return passages[found], scores[found]
