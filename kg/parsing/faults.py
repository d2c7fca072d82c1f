"""What is wrong with a file that pyoxigraph refuses: line, column, excerpt, advice."""

from __future__ import annotations

import re
from itertools import islice

from ragmtl.errors import DataError
from ragmtl.kg.parsing import rdflib_reader
from ragmtl.kg.parsing.files import not_utf8, read_text
from ragmtl.kg.parsing.guard import guarded, parse_json
from ragmtl.kg.parsing.ntriples import clip
from ragmtl.kg.parsing.reading import Reading, Unheard, relative
from ragmtl.kg.parsing.sniff import TITLES, malformed

_PLACE = re.compile(r"^Parser error (?:at|between) line .*?: ")


def fault(reading: Reading, name: str, error: SyntaxError) -> DataError:
    """A `DataError` with line, column, excerpt and advice from the parser's own error.

    Args:
        reading: The file that was being read.
        name: Its format.
        error: What pyoxigraph raised.
    """
    reason = _PLACE.sub("", error.args[0])
    line, column = error.lineno, error.offset
    if name == "json-ld" and line is None:
        parse_json(read_text(reading.path, reading.options.ratio), reading.path)  # names a remote context, and its line
    if line is None and name == "xml":
        line = _line_in_xml(reading)
    if (found := re.match(r"error while parsing IRI '(.*)': No scheme", reason)) is not None:
        return DataError(relative(found[1]), reading.path, line or line_of(reading, name, found[1]))
    excerpt = "" if line is None else _excerpt(reading, name, line, column or 1)
    if reason.startswith("No scheme found"):
        iri = excerpt.removeprefix("<").split(">")[0]
        return DataError(f"column {column}: {relative(iri)}", reading.path, line)
    if "UTF-8" in reason and line is not None:
        return not_utf8(reading.path, line, _undecodable(reading, name, line))
    found_there = f", found {clip(excerpt)}" if excerpt else ""
    return malformed(f"expected {TITLES[name]}: {reason}{found_there}", reading.path, name, line, column)


def line_of(reading: Reading, name: str, text: str) -> int | None:
    """The first line with an IRI or language tag; None where it is nowhere written out."""
    wanted = re.compile(rb"[\"'<@]" + re.escape(text.encode()) + rb"(?:[^\w-]|$)")
    with guarded(reading.path, name, reading.options.ratio, new_terms=True) as file:
        return next((number for number, line in enumerate(file, 1) if wanted.search(line)), None)


def _excerpt(reading: Reading, name: str, line: int, column: int) -> str:
    text = _line(reading, name, line).decode("utf-8", "replace")
    return text[max(column - 1, 0) :].rstrip("\r\n")


def _undecodable(reading: Reading, name: str, line: int) -> bytes:
    content = _line(reading, name, line)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return content[error.start : error.start + 1]
    return b""


def _line(reading: Reading, name: str, line: int) -> bytes:
    with guarded(reading.path, name, reading.options.ratio, new_terms=True) as file:
        return next(islice(file, line - 1, None), b"")


def _line_in_xml(reading: Reading) -> int | None:
    """Where rdflib finds the fault that pyoxigraph found: the latter tells no line in XML."""
    try:
        rdflib_reader.parse_file(Unheard(reading), "xml")
    except DataError as error:
        return error.line
    return None
