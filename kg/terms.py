"""Texts and terms as two arrays each, so that millions of them can be memory-mapped.

Text `i` is `blob[offsets[i]:offsets[i + 1]]`, in UTF-8. The IRIs of a `Terms` are sorted, so that an IRI is found by
binary search and the same graph always gets the same ids, whatever file or format it came from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import index as as_int
from typing import SupportsIndex

import numpy as np
from jaxtyping import Int32, Int64, Integer, UInt8

from ragmtl.errors import DataError, MismatchError

BLANK = "_:"
"""What the names of blank nodes begin with; IRIs never do."""


@dataclass(frozen=True, slots=True, eq=False)
class Strings:
    """A list of texts.

    Attributes:
        blob: All texts one after the other, UTF-8.
        offsets: Where each text begins, and at last where the last one ends.
    """

    blob: UInt8[np.ndarray, " bytes"]
    offsets: Integer[np.ndarray, " offsets"]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Strings:
        """Pack texts.

        Raises:
            DataError: A text holds half of a surrogate pair, which UTF-8 cannot hold.
        """
        parts = [encoded(text) for text in texts]
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), out=offsets[1:])
        return cls(frozen(np.frombuffer(b"".join(parts), np.uint8)), frozen(offsets.astype(fitting(int(offsets[-1])))))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: SupportsIndex) -> str:
        try:
            return self.encoded(index).decode()
        except UnicodeDecodeError as error:
            raise _damaged(error) from error

    def __iter__(self) -> Iterator[str]:
        ends = self.offsets.tolist()
        blob = self.blob.data
        try:
            for start, end in zip(ends[:-1], ends[1:], strict=True):
                yield str(blob[start:end], "utf-8")
        except UnicodeDecodeError as error:
            raise _damaged(error) from error

    def encoded(self, index: SupportsIndex) -> bytes:
        """Text `index` in UTF-8.

        Raises:
            IndexError: `index` is not in [0, len).
        """
        at = as_int(index)
        if not 0 <= at < len(self):
            raise IndexError(f"expected an index in [0, {len(self)}), found {at}")
        return self.blob[self.offsets[at] : self.offsets[at + 1]].tobytes()

    def find(self, text: str) -> int | None:
        """The place of a text in a list that is sorted, or None where it is not there."""
        wanted = text.encode("utf-8", "surrogatepass")
        blob, offsets = self.blob.data, self.offsets.data  # twice as quick as the arrays
        place = bisect_left(range(len(self)), wanted, key=lambda at: bytes(blob[offsets[at] : offsets[at + 1]]))
        return place if place < len(self) and self.encoded(place) == wanted else None


@dataclass(frozen=True, slots=True, eq=False)
class Aliases:
    """Other IRIs of terms: those of entities that were merged into one (owl:sameAs).

    Attributes:
        strings: The IRIs, sorted.
        ids: The id of each.
    """

    strings: Strings
    ids: Int32[np.ndarray, " aliases"]

    def __len__(self) -> int:
        return len(self.strings)

    def find(self, iri: str) -> int | None:
        """The id of an alias, or None where there is none."""
        place = self.strings.find(iri)
        return None if place is None else int(self.ids[place])


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """IRIs ↔ ids. Ids run from 0 in the order of the IRIs.

    >>> terms = Terms.of(["http://b", "http://a"])
    >>> terms[0], terms.find("http://b"), terms.find("http://c")
    ('http://a', 1, None)

    Attributes:
        strings: The IRIs, sorted.
        aliases: Other IRIs by which some are found.
    """

    strings: Strings
    aliases: Aliases | None = None

    @classmethod
    def of(cls, iris: Iterable[str]) -> Terms:
        """Sort and pack IRIs; equal ones become one."""
        return cls(Strings.of(sorted(set(iris))))

    def __len__(self) -> int:
        return len(self.strings)

    def __getitem__(self, index: SupportsIndex) -> str:
        return self.strings[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.strings)

    def __contains__(self, iri: object) -> bool:
        return isinstance(iri, str) and self.find(iri) is not None

    def find(self, iri: str) -> int | None:
        """The id of an IRI, also of one that is an alias, or None where there is none."""
        place = self.strings.find(iri)
        return place if place is not None or self.aliases is None else self.aliases.find(iri)

    def find_all(self, iris: Sequence[str]) -> Int64[np.ndarray, " iris"]:
        """The id of each IRI, -1 where there is none."""
        found = (self.find(iri) for iri in iris)
        return np.fromiter((-1 if place is None else place for place in found), np.int64, len(iris))


def fitting(largest: int) -> type[np.signedinteger]:
    """The narrower of two types of integers that holds numbers up to `largest`."""
    return np.int32 if largest < 1 << 31 else np.int64


def narrow(column: Integer[np.ndarray, " rows"], *, at_least: type[np.integer] = np.uint8) -> np.ndarray:
    """The column in the narrowest type that holds it, but no narrower than `at_least`; read-only.

    Args:
        column: Integers of 0 or more.
        at_least: uint8 or uint16.
    """
    largest = int(column.max(initial=0))
    types = [kind for kind in (np.uint8, np.uint16) if np.dtype(kind).itemsize >= np.dtype(at_least).itemsize]
    kind = next((kind for kind in types if largest <= np.iinfo(kind).max), fitting(largest))
    return frozen(column.astype(kind, copy=False))


def once(column: Integer[np.ndarray, " rows"]) -> np.ndarray:
    """The column; one that says the same in every row is kept as that value alone, which looks like many of them."""
    if len(column) > 1 and column.strides[0] and column.min() == column.max():
        return np.broadcast_to(column[:1].copy()[0], column.shape)
    return column


def frozen(array: np.ndarray) -> np.ndarray:
    """The same array, read-only: what a graph holds never changes."""
    array.flags.writeable = False
    return array


def encoded(text: str) -> bytes:
    """A text in UTF-8.

    Raises:
        DataError: It holds half of a surrogate pair.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"expected Unicode text, found half of a surrogate pair in {text!r}; remove it") from error


def _damaged(error: UnicodeDecodeError) -> MismatchError:
    found = error.object[:40]
    return MismatchError(f"expected texts in UTF-8, found {found!r}: the saved graph is damaged; build it again")
