"""Which lane reads a file: the scanner, pyoxigraph, or rdflib."""

from __future__ import annotations

from typing import Literal

from ragmtl.kg.bridge import checked
from ragmtl.kg.jsonld.reader import read_expanded
from ragmtl.kg.parsing import oxigraph, rdflib_reader
from ragmtl.kg.parsing.reading import Reading

Lane = Literal["scan", "pyoxigraph", "rdflib"]
"""What reads a file: the scanner (lines, and JSON-LD in expanded form), pyoxigraph, or rdflib (slow; to compare)."""


def is_scanned(name: str, lane: Lane | None) -> bool:
    """Whether the scanner reads files of this format, block by block."""
    return name in ("nt", "nquads") and lane in (None, "scan")


def read_whole(reading: Reading, name: str, lane: Lane | None) -> None:
    """Read a file that the scanner does not.

    Args:
        reading: Where its statements go.
        name: Its format.
        lane: What reads it; where None, rdflib reads what pyoxigraph cannot.

    Raises:
        DataError: It is malformed.
    """
    if lane == "rdflib":
        checked.parse_file(reading, name)
    elif name != "json-ld" or lane == "pyoxigraph" or not read_expanded(reading):
        try:
            oxigraph.parse_file(reading, name)
        except oxigraph.ElsewhereError:
            if lane is not None:
                raise
            reading.restart()
            rdflib_reader.parse_file(reading, name)
    reading.builder.flush((reading.number, 0))
