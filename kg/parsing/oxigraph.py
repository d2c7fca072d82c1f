"""Lane (ii): RDF files through pyoxigraph, as a stream. The default for every format.

N-Triples and N-Quads go through in blocks of whole lines; where a block holds an error its lines are read one by one,
so that one bad line costs no other. What pyoxigraph refuses and rdflib rightly reads (formulas of N3, texts beyond
16 MiB) is an `ElsewhereError`, upon which lane (iii) reads the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import IO, Any, cast

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, parse, serialize

from ragmtl.errors import DataError
from ragmtl.kg.parsing import rdflib_reader
from ragmtl.kg.parsing.files import not_utf8, read_text
from ragmtl.kg.parsing.guard import guarded, parse_json
from ragmtl.kg.parsing.iri import is_iri, is_language
from ragmtl.kg.parsing.ntriples import blocks, clip, read_lines
from ragmtl.kg.parsing.reading import BAD_TERMS, DIRECTIONS, NEW_TERMS, Reading, Row, Unheard, relative
from ragmtl.kg.parsing.sniff import TITLES, malformed
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
_BATCH = 20_000
_DIRECTION = re.compile(rb'"@[A-Za-z0-9-]*--')
_PLACE = re.compile(r"^Parser error (?:at|between) line .*?: ")


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
    if b"<<" not in block and _DIRECTION.search(block) is None:
        try:
            block.decode()  # pyoxigraph lets other bytes pass in comments
            found = list(parse(block, _FORMATS["nquads" if quads else "nt"]))
        except (SyntaxError, UnicodeDecodeError, MemoryError):
            pass  # the lines are read one by one, which finds the bad ones
        else:
            for quad in found:
                reading.statement(*_row(reading, quad))
            return
    read_lines(reading, block, first, quads=quads)


def _row(reading: Reading, quad: Quad) -> Row:
    """A statement without triple terms in texts."""
    graph, tail = quad.graph_name, quad.object
    named = "" if type(graph) is DefaultGraph else _name(reading, graph)
    head = _name(reading, quad.subject)
    if type(tail) is not Literal:
        return head, quad.predicate.value, _name(reading, tail), named
    language = tail.language
    value = (tail.value, "", language) if language else (tail.value, tail.datatype.value, "")
    return head, quad.predicate.value, value, named


def _name(reading: Reading, term: Any) -> str:  # noqa: ANN401 -- a NamedNode or BlankNode, to be told fast
    name: str = term.value
    return name if type(term) is NamedNode else reading.blank(name)


def _parse_stream(reading: Reading, name: str) -> None:
    """Read a file of a format other than lines."""
    if name != "json-ld":
        _parse_once(reading, name, lenient=reading.options.skip)
        return
    # JSON-LD drops, without a word, what is no IRI or language, and all that hangs on it. So that nothing is left out
    # uncounted, it is read leniently; what was dropped is counted, and the file is then read once more to the letter.
    _parse_once(reading, name, lenient=True)
    dropped = Counter(reading.left_out)
    if dropped[BAD_TERMS] and not reading.options.skip:
        reading.restart()
        with suppress(DataError):
            _parse_once(reading, name, lenient=False)
            reading.left_out.update(dropped - reading.left_out)
            return
        reading.restart()
        _parse_once(reading, name, lenient=True)


def _parse_once(reading: Reading, name: str, *, lenient: bool) -> None:
    options = reading.options
    try:
        with guarded(reading.path, name, options.ratio, new_terms=options.skip) as file:
            found = parse(cast(IO[bytes], file), _FORMATS[name], base_iri=options.base, lenient=lenient)
            kept = _kept(reading, name, found, lenient=lenient)
            while batch := list(islice(kept, _BATCH)):  # written and scanned, which is faster than term by term
                reading.lines(serialize(batch, format=RdfFormat.N_QUADS) or b"")
    except SyntaxError as error:
        if name == "n3" and "not allowed in regular RDF" in str(error):
            raise ElsewhereError(f"expected N3 without formulas: {error.args[0]}", reading.path) from error
        raise _error(reading, name, error) from error
    except MemoryError as error:
        if "buffer" not in str(error):
            raise
        message = "expected terms and comments up to 16 MiB, found a longer one; read it with rdflib"
        raise ElsewhereError(message, reading.path) from error


def _kept(reading: Reading, name: str, quads: Iterable[Quad], *, lenient: bool) -> Iterator[Quad]:
    """The statements to keep; texts without directions."""
    for quad in quads:
        if name == "n3" and type(quad.graph_name) is not DefaultGraph:
            raise ElsewhereError("expected N3 without formulas, found one; read it with rdflib", reading.path)
        if _is_old(reading, name, quad) and (not lenient or _is_good(reading, name, quad)):
            tail = quad.object
            if type(tail) is Literal and tail.direction is not None:
                plain = Literal(tail.value, language=tail.language)
                yield Quad(quad.subject, quad.predicate, plain, quad.graph_name)
            else:
                yield quad


def _is_good(reading: Reading, name: str, quad: Quad) -> bool:
    """Whether all terms of a statement are well-formed; a statement with one that is not is left out or refused."""
    tail = quad.object
    iris = [term.value for term in (quad.subject, quad.predicate, tail, quad.graph_name) if type(term) is NamedNode]
    if type(tail) is Literal:
        if tail.language is None:
            iris.append(tail.datatype.value)
        elif not is_language(tail.language):
            reading.leave_out(BAD_TERMS)
            return False
    bad = next((iri for iri in iris if not is_iri(iri)), None)
    if bad is None:
        return True
    key = bad == quad.predicate.value  # a key that maps to no IRI, which JSON-LD allows and drops
    if not (key or reading.options.skip) and reading.options.base is None and ":" not in bad:
        raise DataError(relative(bad), reading.path, _line_of(reading, name, bad))
    reading.leave_out(BAD_TERMS)
    return False


def _is_old(reading: Reading, name: str, quad: Quad) -> bool:
    """Whether a statement is RDF 1.1; one with a triple term or a direction of text is left out or refused."""
    tail = quad.object
    directed = type(tail) is Literal and tail.direction is not None
    if directed and name == "json-ld":  # JSON-LD 1.1 drops the direction, not the text
        reading.leave_out(DIRECTIONS)
        return True
    if not directed and type(tail) is not Triple:
        return True
    if not reading.options.skip:
        message = "expected RDF 1.1, found a triple term or a direction of text (RDF 1.2), which are not kept"
        raise DataError(f'{message}; leave such statements out with on_error="skip"', reading.path)
    reading.leave_out(NEW_TERMS)
    return False


def _error(reading: Reading, name: str, error: SyntaxError) -> DataError:
    """A `DataError` with line, column, excerpt and advice from the parser's own error."""
    reason = _PLACE.sub("", error.args[0])
    line, column = error.lineno, error.offset
    if name == "json-ld" and line is None:
        parse_json(read_text(reading.path, reading.options.ratio), reading.path)  # names a remote context, and its line
    if line is None and name == "xml":
        line = _line_in_xml(reading)
    if (found := re.match(r"error while parsing IRI '(.*)': No scheme", reason)) is not None:
        return DataError(relative(found[1]), reading.path, line or _line_of(reading, name, found[1]))
    excerpt = "" if line is None else _excerpt(reading, name, line, column or 1)
    if reason.startswith("No scheme found"):
        iri = excerpt.removeprefix("<").split(">")[0]
        return DataError(f"column {column}: {relative(iri)}", reading.path, line)
    if "UTF-8" in reason and line is not None:
        return not_utf8(reading.path, line, _undecodable(reading, name, line))
    found_there = f", found {clip(excerpt)}" if excerpt else ""
    return malformed(f"expected {TITLES[name]}: {reason}{found_there}", reading.path, name, line, column)


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


def _line_of(reading: Reading, name: str, text: str) -> int | None:
    """The first line with a text in quotes."""
    wanted = re.compile(rb"[\"']" + re.escape(text.encode()) + rb"[\"']")
    with guarded(reading.path, name, reading.options.ratio) as file:
        return next((number for number, line in enumerate(file, 1) if wanted.search(line)), None)


def _line_in_xml(reading: Reading) -> int | None:
    """Where rdflib finds the fault that pyoxigraph found: the latter tells no line in XML."""
    try:
        rdflib_reader.parse_file(Unheard(reading), "xml")
    except DataError as error:
        return error.line
    return None
