"""EASE: a linear item-to-item model in closed form, with the own user left out where it trains others.

    P = (XᵀX + λI)⁻¹,   B = I − P / diag(P),   scores of a history h:  hB = h − hP / diag(P)

X is users × items. What is trained *on* these scores must not see a fit to its own answers, so the row x of the
event's user is taken out of X exactly, by the Sherman–Morrison identity: with v = Px and q = 1 − xᵀv,

    P' = P + vvᵀ / q,   hP' = hP + (h·v) v / q,   diag(P') = diag(P) + v² / q

Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019, https://arxiv.org/abs/1905.03375.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64
from scipy.sparse import csr_array

from ragmtl.errors import ConfigError
from ragmtl.kg.compiled import compiled
from ragmtl.tasks.base import Items

MOST_ITEMS = 25_000


@dataclass(frozen=True, slots=True, eq=False)
class Ease:
    """The fitted model.

    Attributes:
        inverse: P.
        diagonal: The diagonal of P.
    """

    inverse: Float32[np.ndarray, "item item"]
    diagonal: Float32[np.ndarray, " item"]

    @classmethod
    def fit(cls, train: csr_array, regularisation: float = 200.0) -> Ease:
        """Fit to users × items of train.

        Raises:
            ConfigError: There are too many items for a matrix of items × items, or the regularisation is not positive.
        """
        items = train.shape[1]
        if items > MOST_ITEMS:
            raise ConfigError(f"EASE holds items × items numbers: expected at most {MOST_ITEMS} items, found {items}")
        if regularisation <= 0:
            raise ConfigError(f"expected a positive regularisation for EASE, found {regularisation}")
        gram = torch.from_numpy((train.T @ train).toarray().astype(np.float64))
        gram.diagonal().add_(regularisation)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram)).numpy()
        return cls(np.ascontiguousarray(inverse, np.float32), inverse.diagonal().astype(np.float32))

    def scores(
        self,
        pasts: Sequence[Items],
        own: Sequence[Items],
        liked: Sequence[Float32[np.ndarray, " _past"]] | None = None,
    ) -> Float32[np.ndarray, "example item"]:
        """Score every item.

        Args:
            pasts: The items that each example shows.
            own: The row of X that each example stems from, to be left out; empty where it stems from none.
            liked: How much each item of a past counts in h; 1 where not given.
        """
        unique = [np.unique(past, return_index=True) for past in pasts]
        shown = [items for items, _ in unique]
        weights = None if liked is None else [one[at] for one, (_, at) in zip(liked, unique, strict=True)]
        counted = [np.ones(len(items), np.float32) for items in shown] if weights is None else weights
        rows = np.repeat(np.arange(len(pasts)), [len(items) for items in shown])
        total, left_out = row_sums(self.inverse, shown, weights), row_sums(self.inverse, own)
        within, overlap = np.ones(len(pasts), np.float32), np.zeros(len(pasts), np.float32)
        for row, (items, its) in enumerate(zip(shown, own, strict=True)):
            within[row] -= left_out[row, its].sum()
            overlap[row] = left_out[row, items] @ counted[row]
        total += left_out * (overlap / within)[:, None]
        out = -total / (self.diagonal + left_out**2 / within[:, None])
        out[rows, np.concatenate([np.zeros(0, np.int64), *shown])] += np.concatenate([_NONE, *counted])
        return out


_NONE = np.zeros(0, np.float32)


def packed(lists: Sequence[Items]) -> tuple[Int64[np.ndarray, " _bound"], Int64[np.ndarray, " _all"]]:
    """Lists of items as one array, with where each begins and the last one ends."""
    return np.cumsum([0, *map(len, lists)]).astype(np.int64), np.concatenate([np.zeros(0, np.int64), *lists])


def row_sums(
    matrix: Float32[np.ndarray, "item column"],
    lists: Sequence[Items],
    weights: Sequence[Float32[np.ndarray, " _weight"]] | None = None,
) -> Float32[np.ndarray, "example column"]:
    """For each list of items the sum of their rows, each times its weight (1)."""
    out = np.zeros((len(lists), matrix.shape[1]), np.float32)
    bounds, items = packed(lists)
    factors = (
        np.ones(len(items), np.float32) if weights is None else np.concatenate([np.zeros(0, np.float32), *weights])
    )
    _add_rows(matrix, bounds, items, factors, out)
    return out


@compiled
def _add_rows(matrix: np.ndarray, bounds: np.ndarray, items: np.ndarray, factors: np.ndarray, out: np.ndarray) -> None:
    for row in range(len(out)):
        for place in range(bounds[row], bounds[row + 1]):
            item, factor = items[place], factors[place]
            for column in range(matrix.shape[1]):
                out[row, column] += factor * matrix[item, column]
