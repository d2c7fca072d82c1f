r"""Short escapes in literals (\n, \", \u00E9), compiled."""

from __future__ import annotations

import numpy as np

from ragmtl.kg.compiled import compiled
from ragmtl.kg.encoding.memory import byte, set_byte


def _short() -> np.ndarray:
    """What the letter after a backslash stands for; 0 for none."""
    table = np.zeros(256, np.uint8)
    for letter, meaning in zip("tbnrf\"'\\", "\t\b\n\r\f\"'\\", strict=True):
        table[ord(letter)] = ord(meaning)
    return table


_SHORT = _short()
_QUOTE, _SLASH, _SMALL, _LARGE = 34, 92, 117, 85


@compiled
def unescaped(start: int, end: int, target: int) -> tuple[int, int]:
    """Write a text up to its closing quote, without escapes; gives where it ends, and how many bytes were written.

    The end is -1 where the text does not end, or has an escape that is none.
    """
    place, written = start, target
    while place < end:
        here = byte(place)
        if here == _QUOTE:
            return place, written - target
        if here != _SLASH:
            set_byte(written, here)
            place, written = place + 1, written + 1
            continue
        letter = byte(place + 1)
        if letter in (_SMALL, _LARGE):
            digits = 4 if letter == _SMALL else 8
            code = _code(place + 2, min(place + 2 + digits, end), digits)
            if code < 0:
                return -1, 0
            written, place = _write(written, code), place + 2 + digits
        elif _SHORT[letter]:
            set_byte(written, np.int64(_SHORT[letter]))
            place, written = place + 2, written + 1
        else:
            return -1, 0
    return -1, 0


@compiled
def _code(start: int, end: int, digits: int) -> int:
    """The character that hexadecimal digits stand for; -1 for none."""
    if end - start < digits:
        return -1
    code = 0
    for place in range(start, end):
        here = byte(place)
        if 48 <= here <= 57:
            code = code * 16 + here - 48
        elif 65 <= here & 0xDF <= 70:
            code = code * 16 + (here & 0xDF) - 55
        else:
            return -1
    return -1 if 0xD800 <= code < 0xE000 or code > 0x10FFFF else code


@compiled
def _write(target: int, code: int) -> int:
    """Write a character in UTF-8; gives the address after it."""
    if code < 0x80:
        set_byte(target, code)
        return target + 1
    length = 2 if code < 0x800 else 3 if code < 0x10000 else 4
    for at in range(target + length - 1, target, -1):
        set_byte(at, 0x80 | (code & 0x3F))
        code >>= 6
    set_byte(target, ((0xF00 >> length) & 0xFF) | code)
    return target + length
