"""Distinct terms as numbers, without one Python object per term.

Terms are bytes, one after the other, with a mark each (file of a blank node, kind of a literal); a term is found again
through a table with open addressing. A slot holds the lower half of the term's hash above its number plus one.
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from jaxtyping import Int32

from ragmtl.errors import DataError
from ragmtl.kg.compiled import compiled
from ragmtl.kg.encoding.memory import PADDING, copied, half, hashed, number, same, set_half, set_number, word
from ragmtl.kg.terms import Strings, frozen

Table = namedtuple("Table", ["slots", "mask", "blob", "ends", "marks", "size"])  # noqa: PYI024 -- numba knows this kind
"""What compiled loops see: addresses of the slots (and their number less one), of the bytes of all terms, of where each
term ends (after a zero), of the marks, and of how many terms there are (and how many steps long searches took)."""

_LOW = np.uint64(0xFFFFFFFF)
_LONG, _MOST_STEPS = 4_096, 1_000_000_000
"""A search is long from so many steps on, which chance never makes; and how many steps such ones may take, seconds."""


class Interned:
    """Distinct terms in the order in which they came; grows by itself, but only when asked (`reserve`)."""

    def __init__(self) -> None:
        self.slots = np.zeros(1 << 10, np.uint64)
        self.blob = np.zeros(1 << 12, np.uint8)
        self.ends = np.zeros(1 << 9, np.int64)
        self.marks = np.zeros(1 << 9, np.int32)
        self.size = np.zeros(2, np.int64)

    def __len__(self) -> int:
        return int(self.size[0])

    @property
    def table(self) -> Table:
        """The arrays, for compiled loops."""
        arrays = (self.blob, self.ends, self.marks, self.size)
        return Table(self.slots.ctypes.data, len(self.slots) - 1, *(array.ctypes.data for array in arrays))

    def reserve(self, terms: int, size: int) -> None:
        """Make room for so many more terms that take so many bytes together.

        Raises:
            DataError: The terms so far were chosen to have equal hashes, so that each is searched among all others.
        """
        if self.size[1] > _MOST_STEPS:
            raise DataError(
                "expected terms as they come, found many made to be hard to tell apart; leave this file out"
            )
        count = len(self)
        _grow(self.ends, count + terms + 1)
        _grow(self.marks, count + terms)
        _grow(self.blob, int(self.ends[count]) + size + PADDING)
        wanted = 2 * (count + terms)
        if wanted > len(self.slots):
            slots = np.zeros(1 << wanted.bit_length(), np.uint64)
            rehash(self.slots, slots)
            self.slots = slots

    def add(self, term: bytes, mark: int = 0) -> int:
        """The number of a term, which is a new one where the term is new."""
        self.reserve(1, len(term))
        given = np.frombuffer(term + bytes(PADDING), np.uint8)
        start = given.ctypes.data
        return int(intern_one(self.table, start, start + len(term), mark))

    def add_all(self, other: Interned) -> Int32[np.ndarray, " terms"]:
        """The numbers here of all terms of another collection."""
        count = len(other)
        self.reserve(count, int(other.ends[count]))
        numbers = np.empty(count, np.int32)
        merge(self.table, other.table, numbers)
        return numbers

    def copy(self) -> Interned:
        """Another one with the same terms."""
        other = Interned()
        other.slots, other.blob, other.ends = self.slots.copy(), self.blob.copy(), self.ends.copy()
        other.marks, other.size = self.marks.copy(), self.size.copy()
        return other

    def release(self) -> None:
        """Give back what is needed to find terms only; no more can be added."""
        self.slots = np.zeros(0, np.uint64)

    def add_strings(self, strings: Strings, marks: Int32[np.ndarray, " terms"]) -> Int32[np.ndarray, " terms"]:
        """The numbers of texts that are packed already."""
        other = Interned()
        other.blob = np.concatenate((strings.blob, np.zeros(PADDING, np.uint8)))
        other.ends, other.marks, other.size = strings.offsets.astype(np.int64), marks, np.array([len(strings), 0])
        return self.add_all(other)

    def strings(self) -> Strings:
        """All terms, in the order of their numbers; shares memory with this collection."""
        return Strings(frozen(self.blob[: self.ends[len(self)]]), frozen(self.ends[: len(self) + 1]))

    def __getitem__(self, number: int) -> bytes:
        return self.blob[self.ends[number] : self.ends[number + 1]].tobytes()


def _grow(array: np.ndarray, length: int) -> None:
    """Make an array longer in place, by an eighth at least, so that growing stays cheap and leaves little unused."""
    if length > len(array):
        array.resize(max(length, len(array) + len(array) // 8), refcheck=False)


@compiled
def find(table, start, end, state, mark):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The number of a term, or -1 where it is new."""
    tag = state & _LOW
    place = first_place = np.int64(tag) & table.mask
    length, found = end - start, np.int64(-1)
    while True:
        slot = word(table.slots + 8 * place)
        if slot == 0:
            break
        if slot >> np.uint64(32) == tag:
            row = np.int64(slot & _LOW) - 1
            first = number(table.ends + 8 * row)
            fits = number(table.ends + 8 * row + 8) - first == length and half(table.marks + 4 * row) == mark
            if fits and same(table.blob + first, start, length):
                found = row
                break
        place = (place + 1) & table.mask
    steps = (place - first_place) & table.mask
    if steps >= _LONG:
        set_number(table.size + 8, number(table.size + 8) + steps)
    return found


@compiled
def insert(table, start, end, state, mark):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The number of a term that is known to be new; there is room."""
    tag = state & _LOW
    place = np.int64(tag) & table.mask
    while word(table.slots + 8 * place) != 0:
        place = (place + 1) & table.mask
    row = number(table.size)
    first = number(table.ends + 8 * row)
    set_number(table.slots + 8 * place, np.int64((tag << np.uint64(32)) | np.uint64(row + 1)))
    copied(start, end, table.blob + first)
    set_number(table.ends + 8 * row + 8, first + end - start)
    set_half(table.marks + 4 * row, mark)
    set_number(table.size, row + 1)
    return row


@compiled
def intern(table, start, end, state, mark):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The number of a term, known or new; there is room."""
    row = find(table, start, end, state, mark)
    return row if row >= 0 else insert(table, start, end, state, mark)


@compiled
def intern_one(table, start, end, mark):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The number of a term that nobody has hashed yet; there is room."""
    return intern(table, start, end, hashed(start, end), mark)


@compiled
def merge(table, other, numbers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Put all terms of another table into this one; `numbers` becomes their numbers here."""
    for row in range(number(other.size)):
        start, end = other.blob + number(other.ends + 8 * row), other.blob + number(other.ends + 8 * row + 8)
        numbers[row] = intern(table, start, end, hashed(start, end), half(other.marks + 4 * row))


@compiled
def rehash(old: np.ndarray, new: np.ndarray) -> None:
    """Put what a table of slots holds into a larger one."""
    mask = len(new) - 1
    for slot in old:
        if slot != 0:
            place = np.int64(slot >> np.uint64(32)) & mask
            while new[place] != 0:
                place = (place + 1) & mask
            new[place] = slot
