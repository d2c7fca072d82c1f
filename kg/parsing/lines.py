"""The grammar of N-Triples and N-Quads over bytes, compiled: what a line states, or that it is not sure.

Sure are lines that only hold what every RDF parser takes the same way: IRIs that are absolute and of plain characters,
blank nodes of plain letters, literals in UTF-8 with short escapes, usual language tags, spaces or tabs. All else, and
malformed lines above all, is somebody else's (`kg.parsing.scan`). A term is checked when it is met for the first time:
one that is known was checked before.

Source: https://www.w3.org/TR/n-triples/#n-triples-grammar; RFC 3986 for IRIs, RFC 3629 for UTF-8, BCP 47 for languages.
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np

from ragmtl.kg.compiled import compiled
from ragmtl.kg.encoding.intern import find, insert, intern
from ragmtl.kg.encoding.memory import (
    HIGHS,
    ONES,
    SEED,
    byte,
    hashed,
    lowest,
    mixed,
    number,
    part,
    same,
    set_number,
    word,
    zeros,
)
from ragmtl.kg.parsing.escapes import unescaped
from ragmtl.kg.parsing.valid import is_iri, is_label, is_suffix, is_text

Tables = namedtuple("Tables", ["nodes", "relations", "texts", "kinds", "graphs"])  # noqa: PYI024
Settings = namedtuple("Settings", ["file", "quads", "trusted"])  # noqa: PYI024
"""Mark of the blank nodes of the file; whether a graph may follow; whether terms need no check."""

_NEWLINES = ONES * np.uint64(ord("\n"))
_QUOTES = ONES * np.uint64(ord('"'))
_SLASHES = ONES * np.uint64(ord("\\"))
_CLOSING = ONES * np.uint64(ord(">"))
_SPACE, _TAB, _RETURN, _HASH, _DOT = 32, 9, 13, 35, 46
_QUOTE, _AT, _OPEN, _LOW_LINE, _COLON, _CARET, _DASH = 34, 64, 60, 95, 58, 94, 45
_NONE, _ESCAPED = -1, -2


@compiled
def line_end(start: int, end: int) -> tuple[int, bool]:
    """Where the line ends that begins at `start`, and whether it is all ASCII."""
    place, seen = start, np.uint64(0)
    while place < end:
        value = word(place)
        found = zeros(value ^ _NEWLINES)
        if found:
            length = lowest(found) >> 3
            seen |= part(value, length)
            return min(place + length, end), seen & HIGHS == 0
        seen |= value
        place += 8
    return end, seen & HIGHS == 0


@compiled
def iri_end(start: int, end: int) -> tuple[int, np.uint64]:
    """Where the IRI ends whose first character is at `start`, and its hash; -1 where it does not end."""
    place, state = start, SEED
    while place < end:
        value = word(place)
        found = zeros(value ^ _CLOSING)
        if found:
            length = lowest(found) >> 3
            return (place + length if place + length < end else _NONE), mixed(state, part(value, length))
        state = mixed(state, value)
        place += 8
    return _NONE, state


@compiled
def text_end(start: int, end: int) -> tuple[int, np.uint64]:
    """Where the text ends whose first character is at `start`, and its hash; -1 where it does not, -2 at an escape."""
    place, state = start, SEED
    while place < end:
        value = word(place)
        quote, slash = zeros(value ^ _QUOTES), zeros(value ^ _SLASHES)
        if quote | slash:
            at = lowest(quote)
            if lowest(slash) < at:
                return _ESCAPED, state
            length = at >> 3
            return (place + length if place + length < end else _NONE), mixed(state, part(value, length))
        state = mixed(state, value)
        place += 8
    return _NONE, state


@compiled
def spaces(start: int, end: int) -> int:
    """Where the spaces and tabs end that begin here."""
    place = start
    while place < end and (byte(place) == _SPACE or byte(place) == _TAB):
        place += 1
    return place


@compiled
def is_comment(start: int, end: int) -> bool:
    """Whether a line is nothing but a comment: a carriage return would end it, and begin another line."""
    if byte(start) != _HASH:
        return False
    place = start
    while place < end and byte(place) != _RETURN:
        place += 1
    return place == end


@compiled
def entity(start: int, end: int) -> tuple[int, int, np.uint64, int]:
    """Where the term of an IRI or blank node begins and ends, its hash, and where it is over; -1 for none."""
    if start < end and byte(start) == _OPEN:
        close, state = iri_end(start + 1, end)
        return start + 1, close, state, close + 1 if close >= 0 else _NONE
    if end - start < 3 or byte(start) != _LOW_LINE or byte(start + 1) != _COLON:
        return start, start, SEED, _NONE
    place = start
    while place < end and byte(place) != _SPACE and byte(place) != _TAB:
        place += 1
    return start, place, hashed(start, place), place


@compiled
def entered(table, term, settings):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The number of an IRI or blank node; -1 where it is new and not surely one."""
    start, end, state, _ = term
    blank = byte(start - 1) != _OPEN
    mark = settings.file if blank else 0
    row = find(table, start, end, state, mark)
    if row >= 0:
        return row
    if not settings.trusted and not (is_label(start + 2, end) if blank else is_iri(start, end)):
        return _NONE
    return insert(table, start, end, state, mark)


@compiled
def suffix_end(start: int, end: int) -> int:
    """Where the language or datatype ends that begins after a text; -1 where it does not end."""
    place = start
    if place < end and byte(place) == _AT:
        place += 1
        while place < end and byte(place) != _SPACE and byte(place) != _TAB and byte(place) != _DOT:
            place += 1
    elif end - place > 3 and byte(place) == _CARET:
        if byte(place + 1) != _CARET or byte(place + 2) != _OPEN:
            return _NONE
        return iri_end(place + 3, end)[0] + 1 or _NONE
    return place


@compiled
def literal(start, end, tables, scratch, settings):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """~ the number of the literal whose text begins here, and where it is over; -1 as the end where it is not sure."""
    close, state = text_end(start, end)
    size = 0
    if close == _ESCAPED:
        close, size = unescaped(start, end, scratch)
        state = hashed(scratch, scratch + size)
        plain = False
    else:
        plain = True
    over = suffix_end(close + 1, end) if close >= 0 else _NONE
    if over < 0:
        return 0, _NONE
    kinds, first = tables.kinds, close + 1
    tag = hashed(first, over)
    kind = find(kinds, first, over, tag, 0)
    if kind < 0:
        if not settings.trusted and not is_suffix(first, over):
            return 0, _NONE
        kind = insert(kinds, first, over, tag, 0)
    row = find(tables.texts, start, close, state, kind) if plain else _NONE
    if row < 0:
        if not settings.trusted and not is_text(start, close):
            return 0, _NONE
        if plain:
            row = insert(tables.texts, start, close, state, kind)
        else:
            row = intern(tables.texts, scratch, scratch + size, state, kind)
    return ~row, over


@compiled
def rest(start, end, tables, settings):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The number of the graph named after the object, 0 for none; -1 where the statement does not end well."""
    place, graph = spaces(start, end), 0
    if settings.quads and place < end and byte(place) != _DOT:
        term = entity(place, end)
        if term[3] < 0:
            return _NONE
        graph = entered(tables.graphs, term, settings) + 1
        place = spaces(term[3], end)
        if graph == 0:
            return _NONE
    if place >= end or byte(place) != _DOT or spaces(place + 1, end) != end:
        return _NONE
    return graph


@compiled
def statement(start, end, tables, scratch, settings, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Head, relation, tail and graph of the line from `start` to `end`; a head of -1 where it is not sure.

    `last` holds the subject of the line before, which is often the same: where it began, its length, its number.
    """
    size = number(last + 8)
    if size > 0 and end - start > size and byte(start + size) == _SPACE and same(number(last), start, size):
        head, place = number(last + 16), start + size
    else:
        term = entity(start, end)
        place = term[3]
        head = entered(tables.nodes, term, settings) if place >= 0 else _NONE
    if head < 0:
        return _NONE, 0, 0, 0
    set_number(last, start)
    set_number(last + 8, place - start)
    set_number(last + 16, head)
    place = spaces(place, end)
    term = entity(place, end)
    if term[3] < 0 or byte(place) != _OPEN:
        return _NONE, 0, 0, 0
    relation = entered(tables.relations, term, settings)
    place = spaces(term[3], end)
    if relation < 0 or place >= end:
        return _NONE, 0, 0, 0
    if byte(place) == _QUOTE:
        tail, place = literal(place + 1, end, tables, scratch, settings)
    else:
        term = entity(place, end)
        place = term[3]
        tail = entered(tables.nodes, term, settings) if place >= 0 else _NONE
        if tail < 0:
            return _NONE, 0, 0, 0
    graph = rest(place, end, tables, settings) if place >= 0 else _NONE
    return (head if graph >= 0 else _NONE), relation, tail, max(graph, 0)


@compiled
def scan(start, end, tables, rows, unsure, scratch, settings):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Read the lines of a block; gives how many statements, unsure lines and lines there were.

    Args:
        start: Where the lines begin; there is a byte before them.
        end: Where they end, with `PADDING` bytes after them.
        tables: Where terms are entered; with room for two for each line, and for as many bytes as the block has.
        rows: Becomes the statements: head, relation, tail (~ the number of a literal), graph (0 for none), line.
        unsure: Becomes the lines that are not sure: where each begins and ends, and its number in the block.
        scratch: Address of room for the text of the longest literal.
        settings: The mark of blank nodes, whether graphs may be named, and whether terms need no check.
    """
    place, row, odd, line = start, 0, 0, 0
    last = np.zeros(3, np.int64)
    while place < end:
        stop, ascii_only = line_end(place, end)
        close = stop - 1 if stop > place and byte(stop - 1) == _RETURN else stop
        first = spaces(place, close)
        if first < close and not (ascii_only and is_comment(first, close)):
            head, relation, tail, graph = statement(first, close, tables, scratch, settings, last.ctypes.data)
            if head >= 0:
                rows[row, 0], rows[row, 1], rows[row, 2], rows[row, 3], rows[row, 4] = head, relation, tail, graph, line
                row += 1
            else:
                unsure[odd, 0], unsure[odd, 1], unsure[odd, 2] = place, stop, line
                odd += 1
        place, line = stop + 1, line + 1
    return row, odd, line
