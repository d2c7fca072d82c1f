"""Search by meaning: the passages whose vectors have the largest inner product with the query's, exactly, by FAISS.

The vectors are one memory-mapped array that FAISS reads in place. What it finds is scored again here, row by row, so
that a query gets the same scores alone and in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.errors import MismatchError
from ragmtl.retrieval.arrays import AGAIN, load_arrays, save_arrays
from ragmtl.retrieval.lexical import NOTHING
from ragmtl.retrieval.ranking import in_order

_SPARE = 8

Found = tuple[Int64[np.ndarray, " _"], Float32[np.ndarray, " _"]]
"""Passages and their scores."""


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """An index of vectors.

    Attributes:
        vectors: One per passage, of length 1.
    """

    vectors: Float32[np.ndarray, "passage dim"]

    @classmethod
    def build(cls, vectors: Float32[np.ndarray, "passage dim"]) -> Dense:
        """Index vectors."""
        return cls(np.ascontiguousarray(vectors, np.float32))

    def search(
        self, vector: Float32[np.ndarray, " dim"], k: int, *, without: Int64[np.ndarray, " excluded"] = NOTHING
    ) -> Found:
        """The best passages and their cosines, best first; ties go to the lower place.

        Args:
            vector: Of the query; zeros find nothing.
            k: The largest number of passages.
            without: Passages that must not be found.
        """
        return self.search_many(vector[None], k, [without])[0]

    def search_many(
        self, vectors: Float32[np.ndarray, "query dim"], k: int, without: list[Int64[np.ndarray, " _"]]
    ) -> list[Found]:
        """`search` for many queries at once, each with passages of its own that must not be found."""
        if not len(vectors):
            return []
        import faiss

        most = min(len(self.vectors), k + _SPARE + max(map(len, without), default=0))
        queries = np.ascontiguousarray(vectors, np.float32)
        _, found = faiss.knn(queries, self.vectors, most, metric=faiss.METRIC_INNER_PRODUCT)
        return [self._best(*row, k) for row in zip(queries, found, without, strict=True)]

    def save(self, directory: Path) -> None:
        """Write into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        save_arrays(directory, {"vectors": self.vectors})

    @classmethod
    def load(cls, directory: Path) -> Dense:
        """Open what `save` wrote, memory-mapped.

        Raises:
            MismatchError: The directory holds something else, or not all of it.
        """
        vectors = load_arrays(directory, ["vectors"])["vectors"]
        if vectors.ndim != 2 or vectors.dtype != np.float32:
            raise MismatchError(f"expected vectors in {directory}, found {vectors.dtype}{vectors.shape}; {AGAIN}")
        return cls(vectors)

    def _best(
        self,
        query: Float32[np.ndarray, " dim"],
        found: Int64[np.ndarray, " candidates"],
        without: Int64[np.ndarray, " excluded"],
        k: int,
    ) -> Found:
        if not query.any():
            return NOTHING, np.zeros(0, np.float32)
        passages = found[~np.isin(found, without)]
        scores = (self.vectors[passages] * query).sum(axis=1)
        order = in_order(passages, scores)[:k]
        return passages[order], scores[order]
