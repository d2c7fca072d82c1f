"""Lane (ii): RDF files through pyoxigraph, as a stream. The default for every format but lines.

Statements come from pyoxigraph in batches, and become numbers without one Python object per term (`Batches`).
N-Triples and N-Quads go through in blocks of whole lines; where a block holds an error its lines are read one by one,
so that one bad line costs no other. What pyoxigraph refuses and rdflib rightly reads (formulas of N3, texts beyond
16 MiB) is an `ElsewhereError`, upon which lane (iii) reads the file.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import IO, cast

from pyoxigraph import DefaultGraph, Quad, RdfFormat, parse, serialize

from ragmtl.errors import DataError
from ragmtl.kg.parsing.batches import Batches
from ragmtl.kg.parsing.faults import fault
from ragmtl.kg.parsing.guard import LiteralError, Watched, guarded
from ragmtl.kg.parsing.ntriples import blocks, rows, written
from ragmtl.kg.parsing.reading import BAD_TERMS, Reading
from ragmtl.kg.parsing.unpack import opened

_FORMATS = {
    "nt": RdfFormat.N_TRIPLES,
    "nquads": RdfFormat.N_QUADS,
    "turtle": RdfFormat.TURTLE,
    "trig": RdfFormat.TRIG,
    "n3": RdfFormat.N3,
    "xml": RdfFormat.RDF_XML,
    "json-ld": RdfFormat.JSON_LD,
}
_BATCH = 2000  # few enough that they stay in the processor's cache until they are written
_STEP = 20  # after so many, look whether terms are long
_ROOM = 1 << 26  # bytes that the terms of a batch may take: each statement has its own copy of the base and of prefixes
_DIRECTION = re.compile(rb'"@[A-Za-z0-9-]*--')


class ElsewhereError(DataError):
    """This lane cannot read the file; rdflib may."""


def parse_file(reading: Reading, name: str) -> None:
    """Read one file in the format of that name.

    Raises:
        ElsewhereError: It holds what only lane (iii) can read.
        DataError: It is malformed (with the line, where it is known).
    """
    if name in ("nt", "nquads"):
        with opened(reading.path, reading.options.ratio) as file:
            for first, block in blocks(file, reading.path):
                parse_lines(reading, block, first, quads=name == "nquads")
    else:
        _parse_stream(reading, name)


def parse_lines(reading: Reading, block: bytes, first: int = 1, *, quads: bool) -> None:
    """Read whole lines of N-Triples or N-Quads.

    Args:
        reading: Where the statements go.
        block: The lines.
        first: The number of the first line.
        quads: Whether they may name graphs.

    Raises:
        DataError: A line is no statement (unless bad statements are skipped).
    """
    lines = _parsed(block, quads=quads)
    if lines is None:
        lines = b"".join(written(row) for _, row in rows(reading, block, first, quads=quads))
    reading.lines(lines)


def _parsed(block: bytes, *, quads: bool) -> bytes | None:
    """The statements of lines as pyoxigraph writes them; None where some are none, or not of RDF 1.1."""
    if b"<<" in block or _DIRECTION.search(block) is not None:
        return None
    try:
        block.decode()  # pyoxigraph lets other bytes pass in comments
        return serialize(parse(block, _FORMATS["nquads" if quads else "nt"]), format=RdfFormat.N_QUADS)
    except (SyntaxError, UnicodeDecodeError, MemoryError):
        return None


def _parse_stream(reading: Reading, name: str) -> None:
    """Read a file of a format other than lines."""
    if name != "json-ld":
        _parse_once(reading, name, lenient=reading.options.skip)
        return
    # JSON-LD drops, without a word, what is no IRI or language, and all that hangs on it. So that nothing is left out
    # uncounted, it is read leniently; what was dropped is counted, and the file is then read once more to the letter.
    _parse_once(reading, name, lenient=True)
    dropped = reading.left_out.copy()
    if dropped.count(BAD_TERMS) and not reading.options.skip:
        reading.restart()
        with suppress(DataError):
            _parse_once(reading, name, lenient=False)
            reading.left_out.at_least(dropped)
            return
        reading.restart()
        _parse_once(reading, name, lenient=True)


def _parse_once(reading: Reading, name: str, *, lenient: bool) -> None:
    options, batches = reading.options, Batches(reading, name, lenient=lenient)
    try:
        with guarded(reading.path, name, options.ratio, new_terms=options.skip, literals=False) as file:
            watched = Watched(file, name)
            found = parse(cast(IO[bytes], watched), _FORMATS[name], base_iri=options.base, lenient=lenient)
            while _add_batch(found, watched, batches, reading, name):
                pass
    except LiteralError as error:
        raise ElsewhereError(str(error)) from error
    except SyntaxError as error:
        if name == "n3" and "not allowed in regular RDF" in str(error):
            raise ElsewhereError(f"expected N3 without formulas: {error.args[0]}", reading.path) from error
        raise fault(reading, name, error) from error
    except MemoryError as error:
        if "buffer" not in str(error):
            raise
        message = "expected terms and comments up to 16 MiB, found a longer one; read it with rdflib"
        raise ElsewhereError(message, reading.path) from error


def _add_batch(found: Iterator[Quad], watched: Watched, batches: Batches, reading: Reading, name: str) -> bool:
    """Add the next statements, fewer of them where terms are long; False where there are none."""
    with uncollected():
        batch = list(islice(found, _STEP))
        while len(batch) < min(_BATCH, _ROOM // (4 * watched.longest)) and (more := list(islice(found, _STEP))):
            batch += more
        if name == "n3":
            _refuse_formulas(reading, batch)
        if batch:
            batches.add(batch)
            batch.clear()
            return True
    return False


@contextmanager
def uncollected() -> Iterator[None]:
    """Python looks for no cycles meanwhile: thousands of statements that live for a moment would make it look often."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _refuse_formulas(reading: Reading, quads: Sequence[Quad]) -> None:
    if any(type(quad.graph_name) is not DefaultGraph for quad in quads):
        raise ElsewhereError("expected N3 without formulas, found one; read it with rdflib", reading.path)
