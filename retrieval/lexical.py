"""Search by words: BM25 or TF-IDF, each as one sparse matrix of terms × passages that is memory-mapped.

Score of passage p for text q = Σ over terms t of weight(t in q) · matrix[t, p]. For BM25 the matrix holds the whole
score of a term in a passage (`bm25s`; Lù, "BM25S", 2024) and q counts its terms; for TF-IDF (`scikit-learn`; words and
pairs of words) both sides are (1 + log count) · idf, of length 1.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Int32, Int64

from ragmtl.errors import MismatchError
from ragmtl.kg.adjacency import gather
from ragmtl.retrieval.arrays import AGAIN, load_arrays, load_json, save_arrays
from ragmtl.retrieval.ranking import best
from ragmtl.retrieval.tokens import tokenise

Method = Literal["bm25", "tfidf"]
NOTHING = np.zeros(0, np.int64)

_K1, _B = 1.5, 0.75
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a an and are as at be but by for if in into is it no not of on or such that the their then there these they this
        to was will with
        """,
    )
)
_ARRAYS = ("indptr", "passages", "values", "idf")
_MANY = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Lexical:
    """An index of words.

    Attributes:
        method: "bm25" or "tfidf".
        count: How many passages there are.
        vocabulary: Row of each term.
        indptr: The entries of term `t` are `indptr[t]` to `indptr[t + 1]`.
        passages: Passage of each entry, ascending within a term.
        values: How much the term counts in the passage.
        idf: How much a term counts in a query, before its count there; 1 for BM25.
    """

    method: Method
    count: int
    vocabulary: Mapping[str, int]
    indptr: Int64[np.ndarray, " pointers"]
    passages: Int32[np.ndarray, " entries"]
    values: Float32[np.ndarray, " entries"]
    idf: Float32[np.ndarray, " terms"]

    @classmethod
    def build(cls, texts: Sequence[str], method: Method = "bm25") -> Lexical:
        """Index texts."""
        return _build_bm25(texts) if method == "bm25" else _build_tfidf(texts)

    def search(
        self, text: str, k: int, *, without: Int64[np.ndarray, " excluded"] = NOTHING
    ) -> tuple[Int64[np.ndarray, " found"], Float32[np.ndarray, " found"]]:
        """The best passages and their scores, all above 0, best first; ties go to the lower place.

        Args:
            text: What to look for.
            k: The largest number of passages.
            without: Passages that must not be found.
        """
        if not text:
            return NOTHING, np.zeros(0, np.float32)
        scores = self.scores(text)
        scores[without] = 0.0
        found = best(scores, k)
        return found, scores[found]

    def scores(self, text: str) -> Float32[np.ndarray, " passages"]:
        """The score of every passage, 0 or more."""
        terms, weights = self._query(text)
        if not len(terms):
            return np.zeros(self.count, np.float32)
        places, owners = gather(self.indptr, terms)
        parts = self.values[places] * weights[owners]
        return np.bincount(self.passages[places], parts, minlength=self.count).astype(np.float32)

    def save(self, directory: Path) -> None:
        """Write into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        save_arrays(directory, {name: getattr(self, name) for name in _ARRAYS})
        content = {"method": self.method, "count": self.count, "vocabulary": list(self.vocabulary)}
        (directory / "terms.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Lexical:
        """Open what `save` wrote, memory-mapped.

        Raises:
            MismatchError: The directory holds something else, or not all of it.
        """
        stated = load_json(directory / "terms.json")
        arrays = load_arrays(directory, _ARRAYS)
        if stated.get("method") not in ("bm25", "tfidf") or len(stated["vocabulary"]) != len(arrays["idf"]):
            raise MismatchError(f"expected an index of words in {directory}, found parts of different ones; {AGAIN}")
        vocabulary = {term: row for row, term in enumerate(stated["vocabulary"])}
        return cls(stated["method"], stated["count"], vocabulary, **arrays)

    def _query(self, text: str) -> tuple[Int64[np.ndarray, " terms"], Float32[np.ndarray, " terms"]]:
        """The known terms of a text, ascending, and their weights."""
        counts = Counter(terms_of(text, pairs=self.method == "tfidf"))
        known = sorted((self.vocabulary[term], count) for term, count in counts.items() if term in self.vocabulary)
        terms = np.array([row for row, _ in known], np.int64)
        weights = np.array([count for _, count in known], np.float32)
        if self.method == "tfidf" and len(terms):
            weights = (1.0 + np.log(weights)) * self.idf[terms]
            weights /= np.linalg.norm(weights)
        return terms, weights


def terms_of(text: str, *, pairs: bool = False) -> list[str]:
    """Stems of the words of a text but function words; with `pairs` also each two that follow one another.

    >>> terms_of("The smoked peppers", pairs=True)
    ['smoke', 'pepper', 'smoke pepper']
    """
    stems = [_stem(word) for word in tokenise(text).words if word not in _FUNCTION_WORDS]
    return (
        stems + [f"{first} {second}" for first, second in zip(stems[:-1], stems[1:], strict=True)] if pairs else stems
    )


def _terms_and_pairs(text: str) -> list[str]:
    return terms_of(text, pairs=True)


def _build_bm25(texts: Sequence[str]) -> Lexical:
    from bm25s import BM25
    from bm25s.tokenization import Tokenized

    documents = [terms_of(text) for text in texts]
    vocabulary = {term: row for row, term in enumerate(sorted({term for terms in documents for term in terms}))}
    if not vocabulary:
        return _empty("bm25", len(texts))
    ids = [[vocabulary[term] for term in terms] for terms in documents]
    index = BM25(method="lucene", k1=_K1, b=_B)
    index.index(Tokenized(ids=ids, vocab=dict(vocabulary)), show_progress=False)
    matrix: dict[str, Any] = index.scores
    return Lexical(
        "bm25",
        len(texts),
        vocabulary,
        np.asarray(matrix["indptr"][: len(vocabulary) + 1], np.int64),
        np.asarray(matrix["indices"], np.int32),
        np.asarray(matrix["data"], np.float32),
        np.ones(len(vocabulary), np.float32),
    )


def _build_tfidf(texts: Sequence[str]) -> Lexical:
    """Words and pairs of words; those of one passage only are left out where there are many passages."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(map(terms_of, texts)):
        return _empty("tfidf", len(texts))
    rarest = 2 if len(texts) >= _MANY else 1
    vectorizer = TfidfVectorizer(analyzer=_terms_and_pairs, sublinear_tf=True, min_df=rarest, dtype=np.float32)
    matrix = vectorizer.fit_transform(texts).tocsc()
    matrix.sort_indices()
    vocabulary = {term: row for row, term in enumerate(vectorizer.get_feature_names_out().tolist())}
    columns = np.asarray(matrix.indices, np.int32), np.asarray(matrix.data, np.float32)
    pointers, idf = np.asarray(matrix.indptr, np.int64), np.asarray(vectorizer.idf_, np.float32)
    return Lexical("tfidf", len(texts), vocabulary, pointers, *columns, idf)


def _empty(method: Method, count: int) -> Lexical:
    nothing = np.zeros(0, np.float32)
    return Lexical(method, count, {}, np.zeros(1, np.int64), np.zeros(0, np.int32), nothing, nothing)


@lru_cache(maxsize=2**16)
def _stem(word: str) -> str:
    stem: str = _stemmer().stemWord(word)
    return stem


@lru_cache(maxsize=1)
def _stemmer() -> Any:  # noqa: ANN401 - PyStemmer has no types
    from Stemmer import Stemmer

    return Stemmer("english")
