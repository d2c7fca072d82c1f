"""Sorting in linear time, compiled: rows by columns of ids, and texts by their bytes.

Rows are put into order by one column after the other, the last one first, each by counting; equal rows stay as they
came. Texts are compared eight bytes at a time; those that are equal so far are compared by their next eight.

Sources: Bentley and Sedgewick, "Fast algorithms for sorting and searching strings", SODA 1997; Musser, "Introspective
sorting and selection algorithms", 1997.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int32, Integer, UInt8

from ragmtl.kg.compiled import compiled
from ragmtl.kg.encoding.memory import PADDING, copied, part, same, swapped, word
from ragmtl.kg.terms import Strings, fitting, frozen

_FEW = 12


def order_of(columns: Sequence[tuple[Integer[np.ndarray, " rows"], int]]) -> Int32[np.ndarray, " rows"]:
    """The order of rows by columns, the first column first; of each column also how many values it may have."""
    order = np.arange(len(columns[0][0]), dtype=np.int32)
    for column, count in reversed(columns):
        if count > 1:
            order = counted(order, np.ascontiguousarray(column, np.int32), np.zeros(count + 1, np.int64))
    return order


def order_of_texts(strings: Strings) -> Int32[np.ndarray, " texts"]:
    """The order of texts by their bytes, which is that of their characters."""
    order = np.arange(len(strings), dtype=np.int32)
    padded = _padded(strings.blob)
    sort_texts(padded.ctypes.data, strings.offsets.astype(np.int64, copy=False), order)
    return order


def differ(strings: Strings, order: Int32[np.ndarray, " texts"]) -> Bool[np.ndarray, " texts"]:
    """Which texts, in order, are not the same as the one before."""
    new = np.ones(len(order), np.bool_)
    padded = _padded(strings.blob)
    note_new(padded.ctypes.data, strings.offsets.astype(np.int64, copy=False), order, new)
    return new


def gathered(strings: Strings, order: Integer[np.ndarray, " chosen"]) -> Strings:
    """Some texts, in an order."""
    offsets = np.zeros(len(order) + 1, np.int64)
    np.cumsum(np.diff(strings.offsets)[order], out=offsets[1:])
    source, blob = _padded(strings.blob), np.empty(int(offsets[-1]) + PADDING, np.uint8)
    gather_texts(source.ctypes.data, strings.offsets.astype(np.int64, copy=False), order, blob.ctypes.data, offsets)
    return Strings(frozen(blob[:-PADDING]), frozen(offsets.astype(fitting(len(blob)))))


def _padded(blob: UInt8[np.ndarray, " bytes"]) -> np.ndarray:
    """The bytes with room after them, so that they can be read by words; the same array where it has room already."""
    base = blob.base
    if isinstance(base, np.ndarray) and base.ctypes.data == blob.ctypes.data and len(base) >= len(blob) + PADDING:
        return base
    return np.concatenate((blob, np.zeros(PADDING, np.uint8)))


@compiled
def counted(order: np.ndarray, column: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The order, put into that of one more column; `starts` is room for one more than its values, all 0."""
    for row in range(len(column)):
        starts[column[row] + 1] += 1
    for value in range(1, len(starts)):
        starts[value] += starts[value - 1]
    result = np.empty_like(order)
    for place in range(len(order)):
        value = column[order[place]]
        result[starts[value]] = order[place]
        starts[value] += 1
    return result


@compiled
def gather_texts(blob: int, offsets: np.ndarray, order: np.ndarray, target: int, places: np.ndarray) -> None:
    """Copy the texts chosen one after the other, from one address to another."""
    for at in range(len(order)):
        copied(blob + offsets[order[at]], blob + offsets[order[at] + 1], target + places[at])


@compiled
def _key(blob: int, offsets: np.ndarray, row: int, depth: int) -> np.uint64:
    """The eight bytes of a text after `depth` of them, as a number that compares like them; zeros after its end."""
    start, end = offsets[row] + depth, offsets[row + 1]
    if start >= end:
        return np.uint64(0)
    value = word(blob + start)
    return np.uint64(swapped(value if end - start >= 8 else part(value, end - start)))


@compiled
def _before(blob: int, offsets: np.ndarray, one: int, other: int, depth: int) -> bool:
    """Whether one text comes before another; both are the same in their first `depth` bytes."""
    length, size = np.int64(offsets[one + 1] - offsets[one]), np.int64(offsets[other + 1] - offsets[other])
    while depth < length and depth < size:
        left, right = _key(blob, offsets, one, depth), _key(blob, offsets, other, depth)
        if left != right:
            return bool(left < right)
        depth += 8
    return bool(length < size)


@compiled
def _sort_few(blob: int, offsets: np.ndarray, order: np.ndarray, low: int, high: int, depth: int) -> None:
    for place in range(low + 1, high):
        row, at = order[place], place
        while at > low and _before(blob, offsets, row, order[at - 1], depth):
            order[at] = order[at - 1]
            at -= 1
        order[at] = row


@compiled
def _sort_keys(keys: np.ndarray, order: np.ndarray, low: int, high: int) -> None:
    """Sort rows by their keys: quicksort, which merges what was made to be hard for it (introsort)."""
    stack = [(low, high, 2 * np.int64(np.log2(high - low)))]
    while len(stack) > 0:
        first, last, left = stack.pop()
        if left == 0:
            _merge_keys(keys, order, first, last)
            continue
        if last - first <= _FEW:
            for place in range(first + 1, last):
                key, row, at = keys[place], order[place], place
                while at > first and key < keys[at - 1]:
                    keys[at], order[at] = keys[at - 1], order[at - 1]
                    at -= 1
                keys[at], order[at] = key, row
            continue
        one, two, three = keys[first], keys[(first + last) // 2], keys[last - 1]
        pivot = max(min(one, two), min(max(one, two), three))
        less, place, more = first, first, last
        while place < more:
            if keys[place] < pivot:
                keys[place], keys[less] = keys[less], keys[place]
                order[place], order[less] = order[less], order[place]
                less, place = less + 1, place + 1
            elif keys[place] > pivot:
                more -= 1
                keys[place], keys[more] = keys[more], keys[place]
                order[place], order[more] = order[more], order[place]
            else:
                place += 1
        stack.append((first, less, left - 1))
        stack.append((more, last, left - 1))


@compiled
def _merge_keys(keys: np.ndarray, order: np.ndarray, first: int, last: int) -> None:
    """Sort rows by their keys in a number of steps that no keys can make large."""
    places = np.argsort(keys[first:last], kind="mergesort")
    keys[first:last], order[first:last] = keys[first:last][places], order[first:last][places]


@compiled
def _finished(offsets: np.ndarray, order: np.ndarray, low: int, high: int, depth: int) -> int:
    """Move the texts that end within `depth` bytes to the front, shorter ones first; gives where the others begin."""
    shortest = np.int64(offsets[order[low] + 1] - offsets[order[low]])
    for at in range(low, high):
        shortest = min(shortest, np.int64(offsets[order[at] + 1] - offsets[order[at]]))
    place = low
    for length in range(shortest, depth + 1):
        for at in range(place, high):
            row = order[at]
            if offsets[row + 1] - offsets[row] == length:
                order[at], order[place] = order[place], row
                place += 1
    return place


@compiled
def sort_texts(blob: int, offsets: np.ndarray, order: np.ndarray) -> None:
    """Sort rows by the bytes of their texts, which begin at an address and are followed by `PADDING` bytes."""
    keys = np.empty(len(order), np.uint64)
    stack = [(0, len(order), 0)]
    while len(stack) > 0:
        low, high, depth = stack.pop()
        if high - low <= _FEW:
            _sort_few(blob, offsets, order, low, high, depth)
            continue
        alike = True
        for place in range(low, high):
            keys[place] = _key(blob, offsets, order[place], depth)
            alike = alike and keys[place] == keys[low]
        if not alike:
            _sort_keys(keys, order, low, high)
        first = low
        for place in range(low + 1, high + 1):
            if place == high or keys[place] != keys[first]:
                if place - first > 1:
                    rest = _finished(offsets, order, first, place, depth + 8)
                    stack.append((rest, place, depth + 8))
                first = place


@compiled
def note_new(blob: int, offsets: np.ndarray, order: np.ndarray, new: np.ndarray) -> None:
    """Note which texts, in order, are not the same as the one before; they begin at an address, like above."""
    for at in range(1, len(order)):
        one, other = offsets[order[at - 1]], offsets[order[at]]
        length = offsets[order[at] + 1] - other
        if offsets[order[at - 1] + 1] - one == length:
            new[at] = not same(blob + one, blob + other, length)
