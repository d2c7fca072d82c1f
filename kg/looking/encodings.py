"""Texts that were read in another encoding than they were written in, found by their bytes, all at once.

    "cafÃ©" for "café"    "Ð\u00bfÑ€" for "пр"    "itâ€™s" for "it’s"    "M\u0081nchen" for "München"

UTF-8 that was taken for Latin-1 or Windows-1252 turns each letter into two or three signs: the first is one of Â to ï,
the others come from a small set. For Western letters and typographic marks one such group is enough; else two in a row
are asked for, as "CAFÉ®" is a good text. Signs from U+0080 to U+009F are controls that nobody writes.
"""

from __future__ import annotations

import re

import numpy as np

from ragmtl.kg.terms import Strings

_NEXT = rb"(?:\xc2[\x80-\xbf]|\xe2[\x80-\x84][\x80-\xbf]|[\xc5\xc6\xcb][\x80-\xbf])"
_GROUP = rb"(?:\xc3[\x82-\x9f]" + _NEXT + rb"|\xc3[\xa0-\xaf]" + _NEXT + _NEXT + rb")"
_MARKS = rb"\xc3\xa2(?:\xe2\x82\xac|\xe2\x80\x9a\xc2\xac)"  # quotation marks, dashes and €
_WESTERN = rb"\xc3\x83\xc2[\x80-\xbf]|\xc3\x82\xc2[\x80-\xbf]|\xc3\x83[\xc5\xc6\xcb\xe2]|" + _MARKS
_CONTROL = rb"\xc2[\x80-\x84\x86-\x9f]"
MISREAD = re.compile(b"|".join((_WESTERN, _GROUP + rb"{2}", _CONTROL)))
"""In the bytes of texts that were read in a wrong encoding."""
REPLACED = re.compile(rb"\xef\xbf\xbd")
"""The sign that stands for letters which could not be read."""


def matching(strings: Strings, pattern: re.Pattern[bytes]) -> list[int]:
    """The texts in which a pattern is found; all bytes are searched at once."""
    if not len(strings.blob):
        return []
    spans = np.array([match.span() for match in pattern.finditer(strings.blob.data)], np.int64).reshape(-1, 2)
    rows = np.searchsorted(strings.offsets, spans[:, 0], side="right") - 1
    ends = np.searchsorted(strings.offsets, spans[:, 1], side="left") - 1
    found = set(rows[rows == ends].tolist())
    for first, last in zip(rows[rows != ends].tolist(), ends[rows != ends].tolist(), strict=True):  # across texts
        found.update(row for row in range(first, last + 1) if pattern.search(strings.encoded(row)))
    return sorted(found)
