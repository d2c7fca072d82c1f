"""JSON-LD in expanded form, byte by byte: written as N-Quads, which the scanner reads.

    [{"@id": "http://x/a", "http://x/p": [{"@value": "é", "@language": "fr"}]}]
    ->  <http://x/a> <http://x/p> "é"@fr .

That form (a list of nodes, no context, nothing nested) is what programs write where they are not told otherwise. Of all
else this is not sure, and the file is read by a parser of JSON-LD, from its beginning. Sure are nodes whose first key
is `@id`, then `@type` and keys that are absolute IRIs; and values that are an `@id`, or a text with its language or
datatype. Terms are looked at by the scanner (`ragmtl.kg.parsing.lines`); pyoxigraph must take what that is not sure of.

Source: https://www.w3.org/TR/json-ld11/#expanded-document-form
"""

from __future__ import annotations

import numpy as np

from ragmtl.kg.compiled import compiled
from ragmtl.kg.jsonld.strings import (
    COLON,
    LOW_LINE,
    NONE,
    PADDING,
    QUOTE,
    Span,
    after_gap,
    name_end,
    put,
    put_name,
    tag_end,
    text,
)

START, _FIRST, _AFTER, _NEXT, END = range(5)
_COMMA, _OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST, _AT = 44, 123, 125, 91, 93, 64


def _word(content: bytes) -> np.ndarray:
    return np.frombuffer(content, np.uint8)


_ID, _TYPE, _VALUE, _LANGUAGE = _word(b'"@id"'), _word(b'"@type"'), _word(b'"@value"'), _word(b'"@language"')
_RDF_TYPE, _DATATYPE = _word(b"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "), _word(b"^^")
_STOP = _word(b" .\n")


@compiled
def transcribe(source: np.ndarray, target: np.ndarray, state: int) -> tuple[int, int, int]:
    """Write the nodes of a piece of a file as lines of N-Quads.

    Args:
        source: Bytes of the file, then `PADDING` zeros.
        target: Room for the lines; where it is full, nodes are left for the next call.
        state: Where in the file the piece begins: 0 at its start, else as given by the last call.

    Returns:
        How many bytes are done with (up to the end of a node), how many were written, and the state there; `END` after
        the end of the list, where only gaps may follow.
    """
    end, at, used = len(source) - PADDING, 0, 0
    while True:
        next_at = after_gap(source, at)
        here = source[next_at]
        if next_at >= end:
            return end, used, state
        if here == _OPEN and state in (_FIRST, _NEXT):
            next_at, written = _node(source, next_at, target, used)
            if next_at < 0:
                return at, used, state
            at, used, state = next_at, written, _AFTER
            continue
        if here == _OPEN_LIST and state == START:
            state = _FIRST
        elif here == _CLOSE_LIST and state in (_FIRST, _AFTER):
            state = END
        elif here == _COMMA and state == _AFTER:
            state = _NEXT
        else:
            return at, used, state
        at = next_at + 1


@compiled
def _node(source: np.ndarray, start: int, target: np.ndarray, used: int) -> tuple[int, int]:
    """Write all statements of the node that begins here; where it ends, or -1, and how much is written."""
    at = _after_key(source, after_gap(source, start + 1), _ID)
    subject = at + 1, name_end(source, at)
    at = subject[1]
    while at >= 0:
        at = after_gap(source, at + 1)
        if source[at] == _CLOSE:
            return at + 1, used
        if source[at] != _COMMA:
            break
        at = after_gap(source, at + 1)
        is_type, key = _matches(source, at, _TYPE), (0, 0)
        if is_type:
            at = _after_key(source, at, _TYPE)
        else:
            key = at + 1, name_end(source, at)
            at = _after_colon(source, key[1] + 1) if key[1] >= 0 and source[key[0]] != LOW_LINE else NONE
        if at < 0:
            break
        at, used = _values(source, at, target, used, subject, key)
    return NONE, used


@compiled
def _values(source: np.ndarray, at: int, target: np.ndarray, used: int, subject: Span, key: Span) -> tuple[int, int]:
    """Write a statement for each value; where the last byte of the values stands, or -1."""
    if source[at] != _OPEN_LIST:
        return _statement(source, at, target, used, subject, key)  # type: ignore[no-any-return]
    at = after_gap(source, at + 1)
    if source[at] == _CLOSE_LIST:
        return at, used
    while True:
        at, used = _statement(source, at, target, used, subject, key)
        if at < 0:
            return NONE, used
        at = after_gap(source, at + 1)
        if source[at] == _CLOSE_LIST:
            return at, used
        if source[at] != _COMMA:
            return NONE, used
        at = after_gap(source, at + 1)


@compiled
def _statement(source: np.ndarray, at: int, target: np.ndarray, used: int, subject: Span, key: Span) -> tuple[int, int]:
    """Write one statement; where the last byte of its value stands, or -1."""
    if len(target) - used < subject[1] - subject[0] + key[1] - key[0] + 4 * PADDING:
        return NONE, used
    used = put_name(source, subject, target, used)
    if key[1] == 0:
        used = put(_RDF_TYPE, target, used)
        name = at + 1, name_end(source, at)
        at, used = name[1], put_name(source, name, target, used)
    else:
        used = put_name(source, key, target, used)
        at, used = _value(source, at, target, used)
    if at < 0 or len(target) - used < PADDING:
        return NONE, used
    return at, put(_STOP, target, used)


@compiled
def _value(source: np.ndarray, at: int, target: np.ndarray, used: int) -> tuple[int, int]:
    """Write what stands after a key: a text, an object with an `@id`, or one with an `@value`."""
    if source[at] == QUOTE:
        return text(source, at, target, used)  # type: ignore[no-any-return]
    if source[at] != _OPEN:
        return NONE, used
    at = after_gap(source, at + 1)
    if not _matches(source, at, _ID):
        return _literal(source, at, target, used)  # type: ignore[no-any-return]
    at = _after_key(source, at, _ID)
    name = at + 1, name_end(source, at)
    if name[1] < 0:
        return NONE, used
    at = after_gap(source, name[1] + 1)
    return at if source[at] == _CLOSE else NONE, put_name(source, name, target, used)


@compiled
def _literal(source: np.ndarray, at: int, target: np.ndarray, used: int) -> tuple[int, int]:
    """Write the literal of an object whose first key begins here: `@value`, and perhaps one of the others."""
    has_text, language, datatype = False, (0, 0), (0, 0)
    while at >= 0:
        if _matches(source, at, _VALUE) and not has_text:
            at, used = text(source, _after_key(source, at, _VALUE), target, used)
            has_text = True
        elif _matches(source, at, _LANGUAGE) and language[1] == 0:
            at = _after_key(source, at, _LANGUAGE)
            language = at + 1, tag_end(source, at)
            at = language[1]
        elif _matches(source, at, _TYPE) and datatype[1] == 0:
            at = _after_key(source, at, _TYPE)
            datatype = at + 1, name_end(source, at)
            at = datatype[1] if source[datatype[0]] != LOW_LINE else NONE
        else:
            return NONE, used
        at = after_gap(source, at + 1) if at >= 0 else NONE
        if at < 0 or source[at] == _CLOSE:
            break
        at = after_gap(source, at + 1) if source[at] == _COMMA else NONE
    if at < 0 or not has_text:
        return NONE, used
    return _kind(source, at, target, used, language, datatype)  # type: ignore[no-any-return]


@compiled
def _kind(
    source: np.ndarray, at: int, target: np.ndarray, used: int, language: Span, datatype: Span
) -> tuple[int, int]:
    """Write the language or the datatype of a text, of which it may have one; -1 where it has both."""
    size = max(language[1] - language[0], datatype[1] - datatype[0])
    if language[1] and datatype[1] or len(target) - used < size + 2 * PADDING:
        return NONE, used
    if language[1]:
        target[used] = _AT
        used = put(source[language[0] : language[1]], target, used + 1)
    if datatype[1]:
        used = put_name(source, datatype, target, put(_DATATYPE, target, used))
    return at, used


@compiled
def _after_key(source: np.ndarray, at: int, key: np.ndarray) -> int:
    """Where the value of a key begins that stands here; -1 where another one does."""
    return int(_after_colon(source, at + len(key))) if _matches(source, at, key) else NONE


@compiled
def _after_colon(source: np.ndarray, at: int) -> int:
    at = after_gap(source, at)
    return int(after_gap(source, at + 1)) if source[at] == COLON else NONE


@compiled
def _matches(source: np.ndarray, at: int, word: np.ndarray) -> bool:
    for place in range(len(word)):  # noqa: SIM110 -- numba compiles no all(...)
        if source[at + place] != word[place]:
            return False
    return True
