"""How many texts hold each name, and how many of these hold it only without capitals: what tells names from words.

All stretches of all texts are hashed and looked up at once, in array operations; what a single word is, and where a
name may begin, is looked up for each form only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int64

from ragmtl.retrieval.linking.names import Names, extend
from ragmtl.retrieval.linking.tokens import hashes
from ragmtl.retrieval.linking.written import Written

_MOST_WORDS = 1 << 20
"""So many words, and those of the rest of their last text, are looked at together."""

Counts = tuple[Int64[np.ndarray, " names"], Int64[np.ndarray, " names"]]
_Hits = tuple[Int64[np.ndarray, " hits"], Int64[np.ndarray, " hits"], Int64[np.ndarray, " hits"]]
"""Place of the first word, how many words, and the name."""


def frequencies(names: Names, written: Written) -> Counts:
    """Count names in texts.

    Args:
        names: What is looked for, word by word as it is written (no plurals); overlapping ones count too.
        written: The words of the texts.

    Returns:
        For each name how many texts hold it, and in how many no mention has a capital.
    """
    found, plain = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    if not len(names) or not len(written.forms):
        return found, plain
    lookup = _Lookup(names, written)
    for first, last in _parts(written.indptr):
        begin, end = int(written.indptr[first]), int(written.indptr[last])
        owners = np.repeat(np.arange(last - first), np.diff(written.indptr[first : last + 1]))
        ends = written.indptr[first + 1 : last + 1][owners] - begin
        ids = written.ids[begin:end].astype(np.int64)
        places, lengths, hits = lookup.hits(ids, ends)
        capital = ~lookup.is_lower(ids, places, lengths)
        every, where = np.unique(owners[places] * len(names) + hits, return_inverse=True)
        somewhere = np.bincount(where, capital, minlength=len(every)) > 0
        found += np.bincount(every % len(names), minlength=len(names))
        plain += np.bincount(every[~somewhere] % len(names), minlength=len(names))
    return found, plain


class _Lookup:
    """What is known of each form: its hash, the name that it is, how long names may be that begin with it."""

    def __init__(self, names: Names, written: Written) -> None:
        self._names = names
        self._keys = hashes(written.words())[0]
        self._single = names.find(self._keys)
        self._reach = names.longest(self._keys)
        self._upper = np.array([any(c.isupper() or c.istitle() for c in form) for form in written.forms])
        self._lower = np.array([any(c.islower() for c in form) for form in written.forms])

    def hits(self, ids: Int64[np.ndarray, " words"], ends: Int64[np.ndarray, " words"]) -> _Hits:
        """Every stretch that is a name; `ends`: the place after the text of each word."""
        keys, single = self._keys[ids], self._single[ids]
        places = np.flatnonzero(single >= 0)
        found = [(places, np.ones(len(places), np.int64), single[places])]
        reach = np.minimum(self._reach[ids], ends - np.arange(len(ids)))
        places = np.arange(len(ids))
        prefix = keys
        for length in range(2, int(reach.max(initial=0)) + 1):
            going_on = reach[places] >= length
            places, prefix = places[going_on], prefix[going_on]
            prefix = extend(prefix, keys[places + length - 1])
            named = self._names.find(prefix)
            known = np.flatnonzero(named >= 0)
            found.append((places[known], np.full(len(known), length), named[known]))
        places, lengths, hits = (np.concatenate(column) for column in zip(*found, strict=True))
        return places, lengths, hits

    def is_lower(
        self, ids: Int64[np.ndarray, " words"], places: Int64[np.ndarray, " hits"], lengths: Int64[np.ndarray, " hits"]
    ) -> Bool[np.ndarray, " hits"]:
        """Whether a stretch has small letters, and no capital."""
        upper, lower = (np.concatenate(([0], np.cumsum(flags[ids]))) for flags in (self._upper, self._lower))
        ends = places + lengths
        small: Bool[np.ndarray, " hits"] = (upper[ends] == upper[places]) & (lower[ends] > lower[places])
        return small


def _parts(indptr: Int64[np.ndarray, " pointers"]) -> Iterator[tuple[int, int]]:
    """Texts from the first up to the last of each part."""
    first = 0
    while first < len(indptr) - 1:
        last = int(np.searchsorted(indptr, indptr[first] + _MOST_WORDS, "right"))
        last = min(max(last, first + 1), len(indptr) - 1)
        yield first, last
        first = last
