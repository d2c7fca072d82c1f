"""A text encoder without a model: hashed words and character n-grams, projected at random.

Each word and each 3- to 5-letter piece of a word falls into one of 2²⁰ buckets; bucket b adds ±1 to four fixed
dimensions that a mixing function of b chooses (a sparse random projection; Achlioptas, "Database-friendly random
projections", 2003). Texts that share words or stems come out near each other; meaning beyond spelling is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt64

from ragmtl.retrieval.progress import Progress, no_progress

_BUCKETS, _REPEATS = 2**20, 4


class HashingEncoder:
    """Vectors of 256 numbers, the same on every machine, at once.

    >>> near, far = HashingEncoder().encode(["smoked paprika", "paprika, smoked", "a wooden boat"])[1:] @ (
    ...     HashingEncoder().encode(["smoked paprika"])[0]
    ... )
    >>> bool(near > 0.5 > far)
    True
    """

    name: str = "hashing"
    dim: int = 256
    fingerprint: str = "hashing-v1-256"

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """One vector of length 1 per text; zeros for an empty text."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        from scipy.sparse import csr_matrix

        counts = _count(texts)
        buckets, pieces = np.unique(counts.indices, return_inverse=True)
        columns, signs = _project(buckets.astype(np.uint64), self.dim)
        rows = np.repeat(np.arange(len(buckets)), _REPEATS)
        projection = csr_matrix((signs.ravel(), (rows, columns.ravel())), shape=(len(buckets), self.dim))
        used = csr_matrix((counts.data, pieces, counts.indptr), shape=(len(texts), len(buckets)))
        vectors = (used @ projection).toarray().astype(np.float32)
        (progress or no_progress)(len(texts), len(texts))
        return normalised(vectors)


def normalised(vectors: Float32[np.ndarray, "text dim"]) -> Float32[np.ndarray, "text dim"]:
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


def _count(texts: Sequence[str]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - scipy has no types
    """A sparse matrix texts × buckets of damped counts; words count more than their pieces."""
    from scipy.sparse import hstack

    hasher, split, cut = _tools()
    words, pieces = hasher.transform(map(split, texts)), hasher.transform(map(cut, texts))
    words.data, pieces.data = np.sqrt(words.data), 0.3 * np.sqrt(pieces.data)
    return hstack([words, pieces], format="csr")


@cache
def _tools() -> tuple[Any, Callable[[str], list[str]], Callable[[str], list[str]]]:
    """What hashes, what splits a text into words without the most common, and what cuts it into pieces of words."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.feature_extraction.text import CountVectorizer

    hasher = FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False)
    words, pieces = CountVectorizer(stop_words="english"), CountVectorizer(analyzer="char_wb", ngram_range=(3, 5))
    return hasher, words.build_analyzer(), pieces.build_analyzer()


def _project(
    buckets: UInt64[np.ndarray, " bucket"], dim: int
) -> tuple[UInt64[np.ndarray, "bucket repeat"], Float32[np.ndarray, "bucket repeat"]]:
    """Dimensions and signs of each bucket, by the splitmix64 mixing function."""
    mixed = buckets[:, None] * np.uint64(_REPEATS) + np.arange(_REPEATS, dtype=np.uint64)[None] + np.uint64(1)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    signs = np.where(mixed >> np.uint64(63), 1.0, -1.0).astype(np.float32)
    return mixed % np.uint64(dim), signs
