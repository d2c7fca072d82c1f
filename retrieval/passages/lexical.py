"""Search by words: BM25 or TF-IDF, each as one sparse matrix of terms × passages that is memory-mapped.

Score of passage p for text q = Σ over terms t of weight(t in q) · matrix[t, p]. For BM25 the matrix holds the whole
score of a term in a passage (as in Lù, "BM25S", 2024) and q counts its terms; for TF-IDF (words and pairs of words)
both sides are (1 + log count) · idf, of length 1. Both are computed by `ragmtl.retrieval.passages.words`.
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
from ragmtl.kg.terms import frozen
from ragmtl.retrieval.files.arrays import AGAIN, load_arrays, load_json, save_arrays
from ragmtl.retrieval.linking.tokens import words_of
from ragmtl.retrieval.passages.fuse import Crowd
from ragmtl.retrieval.passages.ranking import best
from ragmtl.retrieval.passages.words import Words, bm25, tfidf

Method = Literal["bm25", "tfidf"]
NOTHING = np.zeros(0, np.int64)

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
        return _weigh(Words.of(texts), method)

    @classmethod
    def of(cls, words: Words, method: Method = "bm25") -> Lexical:
        """Index texts whose words were read already."""
        return _weigh(words, method)

    def search(
        self, text: str, k: int, *, without: Int64[np.ndarray, " excluded"] = NOTHING
    ) -> tuple[Int64[np.ndarray, " found"], Float32[np.ndarray, " found"]]:
        """The best passages and their scores, all above 0, best first; ties go to the lower place.

        Args:
            text: What to look for.
            k: The largest number of passages.
            without: Passages that must not be found.
        """
        return self.search_in_crowd(text, k, without=without)[:2]

    def search_in_crowd(
        self, text: str, k: int, *, without: Int64[np.ndarray, " excluded"] = NOTHING
    ) -> tuple[Int64[np.ndarray, " found"], Float32[np.ndarray, " found"], Crowd]:
        """`search`, and what the scores of all passages are like."""
        if not text:
            return NOTHING, np.zeros(0, np.float32), Crowd(0.0, 0.0)
        scores = self.scores(text)
        scores[without] = 0.0
        found = best(scores, k)
        return found, scores[found], Crowd.of(scores)

    def rarity(self, word: str) -> float:
        """log(1 + passages / (1 + passages with the word)); 0 for function words."""
        terms = terms_of(word)
        rows = [self.vocabulary[term] for term in terms if term in self.vocabulary]
        found = int(self.indptr[rows[0] + 1] - self.indptr[rows[0]]) if rows else 0
        return float(np.log1p(self.count / (1 + found))) if terms else 0.0

    def scores(self, text: str) -> Float32[np.ndarray, " passages"]:
        """The score of every passage, 0 or more."""
        from ragmtl.retrieval.passages.totals import totals

        terms, weights = self._query(text)
        if not len(terms):
            return np.zeros(self.count, np.float32)
        scores: Float32[np.ndarray, " passages"] = totals(
            (frozen(self.indptr), frozen(self.passages), frozen(self.values)), terms, weights, self.count
        )
        return scores

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
    stems = [stem for word in words_of(text) if (stem := stem_of(word))]
    return (
        stems + [f"{first} {second}" for first, second in zip(stems[:-1], stems[1:], strict=True)] if pairs else stems
    )


def _weigh(words: Words, method: Method) -> Lexical:
    """BM25; or TF-IDF, where terms of one passage only are left out if there are many passages."""
    if method == "bm25":
        indptr, passages, values = bm25(words)
        vocabulary = {term: row for row, term in enumerate(words.terms)}
        return Lexical("bm25", len(words), vocabulary, indptr, passages, values, np.ones(len(vocabulary), np.float32))
    found = tfidf(words, rarest=2 if len(words) >= _MANY else 1)
    vocabulary = {term: row for row, term in enumerate(found.terms)}
    return Lexical("tfidf", len(words), vocabulary, found.indptr, found.passages, found.values, found.idf)


@lru_cache(maxsize=2**16)
def stem_of(word: str) -> str:
    """The stem of a word; empty for function words, which are no terms."""
    stem: str = "" if word in _FUNCTION_WORDS else _stemmer().stemWord(word)
    return stem


@lru_cache(maxsize=1)
def _stemmer() -> Any:  # noqa: ANN401 - PyStemmer has no types
    from Stemmer import Stemmer

    return Stemmer("english")
