"""What compiled loops share: how they are compiled, and memory by address, eight bytes at a time.

Arrays that are handed from one compiled function to the next are counted, which costs more than what these loops do; so
they are given the addresses of arrays instead, and whoever calls them keeps the arrays. A word is eight bytes as one
integer, the first byte in its lowest bits (as every processor that numba compiles for has it). Words may begin
anywhere, so bytes that are read by words need `PADDING` more after their end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from ragmtl.kg.compiled import compiled

PADDING = 8
"""Bytes that must follow the last one where memory is read by words."""

ONES = np.uint64(0x0101010101010101)
HIGHS = np.uint64(0x8080808080808080)
SEED = np.uint64(0x243F6A8885A308D3)


def _loader(bits: int, result: types.Integer) -> Callable[..., Any]:
    def load(typing: Any, address: Any) -> Any:  # noqa: ANN401, ARG001 -- numba's own types
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:  # noqa: ANN401, ARG001
            value = builder.load(builder.inttoptr(given[0], ir.IntType(bits).as_pointer()), align=1)
            return value if bits == 64 else builder.zext(value, ir.IntType(64))

        return result(types.int64), generate

    return load


def _storer(bits: int) -> Callable[..., Any]:
    def store(typing: Any, address: Any, value: Any) -> Any:  # noqa: ANN401, ARG001
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:  # noqa: ANN401, ARG001
            value = given[1] if bits == 64 else builder.trunc(given[1], ir.IntType(bits))
            builder.store(value, builder.inttoptr(given[0], ir.IntType(bits).as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), generate

    return store


def _lowest(typing: Any, word: Any) -> Any:  # noqa: ANN401, ARG001
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:  # noqa: ANN401, ARG001
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


def _swapped(typing: Any, word: Any) -> Any:  # noqa: ANN401, ARG001
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:  # noqa: ANN401, ARG001
        return builder.bswap(given[0])

    return types.uint64(types.uint64), generate


word: Callable[[Any], Any] = intrinsic(_loader(64, types.uint64))
"""`word(address)`: eight bytes."""
number: Callable[[Any], Any] = intrinsic(_loader(64, types.int64))
"""`number(address)`: an int64."""
half: Callable[[Any], Any] = intrinsic(_loader(32, types.int64))
"""`half(address)`: an uint32."""
byte: Callable[[Any], Any] = intrinsic(_loader(8, types.int64))
"""`byte(address)`: an uint8."""
set_number: Callable[[int, Any], None] = intrinsic(_storer(64))
set_half: Callable[[int, Any], None] = intrinsic(_storer(32))
set_byte: Callable[[int, Any], None] = intrinsic(_storer(8))
lowest: Callable[[Any], Any] = intrinsic(_lowest)  # type: ignore[assignment]
"""`lowest(word)`: the place of the lowest bit that is set; 64 where none is."""
swapped: Callable[[Any], Any] = intrinsic(_swapped)  # type: ignore[assignment]
"""`swapped(word)`: the bytes the other way round, so that words compare like texts."""


@compiled
def part(value: np.uint64, count: int) -> np.uint64:
    """The first `count` bytes of a word, 0 to 7; the others become zero."""
    return value & ((np.uint64(1) << np.uint64(8 * count)) - np.uint64(1))


@compiled
def zeros(value: np.uint64) -> np.uint64:
    """A word whose lowest bit marks the first zero byte of a word; zero where there is none."""
    return (value - ONES) & ~value & HIGHS


@compiled
def mixed(state: np.uint64, value: np.uint64) -> np.uint64:
    """One more word of a text put into its hash."""
    product = (state ^ value) * np.uint64(0x9E3779B97F4A7C15)
    return product ^ (product >> np.uint64(32))


@compiled
def hashed(start: int, end: int) -> np.uint64:
    """The hash of some bytes."""
    state, place = SEED, start
    while end - place >= 8:
        state = mixed(state, word(place))
        place += 8
    return np.uint64(mixed(state, part(word(place), end - place)))


@compiled
def same(one: int, other: int, length: int) -> bool:
    """Whether `length` bytes are the same at two addresses."""
    done = 0
    while length - done >= 8:
        if word(one + done) != word(other + done):
            return False
        done += 8
    return bool(part(word(one + done) ^ word(other + done), length - done) == 0)


@compiled
def copied(start: int, end: int, target: int) -> int:
    """Copy bytes to an address, and up to seven more; gives the address after those copied."""
    place = start
    while place < end:
        set_number(target, number(place))
        target, place = target + 8, place + 8
    return target - (place - end)
