from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.compiled import compiled
from ragmtl.kg.encoding import memory
from ragmtl.kg.encoding.memory import PADDING, copied, hashed, part, same, zeros


@compiled
def read(address: int) -> tuple[Any, Any, Any, Any]:
    return memory.word(address), memory.number(address), memory.half(address), memory.byte(address)


@compiled
def write(address: int, value: int) -> None:
    memory.set_number(address, value)
    memory.set_half(address + 8, value)
    memory.set_byte(address + 12, value)


@compiled
def turned(value: np.uint64) -> tuple[Any, Any]:
    return memory.swapped(value), memory.lowest(value)


def held(content: bytes) -> np.ndarray:
    return np.frombuffer(content + bytes(PADDING), np.uint8).copy()


@settings(deadline=None)
@given(st.binary(min_size=8, max_size=24), st.data())
def test_memory_is_read_at_any_address(content: bytes, data: st.DataObject) -> None:
    array, at = held(content), data.draw(st.integers(0, len(content) - 8))
    eight = content[at : at + 8]
    word, number, half, byte = read(array.ctypes.data + at)
    assert sys.byteorder == "little"
    assert int(word) == int.from_bytes(eight, "little")
    assert int(number) == int.from_bytes(eight, "little", signed=True)
    assert (int(half), int(byte)) == (int.from_bytes(eight[:4], "little"), eight[0])


@given(st.integers(-(2**63), 2**63 - 1))
def test_memory_is_written_and_nothing_beside_it(value: int) -> None:
    array = np.full(14, 0xAA, np.uint8)
    write(array.ctypes.data, value)
    eight = value.to_bytes(8, "little", signed=True)
    assert array.tobytes() == eight + eight[:4] + eight[:1] + b"\xaa"


@given(st.integers(0, 2**64 - 1))
def test_words_are_turned_and_cut(value: int) -> None:
    other, lowest = turned(np.uint64(value))
    assert int(other) == int.from_bytes(value.to_bytes(8, "little"), "big")
    assert lowest == ((value & -value).bit_length() - 1 if value else 64)
    assert [int(part(np.uint64(value), count)) for count in range(8)] == [value % 256**count for count in range(8)]
    marked = int(zeros(np.uint64(value)))
    first = next((place for place, one in enumerate(value.to_bytes(8, "little")) if one == 0), None)
    assert (marked & -marked) == (0 if first is None else 0x80 << 8 * first)


@settings(deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_texts_are_the_same_where_their_bytes_are(one: bytes, other: bytes) -> None:
    left, right = held(one), held(other)
    length = min(len(one), len(other))
    assert same(left.ctypes.data, right.ctypes.data, length) == (one[:length] == other[:length])
    ask: Callable[[np.ndarray, int], int] = lambda array, size: int(hashed(array.ctypes.data, array.ctypes.data + size))  # noqa: E731
    assert ask(left, len(one)) == ask(held(one + b"?"), len(one))  # what stands after the end does not count
    if one != other and len(one) == len(other):
        assert ask(left, len(one)) != ask(right, len(other))


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_bytes_are_copied_and_at_most_seven_more(content: bytes) -> None:
    array, target = held(content), np.full(len(content) + 16, 0xAA, np.uint8)
    end = copied(array.ctypes.data, array.ctypes.data + len(content), target.ctypes.data)
    assert end - target.ctypes.data == len(content)
    assert target[: len(content)].tobytes() == content
    assert (target[len(content) + 7 :] == 0xAA).all()
