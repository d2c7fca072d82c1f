"""Lane (iii): RDF files through rdflib, one statement at a time.

Literals keep the form in which they are written, blank nodes stay within their file, and nothing is fetched from the
network.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from xml.sax import SAXParseException

import rdflib
from rdflib.exceptions import ParserError
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID, Graph
from rdflib.parser import InputSource, PythonInputSource
from rdflib.plugins.parsers.jsonld import JsonLDParser
from rdflib.plugins.parsers.notation3 import BadSyntax, RDFSink, SinkParser
from rdflib.plugins.parsers.rdfxml import create_parser
from rdflib.plugins.parsers.trig import TrigSinkParser
from rdflib.plugins.stores.memory import Memory
from rdflib.term import BNode, Node, URIRef

from ragmtl.errors import DataError
from ragmtl.kg.parsing.files import read_text
from ragmtl.kg.parsing.guard import guarded, parse_json
from ragmtl.kg.parsing.iri import is_iri, is_language
from ragmtl.kg.parsing.ntriples import blocks, clip, decoded, read_lines
from ragmtl.kg.parsing.reading import BAD_TERMS, BLANK_RELATIONS, FORMULAS, Reading, Value, relative
from ragmtl.kg.parsing.sniff import TITLES, malformed
from ragmtl.kg.parsing.unpack import opened

_XSD = "http://www.w3.org/2001/XMLSchema#"
_NUMBER = re.compile(r"[-+]?[0-9.]+\Z")
_ASTRAL = re.compile("[\U00010000-\U000effff]")  # names with a prefix may hold all of them, IRIs not quite
_NO_BASE = "prospero://no-base.invalid/"  # urljoin knows this scheme, and nobody has used it since 1995
_ONE_AT_A_TIME = threading.RLock()
"""Settings of the library are those of the whole process."""


class _BadTermError(ValueError):
    """A term that no graph may hold; the message says what is wrong."""


class _RelativeError(_BadTermError):
    """A relative IRI, and no base to complete it."""


class _Statements(Memory):
    """A store that keeps no statement but hands each one on, in the order of the file."""

    def __init__(self, reading: Reading, *, drop: bool) -> None:
        super().__init__()
        self._reading = reading
        self._drop = drop

    def add(self, triple: tuple[Node, Node, Node], context: Any, quoted: bool = False) -> None:  # noqa: ANN401
        """Hand a statement on; those that are no triple of a graph are counted instead."""
        head, relation, tail = triple
        if quoted or not isinstance(head, URIRef | BNode) or not isinstance(tail, URIRef | BNode | rdflib.Literal):
            self._reading.leave_out(FORMULAS)
        elif not isinstance(relation, URIRef):
            self._reading.leave_out(BLANK_RELATIONS)
        else:
            self._hand_on(head, relation, tail, context.identifier)

    def _hand_on(self, head: Node, relation: Node, tail: Node, graph: Node) -> None:
        try:
            for term in (head, relation, tail, graph):
                _check(term)
        except _BadTermError as error:
            dropped = self._drop and not isinstance(error, _RelativeError)
            if not (dropped or self._reading.options.skip):
                raise
            self._reading.leave_out(BAD_TERMS, str(error))
        else:
            named = "" if graph == DATASET_DEFAULT_GRAPH_ID else self._name(graph)
            value = self._value(tail) if isinstance(tail, rdflib.Literal) else self._name(tail)
            self._reading.statement(self._name(head), str(relation), value, named)

    def _name(self, term: Node) -> str:
        return self._reading.blank(str(term)) if isinstance(term, BNode) else str(term)

    @staticmethod
    def _value(literal: rdflib.Literal) -> Value:
        return str(literal), str(literal.datatype or ""), literal.language or ""


def _check(term: Node) -> None:
    if isinstance(term, rdflib.Literal):
        if term.language is not None and not is_language(term.language):
            raise _BadTermError(f"expected a language tag (BCP 47: en, de-AT), found {term.language!r}")
        term = term.datatype if term.datatype is not None else BNode()
    if not isinstance(term, URIRef):
        return
    if term.startswith(_NO_BASE[:9]):
        raise _RelativeError(relative(term.removeprefix(_NO_BASE)))
    if not is_iri(str(term)) and not is_iri(_ASTRAL.sub("x", term)):
        raise _BadTermError(f"expected an absolute IRI, found {clip(term)}")


class _AsWritten(SinkParser):
    """Turtle and N3 that keep numbers as written: `007` stays "007"."""

    def nodeOrLiteral(self, argstr: str, i: int, res: MutableSequence[Any]) -> int:  # noqa: N802
        end = super().nodeOrLiteral(argstr, i, res)
        if end >= 0 and isinstance(res[-1], int | Decimal) and not isinstance(res[-1], bool):
            kind = "decimal" if isinstance(res[-1], Decimal) else "integer"
            written = _NUMBER.search(argstr[i:end])
            text = written.group() if written else str(res[-1])
            res[-1] = rdflib.Literal(text, datatype=URIRef(_XSD + kind))
        return end


class _TrigAsWritten(_AsWritten, TrigSinkParser):
    """TriG that keeps numbers as written."""


def parse_file(reading: Reading, name: str) -> None:
    """Read one file in the format of that name.

    Raises:
        DataError: It is malformed (with the line, where the library tells it).
    """
    try:
        with _literals_as_written():
            match name:
                case "nt" | "nquads":
                    _parse_lines(reading, quads=name == "nquads")
                case "xml":
                    _parse_xml(reading)
                case "json-ld":
                    _parse_json(reading)
                case _:
                    _parse_turtle(reading, name)
    except (DataError, MemoryError):
        raise
    except RecursionError as error:
        raise DataError(f"expected {TITLES[name]}, found it nested too deeply", reading.path) from error
    except Exception as error:  # the library's parsers raise all kinds of errors at malformed files
        message = f"expected {TITLES[name]}, found something that cannot be parsed ({type(error).__name__}: {error})"
        raise malformed(message, reading.path, name) from error


def _parse_lines(reading: Reading, *, quads: bool) -> None:
    with opened(reading.path, reading.options.ratio) as file:
        for first, block in blocks(file, reading.path):
            read_lines(reading, block, first, quads=quads)


def _parse_turtle(reading: Reading, name: str) -> None:
    with guarded(reading.path, name, reading.options.ratio) as file:
        text = decoded(file.read(), reading.path, 1)
    graph = _graph(reading)
    sink = RDFSink(graph)
    parsers: dict[str, type[SinkParser]] = {"trig": _TrigAsWritten}
    parser = parsers.get(name, _AsWritten)(sink, baseURI=_base(reading), turtle=name != "n3")
    try:
        parser.loadStream(StringIO(text))
    except BadSyntax as error:
        raise _turtle_error(error, text, name, reading.path) from error
    except IndexError as error:
        last = text.rstrip().count("\n") + 1
        raise malformed(f"expected more {TITLES[name]}, found the end of the file", reading.path, name, last) from error
    except _BadTermError as error:
        raise malformed(str(error), reading.path, name, parser.lines + 1) from error
    except (AssertionError, ArithmeticError, ValueError) as error:
        raise malformed(f"expected {TITLES[name]}: {clip(str(error))}", reading.path, name, parser.lines + 1) from error


def _turtle_error(error: BadSyntax, text: str, name: str, path: Path) -> DataError:
    reason = re.search(r"Bad syntax \((.*?)\) at \^ in", str(error), re.DOTALL)
    line = error.lines + 1
    found = text.split("\n")[error.lines : line]
    message = f"{reason.group(1) if reason else f'expected {TITLES[name]}'}, found {clip(''.join(found))}"
    return malformed(message, path, name, line)


def _parse_xml(reading: Reading) -> None:
    source = InputSource(_base(reading))
    with guarded(reading.path, "xml", reading.options.ratio) as file:
        source.setByteStream(file)
        source.setEncoding("utf-8")
        parser: Any = create_parser(source, _graph(reading))
        try:
            parser.parse(source)
        except _BadTermError as error:
            raise malformed(str(error), reading.path, "xml", parser.getLineNumber()) from error
        except SAXParseException as error:
            message = f"expected well-formed RDF/XML, found: {error.getMessage()}"
            raise malformed(message, reading.path, "xml", error.getLineNumber(), error.getColumnNumber()) from error
        except ParserError as error:
            place = re.search(r":(\d+):\d+: (.*)", str(error), re.DOTALL)
            line, reason = (int(place.group(1)), place.group(2)) if place else (None, str(error))
            raise malformed(f"expected RDF/XML, found: {reason}", reading.path, "xml", line) from error


def _parse_json(reading: Reading) -> None:
    content = parse_json(read_text(reading.path, reading.options.ratio), reading.path, _real)
    source = PythonInputSource(content, _base(reading))
    JsonLDParser().parse(source, _graph(reading, drop=True))  # type: ignore[no-untyped-call]


class _Double(float):
    """A number as JSON-LD writes it: 5.3 is 5.3E0."""

    def __str__(self) -> str:
        digits, power = f"{float(self):.15E}".split("E")
        return f"{digits.rstrip('0')}{'0' * digits.rstrip('0').endswith('.')}E{int(power)}"


def _real(text: str) -> float | int:
    """A number with a decimal point or an exponent; whole ones up to 10²¹ are integers."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 1e21 else _Double(number)


def _graph(reading: Reading, *, drop: bool = False) -> Graph:
    return Graph(store=_Statements(reading, drop=drop), identifier=DATASET_DEFAULT_GRAPH_ID, bind_namespaces="none")


def _base(reading: Reading) -> str:
    """What relative IRIs are relative to; a mark by which they are known and refused, where there is no base."""
    return reading.options.base or _NO_BASE


@contextmanager
def _literals_as_written() -> Iterator[None]:
    """Keeps the library from rewriting literals ("01" to "1") and from logging odd ones; for one thread at a time."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        normalise, log = rdflib.NORMALIZE_LITERALS, logging.getLogger("rdflib.term")
        disabled = log.disabled
        warnings.simplefilter("ignore")
        rdflib.NORMALIZE_LITERALS, log.disabled = False, True
        try:
            yield
        finally:
            rdflib.NORMALIZE_LITERALS, log.disabled = normalise, disabled
