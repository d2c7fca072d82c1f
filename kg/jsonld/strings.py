r"""Strings of JSON as terms of N-Quads, compiled: each is written, or looked through, from the quote where it begins.

    "\u00e9\/"  ->  "é/"        "http://x/a"  ->  <http://x/a>        "_:b"  ->  _:b

What is not surely such a term gives -1 as the place where it ends. Terms are looked at once more by the scanner; here
they must only be told from what stands around them.
"""

from __future__ import annotations

import numpy as np

from ragmtl.kg.compiled import compiled

Span = tuple[int, int]
"""Where something begins in the file, and where it ends."""

PADDING = 16
"""How many zeros stand after the bytes of a file."""

QUOTE, COLON, LOW_LINE, NONE = 34, 58, 95, -1
_SLASH, _BACKSLASH, _AT, _U = 47, 92, 64, 117
_NAME, _LABEL, _SHORT, _GAP, _TAG = 1, 2, 4, 8, 16


def _classes() -> np.ndarray:
    """What each byte may be part of: a name (an IRI), the label of a blank node, a short escape, a gap, a language."""
    table = np.zeros(256, np.uint8)
    table[33:127] = _NAME
    table[128:] = _NAME
    letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    table[list(b'<>"{}|^`\\')] = 0
    for bit, members in ((_LABEL, letters + b"_-"), (_SHORT, b'"\\bfnrt'), (_GAP, b" \t\r\n"), (_TAG, letters + b"-")):
        table[list(members)] |= bit
    return table


_CLASSES = _classes()


@compiled
def text(source: np.ndarray, at: int, target: np.ndarray, used: int) -> tuple[int, int]:
    """Write a string as a text in quotes; where its last quote stands, or -1."""
    limit = len(target) - 2 * PADDING
    if at < 0 or source[at] != QUOTE or used >= limit:
        return NONE, used
    target[used] = QUOTE
    at, used = at + 1, used + 1
    while used < limit:
        here = source[at]
        if here == _BACKSLASH:
            at, used = _escape(source, at, target, used)
            if at < 0:
                break
        elif here < 32:
            break
        else:
            target[used] = here
            used += 1
            if here == QUOTE:
                return at, used
            at += 1
    return NONE, used


@compiled
def _escape(source: np.ndarray, at: int, target: np.ndarray, used: int) -> tuple[int, int]:
    """Write one escape of JSON as N-Quads has it; where it is over, or -1."""
    here = source[at + 1]
    if _CLASSES[here] & _SHORT:
        target[used], target[used + 1] = _BACKSLASH, here
        return at + 2, used + 2
    if here == _SLASH:
        target[used] = _SLASH
        return at + 2, used + 1
    code = _code(source, at)
    if code < 0 or 0xDC00 <= code < 0xE000:
        return NONE, used
    if code < 0x80:  # a control character, or one that has a meaning in N-Quads
        for place in range(6):
            target[used + place] = source[at + place]
        return at + 6, used + 6
    at += 6
    if code >= 0xD800 and code < 0xE000:
        low = _code(source, at)
        if low < 0xDC00 or low >= 0xE000:
            return NONE, used
        code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
        at += 6
    return at, _put_character(code, target, used)


@compiled
def _code(source: np.ndarray, at: int) -> int:
    """The number of an escape of four digits that begins here; -1 where none does."""
    if source[at] != _BACKSLASH or source[at + 1] != _U:
        return NONE
    code = 0
    for place in range(at + 2, at + 6):
        digit = int(np.int64(source[place])) | 32
        if 48 <= digit <= 57 and source[place] >= 48:
            code = code * 16 + digit - 48
        elif 97 <= digit <= 102:
            code = code * 16 + digit - 87
        else:
            return NONE
    return code


@compiled
def _put_character(code: int, target: np.ndarray, used: int) -> int:
    """Write a character beyond ASCII in UTF-8."""
    length = 2 if code < 0x800 else 3 if code < 0x10000 else 4
    for place in range(length - 1, 0, -1):
        target[used + place] = 0x80 | (code & 0x3F)
        code >>= 6
    target[used] = (0xF00 >> length) & 0xFF | code
    return used + length


@compiled
def put(content: np.ndarray, target: np.ndarray, used: int) -> int:
    """Write bytes, for which there must be room."""
    for place in range(len(content)):
        target[used + place] = content[place]
    return used + len(content)


@compiled
def put_name(source: np.ndarray, name: Span, target: np.ndarray, used: int) -> int:
    """Write an IRI or blank node, and a space; nothing where there is no room."""
    first, last = name
    if last < 0 or len(target) - used < last - first + PADDING:
        return len(target)
    is_blank = source[first] == LOW_LINE
    if not is_blank:
        target[used] = 60
        used += 1
    used = put(source[first:last], target, used)
    if not is_blank:
        target[used] = 62
        used += 1
    target[used] = 32
    return used + 1


@compiled
def name_end(source: np.ndarray, at: int) -> int:
    """Where the string that begins here ends, if it is an IRI with a scheme or a blank node; else -1."""
    if at < 0 or source[at] != QUOTE:
        return NONE
    first = at = at + 1
    is_blank = source[at] == LOW_LINE
    if is_blank:
        at += 2
    has_colon, kind = source[first + 1] == COLON if is_blank else False, _LABEL if is_blank else _NAME
    while _CLASSES[source[at]] & kind:
        has_colon |= source[at] == COLON
        at += 1
    return at if source[at] == QUOTE and has_colon and source[first] != _AT else NONE


@compiled
def tag_end(source: np.ndarray, at: int) -> int:
    """Where the string that begins here ends, if it looks like a language; else -1."""
    if at < 0 or source[at] != QUOTE:
        return NONE
    first = at = at + 1
    while _CLASSES[source[at]] & _TAG:
        at += 1
    return at if source[at] == QUOTE and at > first else NONE


@compiled
def after_gap(source: np.ndarray, at: int) -> int:
    """Where the spaces and ends of lines are over that begin here."""
    while _CLASSES[source[at]] & _GAP:
        at += 1
    return at
