"""Misspelt words: those of names that are one edit away from a word that no name and no text of the corpus holds.

An edit is a letter too many, too few, another one, or two that changed places. Words that are one edit apart share a
form that lacks at most one letter; these forms are looked up, and what they lead to is compared.

Source: Bocek, Hunt and Stiller, "Fast similarity search in large dictionaries", 2007 (deletion neighbourhoods).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
from jaxtyping import Bool, Int, Int32, UInt8, UInt32, UInt64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.terms import Strings, frozen
from ragmtl.retrieval.files.arrays import load_arrays, save_arrays
from ragmtl.retrieval.linking.tokens import STOP_WORDS, Tokens, hashes, words_of
from ragmtl.retrieval.linking.written import Written

SHORTEST = 4
"""Shorter words are not corrected: too many others are one edit away."""

_OFTEN = 2
_LONGEST = 64
_ARRAYS = ("blob", "offsets", "counts", "keys", "rows", "known")
_NAMED = "named"


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """The words of names, and how they are found when misspelt.

    Attributes:
        blob, offsets: The words, as in `Strings`.
        counts: How many nodes have each in a name.
        keys: Checksums of the forms that lack at most one letter, sorted.
        rows: The word of each form.
        known: Hashes of words that need no correction, sorted.
        named: Hashes of the words of names among them; an index of an older version has none.
    """

    blob: UInt8[np.ndarray, " bytes"]
    offsets: Int[np.ndarray, " offsets"]
    counts: Int32[np.ndarray, " words"]
    keys: UInt32[np.ndarray, " forms"]
    rows: Int32[np.ndarray, " forms"]
    known: UInt64[np.ndarray, " known"]
    named: UInt64[np.ndarray, " named"] | None = None

    @classmethod
    def of(cls, graph: KnowledgeGraph, written: Written | None = None) -> Spelling:
        """Collect the words of all names, and those that texts hold at least twice."""
        counts = Counter(
            word
            for node in range(len(graph.nodes))
            for word in {word for name in graph.names(node) for word in words_of(name)}
        )
        named = np.unique(hashes(sorted(counts)))
        words = sorted(word for word in counts if len(word) >= SHORTEST and word.isalpha())
        pairs = [(key, row) for row, word in enumerate(words) for key in set(_forms(word))]
        table = np.array(pairs, np.int64).reshape(-1, 2)
        table = table[np.lexsort((table[:, 1], table[:, 0]))]
        packed = Strings.of(words)
        return cls(
            packed.blob,
            packed.offsets,
            np.array([counts[word] for word in words], np.int32),
            table[:, 0].astype(np.uint32),
            table[:, 1].astype(np.int32),
            _right(named, written),
            named,
        )

    def edited(self, graph: KnowledgeGraph, written: Written, *, same: bool) -> Spelling:
        """The same as `of` another graph and other texts.

        Args:
            graph: The other graph, or the same.
            written: The other texts.
            same: Whether it is the same graph, whose names then need not be read again.
        """
        if same and self.named is not None:
            return replace(self, known=_right(self.named, written))
        return Spelling.of(graph, written)

    def corrections(self, word: str) -> list[str]:
        """The words of names that are one edit away, those of most names first."""
        return self._corrections([word]).get(word, [])

    def corrected(self, tokens: Tokens, most: int) -> Iterator[tuple[Tokens, Bool[np.ndarray, " words"]]]:
        """The words with each unknown one corrected: to its best correction, then to the next best, and so on.

        Args:
            tokens: Words of a text.
            most: How many corrections of each word are tried.

        Yields:
            The words, and which of them are corrections.
        """
        unknown = self._corrections(self._unknown(tokens.words))
        for place in range(max(map(len, unknown.values()), default=0)):
            if place >= most:
                return
            chosen = {word: near[place] for word, near in unknown.items() if place < len(near)}
            words = [chosen.get(word, word) for word in tokens.words]
            changed = np.array([word in chosen for word in tokens.words], np.bool_)
            owners = ["" if new else owner for new, owner in zip(changed, tokens.owners, strict=True)]
            yield Tokens(words, tokens.starts, tokens.ends, owners), changed

    def save(self, directory: Path) -> None:
        """Write into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        names = _ARRAYS if self.named is None else (*_ARRAYS, _NAMED)
        save_arrays(directory, {name: getattr(self, name) for name in names})

    @classmethod
    def load(cls, directory: Path) -> Spelling:
        """Open what `save` wrote, memory-mapped.

        Raises:
            MismatchError: An array is missing or truncated.
        """
        names = (*_ARRAYS, _NAMED) if (directory / f"{_NAMED}.npy").is_file() else _ARRAYS
        arrays = load_arrays(directory, names)
        return cls(*(frozen(arrays[name]) for name in names))

    def _corrections(self, words: list[str]) -> dict[str, list[str]]:
        """For each word that has any, the words of names that are one edit away."""
        forms = [(key, word) for word in words if _can_be_corrected(word) for key in set(_forms(word))]
        keys = np.array([key for key, _ in forms], np.uint32)
        starts, ends = np.searchsorted(self.keys, keys), np.searchsorted(self.keys, keys, "right")
        strings, rows = Strings(self.blob, self.offsets), dict[str, set[int]]()
        for place in np.flatnonzero(ends > starts).tolist():
            rows.setdefault(forms[place][1], set()).update(self.rows[starts[place] : ends[place]].tolist())
        found: dict[str, list[str]] = {}
        for word, candidates in rows.items():
            near = [
                (-int(self.counts[row]), other) for row in candidates if one_edit_apart(word, other := strings[row])
            ]
            if near:
                found[word] = [other for _, other in sorted(near)]
        return found

    def _unknown(self, words: list[str]) -> list[str]:
        each = sorted({word for word in words if _can_be_corrected(word)})
        if not each or not len(self.known):
            return []
        keys = hashes(each)
        places = np.searchsorted(self.known, keys).clip(max=len(self.known) - 1)
        known = ((self.known[places] == keys) & (keys > 0)).any(axis=0)
        return [word for word, is_known in zip(each, known.tolist(), strict=True) if not is_known]


def _right(named: UInt64[np.ndarray, " named"], written: Written | None) -> UInt64[np.ndarray, " known"]:
    """Hashes of what needs no correction: words of names, stop words, and words that texts hold often."""
    often = (word for word, count in written.counts().items() if count >= _OFTEN) if written else ()
    return np.union1d(named, hashes(sorted({*STOP_WORDS, *often})))


def one_edit_apart(one: str, other: str) -> bool:
    """Whether one edit makes the one word the other.

    >>> one_edit_apart("paprica", "paprika"), one_edit_apart("sumca", "sumac"), one_edit_apart("sumac", "sumo")
    (True, True, False)
    """
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[start:], other[start:]
    if one[1:] == other[1:] or one[1:] == other or one == other[1:]:
        return True
    return len(one) > 1 and one[0] == other[1:2] and one[1] == other[0] and one[2:] == other[2:]


def _can_be_corrected(word: str) -> bool:
    return SHORTEST <= len(word) <= _LONGEST and word.isalpha()


def _forms(word: str) -> Iterator[int]:
    """Checksums of a word and of what remains of it without each of its letters."""
    yield crc32(word.encode())
    for place in range(len(word)):
        yield crc32((word[:place] + word[place + 1 :]).encode())
