"""What a file looks like, where it cannot be read as what it was said to be: the hint in the error.

a.ttl: expected turtle, found ...; this looks like an HTML page (an error of the server?), fetch the file again
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from ragmtl.errors import DataError
from ragmtl.kg.parsing.unpack import PACKED, opened

TITLES = {
    "nt": "N-Triples",
    "nquads": "N-Quads",
    "turtle": "Turtle",
    "trig": "TriG",
    "n3": "N3",
    "xml": "RDF/XML",
    "json-ld": "JSON-LD",
}
"""What formats are called in messages."""

_HEAD = 4096
_HTML = re.compile(r"<!doctype html|<html[\s>]|<head[\s>]", re.IGNORECASE)
_LINE = re.compile(r"(?:<[^<>\s]+>|_:\S+)\s+<[^<>\s]+>\s+(?:<[^<>\s]+>|_:\S+|\"(?:[^\"\\]|\\.)*\"\S*)\s*(\S)?")
_TURTLE = re.compile(r"^\s*(?:@prefix|@base|PREFIX|BASE)\s", re.MULTILINE | re.IGNORECASE)
_TRIG = re.compile(r"^\s*(?:GRAPH\s+)?(?:<[^<>\s]*>|[\w-]*:[\w-]*)\s*\{", re.MULTILINE)


def malformed(message: str, path: Path, wanted: str, line: int | None = None, column: int | None = None) -> DataError:
    """The error for a file that is not what it should be, with a hint at what it looks like.

    Args:
        message: What was expected and what was found.
        path: The file.
        wanted: The format in which it was read.
        line: The line, from 1.
        column: The character in it, from 1.
    """
    place = f"column {column}: " if column is not None else ""
    return DataError(place + message + hint(path, wanted), path, line)


def hint(path: Path, wanted: str) -> str:
    """What to do about a file that does not look like the format wanted; empty where it may well be that."""
    head = _head_of(path)
    if _packing(head):
        return packed_hint(path)
    found = looks_like(head.decode("utf-8", "replace"))
    match found:
        case None:
            return ""
        case "html":
            return "; this looks like an HTML page (an error page of a server?), fetch the file again"
        case _ if found == wanted or (found, wanted) in _CONTAINED:
            return ""
        case _:
            return f"; this looks like {TITLES[found]}: give rdf_format={found!r}, or rename the file"


def packed_hint(path: Path) -> str:
    """What to do about a file that is packed without a name that says so; empty for others."""
    found = _packing(_head_of(path))
    return f"; this is packed ({PACKED[found][0]}), add {found} to the file's name" if found else ""


_CONTAINED = {
    ("nt", "nquads"),
    ("nt", "turtle"),
    ("nt", "trig"),
    ("nt", "n3"),
    ("turtle", "trig"),
    ("turtle", "n3"),
}


def looks_like(head: str) -> str | None:
    """The format of which a text seems to be the beginning: html, xml, json-ld, nt, nquads, trig or turtle."""
    text = head.removeprefix("\ufeff").lstrip()
    if text.startswith(("{", "[")) and re.match(r"[{\[]\s*[\"{\[]", text):
        return "json-ld"
    if _HTML.search(text[:1024]):
        return "html"
    if text.startswith("<?xml") or re.match(r"<(?:rdf:RDF|!--|!DOCTYPE)", text):
        return "xml"
    if _TURTLE.search(text):
        return "trig" if _TRIG.search(text) else "turtle"
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if lines and (first := _LINE.match(lines[0])):
        return "nquads" if first[1] in ("<", "_") else "nt"
    return None


def _head_of(path: Path) -> bytes:
    """How a file begins; nothing where it cannot be read."""
    try:
        status = path.stat()
        return _read_head(path, status.st_size, status.st_mtime_ns)
    except (DataError, OSError):
        return b""


@lru_cache(4)
def _read_head(path: Path, size: int, modified: int) -> bytes:
    """The same, kept while the file stays as it is: each of a million bad lines may ask."""
    with opened(path) as file:
        return file.read(_HEAD)


def _packing(head: bytes) -> str | None:
    return next((ending for ending, (_, magic) in PACKED.items() if head.startswith(magic)), None)
