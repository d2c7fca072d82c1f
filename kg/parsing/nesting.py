"""How deep files nest, counted while the bytes pass: parsers that recurse crash or crawl on what nests too deep.

Brackets in JSON, elements in XML, triple terms (<< >>) in Turtle and its kin. Strings, tags, comments, CDATA,
instructions and IRIs are known, so that brackets in texts do not count. The bytes are UTF-8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from ragmtl.kg.compiled import compiled

DEPTHS = {"json-ld": 100, "xml": 5000, "turtle": 100}
"""How many levels a file may nest; "turtle" stands for all formats with triple terms."""

_FAR = 1 << 40
_TEXT, _OPEN, _CLOSE, _TAG, _END, _SINGLE, _DOUBLE, _MARK, _COMMENT, _CDATA, _INSTRUCTION, _FORBIDDEN = range(12)
_QUOTE, _SHORT, _SHORT_ESCAPED, _LONG, _LONG_ESCAPED, _ESCAPED = range(12, 18)


class Nesting:
    """The depth of one file.

    Args:
        name: The format, one of `DEPTHS`.
    """

    def __init__(self, name: str) -> None:
        self.limit = DEPTHS[name]
        self._count = {"json-ld": _json, "xml": _xml, "turtle": _turtle}[name]
        self._state = np.zeros(5, np.int64)

    @property
    def deepest(self) -> int:
        """The deepest level so far; beyond any limit after a declaration where XML allows none."""
        return int(self._state[1])

    def feed(self, content: bytes) -> bool:
        """Count further bytes; False once they nest deeper than the limit."""
        self._count(np.frombuffer(content, np.uint8), self._state)
        return self.deepest <= self.limit


@compiled
def _json(content: UInt8[np.ndarray, " bytes"], state: Int64[np.ndarray, " 5"]) -> Any:  # noqa: ANN401 -- None, to numba
    depth, deepest, within, escaped = state[0], state[1], state[2], state[3]
    for byte in content:
        if within:
            if escaped:
                escaped = 0
            elif byte == 92:  # backslash
                escaped = 1
            elif byte == 34:  # "
                within = 0
        elif byte == 34:
            within = 1
        elif byte in (91, 123):  # [ {
            depth += 1
            deepest = max(deepest, depth)
        elif byte in (93, 125):  # ] }
            depth -= 1
    state[0], state[1], state[2], state[3] = depth, deepest, within, escaped


@compiled
def _xml(content: UInt8[np.ndarray, " bytes"], state: Int64[np.ndarray, " 5"]) -> Any:  # noqa: ANN401, C901
    depth, deepest, at, before, seen = state[0], state[1], state[2], state[3], state[4]
    for byte in content:
        if at == _TEXT:
            if byte == 60:  # <
                at = _OPEN
        elif at == _OPEN:
            depth -= byte == 47  # /
            at = _MARK if byte == 33 else _INSTRUCTION if byte == 63 else _END if byte == 47 else _TAG  # ! ? /
            seen = 0
        elif at == _TAG:
            if byte == 62:  # >
                depth += before != 47
                deepest = max(deepest, depth)
                at = _TEXT
            else:
                at = _DOUBLE if byte == 34 else _SINGLE if byte == 39 else _TAG
        elif at in (_DOUBLE, _SINGLE):
            if byte == (34 if at == _DOUBLE else 39):
                at = _TAG
        elif at == _MARK:
            at = _COMMENT if byte == 45 else _CDATA if byte == 91 else _FORBIDDEN  # - [
        elif at == _END:
            at = _TEXT if byte == 62 else _END
        elif at == _FORBIDDEN:  # nothing else may be declared after the root begins
            deepest = _FAR
        elif byte == 62 and seen >= (1 if at == _INSTRUCTION else 2):  # ?> --> ]]>
            at = _TEXT
        else:
            seen = seen + 1 if byte == (63 if at == _INSTRUCTION else 45 if at == _COMMENT else 93) else 0
        before = byte
    state[0], state[1], state[2], state[3], state[4] = depth, deepest, at, before, seen


@compiled
def _turtle(content: UInt8[np.ndarray, " bytes"], state: Int64[np.ndarray, " 5"]) -> Any:  # noqa: ANN401, C901
    depth, deepest, at, quote, seen = state[0], state[1], state[2], state[3], state[4]
    for byte in content:
        if at in (_TEXT, _OPEN, _CLOSE):
            if at == _OPEN and byte == 60:  # <<
                depth += 1
                deepest = max(deepest, depth)
                at = _TEXT
            elif at == _CLOSE and byte == 62:  # >>
                depth -= 1
                at = _TEXT
            elif at == _OPEN and byte > 32 and byte != 34 and byte != 62:
                at = _TAG  # within an IRI
            elif byte == 34 or byte == 39:  # " '
                at, quote, seen = _QUOTE, byte, 1
            else:
                at = _COMMENT if byte == 35 else _ESCAPED if byte == 92 else _OPEN if byte == 60 else _TEXT
                at = _CLOSE if byte == 62 else at
        elif at == _TAG:
            if byte == 62 or byte <= 32 or byte == 34:
                at = _TEXT
        elif at == _COMMENT:
            at = _TEXT if byte == 10 or byte == 13 else _COMMENT
        elif at == _ESCAPED:
            at = _TEXT
        elif at == _QUOTE:  # one or two quotes so far: a short text, an empty one, or a long one
            if byte == quote:
                seen += 1
                at, seen = (_LONG, 0) if seen == 3 else (_QUOTE, seen)
            elif seen == 2:
                at = _COMMENT if byte == 35 else _OPEN if byte == 60 else _CLOSE if byte == 62 else _TEXT
            else:
                at = _SHORT_ESCAPED if byte == 92 else _SHORT
        elif at == _SHORT:
            if byte == quote or byte == 10 or byte == 13:
                at = _TEXT
            elif byte == 92:
                at = _SHORT_ESCAPED
        elif at == _SHORT_ESCAPED:
            at = _SHORT
        elif at == _LONG_ESCAPED:
            at = _LONG
        else:
            seen = seen + 1 if byte == quote else 0
            at = _TEXT if seen == 3 else _LONG_ESCAPED if byte == 92 else _LONG
    state[0], state[1], state[2], state[3], state[4] = depth, deepest, at, quote, seen
