"""The words of every passage in their order: what both indexes of words are computed from, at once and exactly.

An index of words changes everywhere when one passage comes or goes (its length moves the mean, its words the counts).
So the words are kept, as numbers, and an update computes the scores anew in a few array operations without reading a
text again: BM25 as Lucene has it (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009), and TF-IDF.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int, Int32, Int64

from ragmtl.errors import MismatchError
from ragmtl.kg.adjacency import compress, gather
from ragmtl.retrieval.files.arrays import AGAIN, load_arrays, load_json, save_arrays
from ragmtl.retrieval.linking.written import Written

_K1, _B = 1.5, 0.75
_ARRAYS = ("indptr", "ids")

Entries = tuple[Int64[np.ndarray, " entries"], Int64[np.ndarray, " entries"], Int64[np.ndarray, " entries"]]
"""Term, passage and count of each entry, sorted by term, then passage."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of passages.

    Attributes:
        terms: Every stem that comes, sorted; its place is its id.
        indptr: The words of passage `p` are `ids[indptr[p]:indptr[p + 1]]`.
        ids: Id of each word, in the order of the text.
    """

    terms: tuple[str, ...]
    indptr: Int64[np.ndarray, " pointers"]
    ids: Int32[np.ndarray, " words"]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Words:
        """Read texts."""
        return cls.read(Written.of(texts))

    @classmethod
    def read(cls, written: Written) -> Words:
        """The stems of words that were read already."""
        from ragmtl.retrieval.passages.lexical import stem_of

        stems = [stem_of(word) for word in written.words()]
        terms = sorted({stem for stem in stems if stem})
        places = {term: place for place, term in enumerate(terms)} | {"": -1}
        ids = np.array([places[stem] for stem in stems], np.int32)[written.ids] if stems else written.ids
        kept = ids >= 0
        return cls(tuple(terms), compress(written.owners()[kept], len(written)), ids[kept])

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def edited(self, rows: Int[np.ndarray, " passages"], texts: Sequence[str]) -> Words:
        """The same as `of` all texts, of which only new ones are read.

        Args:
            rows: For each passage its place here, or -1 where it is new.
            texts: The new ones, in order.
        """
        new = Words.of(texts)
        kept, is_kept = rows[rows >= 0], rows >= 0
        places, owners = gather(self.indptr, kept)
        used, old_ids = np.unique(self.ids[places], return_inverse=True)
        old_terms = [self.terms[term] for term in used.tolist()]
        terms = sorted({*old_terms, *new.terms})
        where = {term: place for place, term in enumerate(terms)}
        ids = [_mapped(old_terms, where)[old_ids], _mapped(new.terms, where)[new.ids]]
        passages = [np.flatnonzero(is_kept)[owners], np.flatnonzero(~is_kept)[new.owners()]]
        every = np.concatenate(passages)
        order = np.argsort(every, kind="stable")
        return Words(tuple(terms), compress(every, len(rows)), np.concatenate(ids)[order].astype(np.int32))

    def owners(self) -> Int64[np.ndarray, " words"]:
        """The passage of each word."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def save(self, directory: Path) -> None:
        """Write into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        save_arrays(directory, {"indptr": self.indptr, "ids": self.ids})
        content = json.dumps({"terms": self.terms}, ensure_ascii=False)
        (directory / "terms.json").write_text(content, encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Words:
        """Open what `save` wrote.

        Raises:
            MismatchError: The directory holds something else, or not all of it.
        """
        terms = load_json(directory / "terms.json").get("terms")
        if not isinstance(terms, list):
            raise MismatchError(f"expected the words of an index in {directory}, found something else; {AGAIN}")
        return cls(tuple(terms), **load_arrays(directory, _ARRAYS))


def bm25(words: Words) -> tuple[Int64[np.ndarray, " pointers"], Int32[np.ndarray, " e"], Float32[np.ndarray, " e"]]:
    """Row pointers of terms, passage and score of each entry.

    Score = ln(1 + (N - df + ½) / (df + ½)) · tf / (tf + k₁ (1 - b + b · length / mean length)).
    """
    terms, passages, counts = _entries(words.ids.astype(np.int64), words.owners())
    indptr = compress(terms, len(words.terms))
    found = np.diff(indptr)
    rarity = np.log1p((len(words) - found + 0.5) / (found + 0.5))
    lengths = np.diff(words.indptr)
    length = _K1 * (1.0 - _B + _B * lengths / max(lengths.mean(), 1e-12))
    values = rarity[terms] * counts / (counts + length[passages])
    return indptr, passages.astype(np.int32), values.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """TF-IDF: its terms (words, then pairs of words), and the entries of each."""

    terms: list[str]
    indptr: Int64[np.ndarray, " pointers"]
    passages: Int32[np.ndarray, " entries"]
    values: Float32[np.ndarray, " entries"]
    idf: Float32[np.ndarray, " terms"]


def tfidf(words: Words, rarest: int) -> Weighed:
    """(1 + ln tf) · (1 + ln((1 + N) / (1 + df))) over words and pairs of words, each passage divided by its length.

    Args:
        words: Of all passages.
        rarest: Terms of fewer passages are left out.
    """
    size, owners, ids = len(words.terms), words.owners(), words.ids.astype(np.int64)
    together = np.flatnonzero(owners[:-1] == owners[1:])
    pairs = size + ids[together] * size + ids[together + 1]
    keys, passages, counts = _entries(np.concatenate((ids, pairs)), np.concatenate((owners, owners[together])))
    every, found = np.unique(keys, return_counts=True)
    common = found >= rarest
    kept = np.repeat(common, found)
    terms = np.repeat(np.cumsum(common) - 1, found)[kept]
    idf = np.log((1.0 + len(words)) / (1.0 + found[common])) + 1.0
    values = (1.0 + np.log(counts[kept])) * idf[terms]
    norms = np.sqrt(np.bincount(passages[kept], values**2, minlength=len(words)))
    values /= norms[passages[kept]]
    names = [_name(words.terms, key, size) for key in every[common].tolist()]
    indptr = compress(terms, len(names))
    return Weighed(
        names, indptr, passages[kept].astype(np.int32), values.astype(np.float32), idf.astype(np.float32)
    )  # fmt: skip


def _name(terms: Sequence[str], key: int, size: int) -> str:
    if key < size:
        return terms[key]
    first, second = divmod(key - size, size)
    return f"{terms[first]} {terms[second]}"


def _entries(terms: Int64[np.ndarray, " words"], passages: Int64[np.ndarray, " words"]) -> Entries:
    """Each term in each passage once; the passages of a term are given in ascending order."""
    order = np.argsort(terms, kind="stable")
    terms, passages = terms[order], passages[order]
    first = np.ones(len(terms), np.bool_)
    first[1:] = (terms[1:] != terms[:-1]) | (passages[1:] != passages[:-1])
    places = np.flatnonzero(first)
    return terms[places], passages[places], np.diff(np.append(places, len(terms)))


def _mapped(terms: Sequence[str], where: dict[str, int]) -> Int64[np.ndarray, " terms"]:
    return np.fromiter((where[term] for term in terms), np.int64, len(terms))
