"""Whether bytes are a term that every RDF parser takes; compiled, and strict: what is odd is not sure, not wrong."""

from __future__ import annotations

import numpy as np

from ragmtl.kg.compiled import compiled
from ragmtl.kg.encoding.memory import byte

_ALPHA, _DIGIT, _SCHEME, _LABEL, _HOST, _PATH, _HEX = 1, 2, 4, 8, 16, 32, 64


def _classes() -> np.ndarray:
    """What each ASCII character may be part of."""
    table = np.zeros(256, np.uint8)
    groups = {
        _ALPHA: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        _DIGIT: "0123456789",
        _HEX: "0123456789abcdefABCDEF",
    }
    letters = groups[_ALPHA] + groups[_DIGIT]
    groups |= {_SCHEME: letters + "+-.", _LABEL: letters + "_-.", _HOST: letters + "-._~"}
    groups |= {_PATH: letters + "-._~!$&'()*+,;=:@/"}
    for bit, members in groups.items():
        for member in members:
            table[ord(member)] |= bit
    return table


CLASSES = _classes()
_COLON, _SLASH, _PERCENT, _QUERY, _FRAGMENT = 58, 47, 37, 63, 35
_TAB, _RETURN, _AT, _CARET, _DASH = 9, 13, 64, 94, 45


@compiled
def is_iri(start: int, end: int) -> bool:
    """Whether this is an absolute IRI of plain characters."""
    place = _after_scheme(start, end)
    if place < 0:
        return False
    if end - place >= 2 and byte(place) == _SLASH and byte(place + 1) == _SLASH:
        place = _after_authority(place + 2, end)
        if place < 0:
            return False
    marks = 0
    while place < end:
        here = byte(place)
        if here in (_QUERY, _FRAGMENT):
            if here == _FRAGMENT and marks == _FRAGMENT:
                return False
            marks = max(marks, _FRAGMENT) if here == _FRAGMENT else marks
            place += 1
            continue
        length = _step(place, end)
        if length == 0:
            return False
        place += length
    return True


@compiled
def _step(place: int, end: int) -> int:
    """How many bytes the plain, escaped (%20) or foreign letter has that begins here; 0 for what no IRI holds."""
    here = byte(place)
    if CLASSES[here] & _PATH:
        return 1
    if here == _PERCENT:
        return 3 if end - place >= 3 and CLASSES[byte(place + 1)] & _HEX and CLASSES[byte(place + 2)] & _HEX else 0
    if here < 0xC2:
        return 0
    length, code = character(place, end)
    plain = 0xA0 <= code <= 0xD7FF or 0xF900 <= code <= 0xFDCF or 0xFDF0 <= code <= 0xFFEF
    return int(length) if plain else 0


@compiled
def _after_scheme(start: int, end: int) -> int:
    if start >= end or not CLASSES[byte(start)] & _ALPHA:
        return -1
    for place in range(start + 1, end):
        if byte(place) == _COLON:
            return place + 1
        if not CLASSES[byte(place)] & _SCHEME:
            return -1
    return -1


@compiled
def _after_authority(start: int, end: int) -> int:
    """Where the path begins; -1 for users, ports and hosts of other than letters, digits, dots and dashes."""
    place = start
    while place < end and CLASSES[byte(place)] & _HOST:
        place += 1
    if place < end and byte(place) == _COLON:
        place += 1
        first = place
        while place < end and CLASSES[byte(place)] & _DIGIT:
            place += 1
        if place - first > 4:
            return -1
    if place == end or byte(place) == _SLASH or byte(place) == _QUERY or byte(place) == _FRAGMENT:
        return place
    return -1


@compiled
def character(place: int, end: int) -> tuple[int, int]:
    """Length and code of the character of UTF-8 beyond ASCII that begins here; 1 and -1 where it is none."""
    first = byte(place)
    length = 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 0
    if length == 0 or end - place < length:
        return 1, -1
    code = first & (0x7F >> length)
    for at in range(place + 1, place + length):
        follower = byte(at)
        if follower & 0xC0 != 0x80:
            return 1, -1
        code = code << 6 | (follower & 0x3F)
    overlong = (length == 3 and code < 0x800) or (length == 4 and code < 0x10000)
    if overlong or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        return 1, -1
    return length, code


@compiled
def is_text(start: int, end: int) -> bool:
    """Whether this is UTF-8 without control characters, but tabs."""
    place = start
    while place < end:
        here = byte(place)
        if 0x20 <= here < 0x7F or here == _TAB:
            place += 1
        elif here < 0xC2:
            return False
        else:
            length, code = character(place, end)
            if code < 0xA0 or (code & 0xFFFE) == 0xFFFE:
                return False
            place += length
    return True


@compiled
def is_label(start: int, end: int) -> bool:
    """Whether this is the name of a blank node, in plain letters, without `_:`."""
    if start >= end or byte(start) == _DASH or byte(start) == 46 or byte(end - 1) == 46:
        return False
    for place in range(start, end):  # noqa: SIM110 -- numba compiles no all(...)
        if not CLASSES[byte(place)] & _LABEL:
            return False
    return True


@compiled
def is_suffix(start: int, end: int) -> bool:
    """Whether this is what may follow a text: nothing, a usual language tag, or a datatype."""
    if start == end:
        return True
    if byte(start) == _AT:
        return bool(_is_language(start + 1, end))
    if end - start > 9 and byte(end - 8) == 103 and byte(end - 7) == 83:  # …gString: it needs a language
        return False
    return bool(is_iri(start + 3, end - 1))


@compiled
def _is_language(start: int, end: int) -> bool:
    """A language of two or three letters, then perhaps a script of four, then perhaps a region of two."""
    place, length = start, 0
    while place < end and CLASSES[byte(place)] & _ALPHA:
        place += 1
    length = place - start
    if length < 2 or length > 3:
        return False
    if _subtag(place, end) == 4:
        place += 5
    if _subtag(place, end) == 2:
        place += 3
    return place == end


@compiled
def _subtag(start: int, end: int) -> int:
    """The length of the part of letters that begins here with a dash; 0 where there is none."""
    if start >= end or byte(start) != _DASH:
        return 0
    place = start + 1
    while place < end and CLASSES[byte(place)] & _ALPHA:
        place += 1
    return place - start - 1
