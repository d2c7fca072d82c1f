"""Implicit matrix factorisation by alternating least squares; a new user's vector is solved from a history.

    min Σ_{(u,i) ∈ X} (1 − ⟨u,i⟩)² + α Σ_{u,i} ⟨u,i⟩² + Σ_u λ_u |u|² + Σ_i λ_i |i|²,   λ_u = λ (|X_u| + α items)

A user's vector is (α VᵀV + Σ_{i ∈ history} v_i v_iᵀ + λ_u I)⁻¹ Σ v_i, so that whoever comes later needs no training. It
errs otherwise than EASE does, which is why the two together are better than either.

Source: Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, with the weights of
Rendle et al., "Revisiting the performance of iALS on item recommendation benchmarks", 2021, https://arxiv.org/abs/2110.14037.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from scipy.sparse import csr_array

from ragmtl.errors import ConfigError
from ragmtl.kg.compiled import compiled
from ragmtl.tasks.base import Example, Items
from ragmtl.tasks.recommendation.ease import packed
from ragmtl.tasks.recommendation.signals import Scores

ROWS_AT_ONCE = 2048
DIM, UNSEEN, REGULARISATION = 64, 0.1, 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """The fitted model.

    Attributes:
        vectors: V, one row for each item.
        unseen: α, how much all pairs that are not in the log count.
        regularisation: λ.
    """

    vectors: Float64[np.ndarray, "item dim"]
    unseen: float = UNSEEN
    regularisation: float = REGULARISATION

    @classmethod
    def fit(
        cls,
        train: csr_array,
        dim: int = DIM,
        *,
        unseen: float = UNSEEN,
        regularisation: float = REGULARISATION,
        rounds: int = 5,
        seed: int = 0,
    ) -> Factors:
        """Fit to users × items of train.

        Raises:
            ConfigError: The dimension, the weight of unseen pairs or the regularisation is not positive.
        """
        if min(dim, unseen, regularisation) <= 0:
            raise ConfigError(
                f"expected a positive dimension, weight of unseen pairs and regularisation, found {dim}, {unseen}, "
                f"{regularisation}"
            )
        start = np.random.default_rng(seed).normal(0, 0.1 / np.sqrt(dim), (train.shape[1], dim))
        items, users = cls(start, unseen, regularisation), train.T.tocsr()
        for _ in range(rounds):
            other = cls(items._solve(train.indptr, train.indices), unseen, regularisation)
            items = cls(other._solve(users.indptr, users.indices), unseen, regularisation)
        return items

    def users(self, pasts: Sequence[Items]) -> Float32[np.ndarray, "user dim"]:
        """A vector for each history; zero for an empty one."""
        return self._solve(*packed([np.unique(past) for past in pasts])).astype(np.float32)

    def scores(self, pasts: Sequence[Items]) -> Float32[np.ndarray, "example item"]:
        """Scores of every item for each history."""
        return np.asarray(self.users(pasts) @ self.vectors.astype(np.float32).T, np.float32)

    def _solve(self, bounds: np.ndarray, members: np.ndarray) -> Float64[np.ndarray, "row dim"]:
        """The best vectors of rows that have these members, given the members' vectors."""
        count, dim = self.vectors.shape
        shared = self.unseen * self.vectors.T @ self.vectors
        members = np.asarray(members, np.int64)
        out = np.zeros((len(bounds) - 1, dim))
        for start in range(0, len(out), ROWS_AT_ONCE):
            own = np.asarray(bounds[start : start + ROWS_AT_ONCE + 1], np.int64)
            gram, total = np.tile(shared, (len(own) - 1, 1, 1)), np.zeros((len(own) - 1, dim))
            _sums(own, members, self.vectors, gram, total)
            gram += (self.regularisation * (np.diff(own) + self.unseen * count))[:, None, None] * np.eye(dim)
            out[start : start + ROWS_AT_ONCE] = np.linalg.solve(gram, total[:, :, None])[:, :, 0]
        return out


@dataclass(frozen=True, slots=True, eq=False)
class FactorSignal:
    """Scores of the factorisation over the past; fit it without the examples that are trained on (`crossed.py`)."""

    task: str
    factors: Factors

    @property
    def names(self) -> tuple[str, ...]:
        """One name."""
        return ("factors",)

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        """The scores."""
        return (self.factors.scores([example.past[self.task] for example in examples]),)


@compiled
def _sums(bounds: np.ndarray, members: np.ndarray, vectors: np.ndarray, gram: np.ndarray, total: np.ndarray) -> None:
    """Add to each row the sums of v vᵀ and of v over its members."""
    for row in range(len(total)):
        for place in range(bounds[row], bounds[row + 1]):
            vector = vectors[members[place]]
            for i in range(len(vector)):
                total[row, i] += vector[i]
                for j in range(len(vector)):
                    gram[row, i, j] += vector[i] * vector[j]
