"""Lane (iii): RDF files through rdflib, one statement at a time.

Literals keep the form in which they are written, blank nodes stay within their file, and nothing is fetched from the
network.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator, MutableSequence
from contextlib import contextmanager
from decimal import Decimal
from io import BufferedIOBase, StringIO
from pathlib import Path
from typing import Any
from xml.sax import SAXParseException

import rdflib
from rdflib.exceptions import ParserError
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID, Graph
from rdflib.parser import InputSource, PythonInputSource
from rdflib.plugins.parsers.jsonld import JsonLDParser
from rdflib.plugins.parsers.notation3 import BadSyntax, RDFSink, SinkParser
from rdflib.plugins.parsers.ntriples import W3CNTriplesParser, r_nodeid, r_tail, r_wspace, unquote
from rdflib.plugins.parsers.rdfxml import RDFXMLParser
from rdflib.plugins.parsers.trig import TrigSinkParser
from rdflib.plugins.stores.memory import Memory
from rdflib.term import BNode, Node, URIRef

from ragmtl.errors import DataError
from ragmtl.kg.files import not_utf8, opened, read_text
from ragmtl.kg.guard import parse_json, refuse_entities
from ragmtl.kg.reading import Reading, Value

_XSD = "http://www.w3.org/2001/XMLSchema#"
# The library's own patterns would read `<a> <http://x/p>` as one IRI.
_IRI = re.compile(r'<([^:\s"<>]+:[^\s"<>]*)>')
_TEXT = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"(?:@([a-zA-Z]+(?:-[a-zA-Z0-9]+)*)|\^\^' + _IRI.pattern + ")?", re.DOTALL)
_NUMBER = re.compile(r"[-+]?[0-9.]+\Z")
_FORMULAS = "statements in or about formulas (N3)"
_BLANK_RELATIONS = "statements whose relation is no IRI"


class _Statements(Memory):
    """A store that keeps no statement but hands each one on, in the order of the file."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self._reading = reading

    def add(self, triple: tuple[Node, Node, Node], context: Any, quoted: bool = False) -> None:  # noqa: ANN401
        """Hand a statement on; those that are no triple of a graph are counted instead."""
        head, relation, tail = triple
        if quoted or not isinstance(head, URIRef | BNode) or not isinstance(tail, URIRef | BNode | rdflib.Literal):
            self._reading.left_out[_FORMULAS] += 1
        elif not isinstance(relation, URIRef):
            self._reading.left_out[_BLANK_RELATIONS] += 1
        else:
            graph = "" if context.identifier == DATASET_DEFAULT_GRAPH_ID else self._name(context.identifier)
            value = self._value(tail) if isinstance(tail, rdflib.Literal) else self._name(tail)
            self._reading.statement(self._name(head), str(relation), value, graph)

    def _name(self, term: URIRef | BNode) -> str:
        return self._reading.blank(str(term)) if isinstance(term, BNode) else str(term)

    @staticmethod
    def _value(literal: rdflib.Literal) -> Value:
        return str(literal), str(literal.datatype or ""), literal.language or ""


class _Lines(W3CNTriplesParser):
    """N-Triples and N-Quads, one line at a time: the grammar is the library's, the terms are plain texts."""

    __slots__ = ("_expected", "_quads", "_reading")

    def __init__(self, reading: Reading, *, quads: bool) -> None:
        super().__init__()
        self._reading, self._quads, self._expected = reading, quads, ""

    def read(self, text: str, number: int) -> None:
        """Read line `number`.

        Raises:
            DataError: It is no statement, comment or empty line.
        """
        self.line = text.strip()
        if not self.line or self.line.startswith("#"):
            return
        try:
            self._statement()
        except ParserError as error:
            message = f"expected {self._expected}, found {_clip(self.line)} in the line {_clip(text)}"
            raise DataError(message, self._reading.path, number) from error

    def _statement(self) -> None:
        head = self._part("a subject (an IRI in <> or a blank node)", self.subject)
        relation = self._part("a predicate (an IRI in <>)", self.predicate)
        tail = self._part("an object (an IRI in <>, a blank node or a literal in quotes)", self.object)
        graph = self._part("a graph name (an IRI in <> or a blank node)", self._graph) if self._quads else ""
        self._expected = "a full stop after the statement"
        self.eat(r_tail)
        if self.line:
            raise ParserError("trailing text")
        self._reading.statement(head, relation, tail, graph)

    def _part(self, expected: str, parse: Callable[[], Any]) -> Any:  # noqa: ANN401 -- a text or a value
        self._expected = expected
        part = parse()
        self.eat(r_wspace)
        return part

    def _graph(self) -> str:
        return str(self.uriref() or self.nodeid() or "")

    def uriref(self) -> Any:  # noqa: ANN401 -- the library's own type is its term
        return unquote(self.eat(_IRI).group(1)) if self.peek("<") else False

    def nodeid(self, bnode_context: object = None) -> Any:  # noqa: ANN401
        return self._reading.blank(self.eat(r_nodeid).group(1)) if self.peek("_") else False

    def literal(self) -> Any:  # noqa: ANN401
        if not self.peek('"'):
            return False
        text, language, datatype = self.eat(_TEXT).groups()
        return unquote(text), unquote(datatype or ""), language or ""


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


def parse(reading: Reading, name: str) -> None:
    """Read one file in the format of that name.

    Raises:
        DataError: It is malformed (with the line, where the library tells it).
    """
    try:
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
    except Exception as error:  # the library's parsers raise all kinds of errors at malformed files
        message = f"expected {name}, found something that cannot be parsed ({type(error).__name__}: {error})"
        raise DataError(message, reading.path) from error


def _parse_lines(reading: Reading, *, quads: bool) -> None:
    lines = _Lines(reading, quads=quads)
    with opened(reading.path) as file:
        for number, text in _numbered_lines(file, reading.path):
            lines.read(text, number)


def _numbered_lines(file: BufferedIOBase, path: Path) -> Iterator[tuple[int, str]]:
    for number, content in enumerate(file, start=1):
        try:
            text = content.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise not_utf8(path, number, content[error.start : error.start + 1]) from error
        for part in text.split("\r"):
            yield number, part


def _parse_turtle(reading: Reading, name: str) -> None:
    text = read_text(reading.path)
    graph = _graph(reading)
    sink = RDFSink(graph)
    parsers: dict[str, type[SinkParser]] = {"trig": _TrigAsWritten}
    parser = parsers.get(name, _AsWritten)(sink, baseURI=_base(reading.path), turtle=name != "n3")
    try:
        parser.loadStream(StringIO(text))
    except BadSyntax as error:
        raise _turtle_error(error, text, name, reading.path) from error
    except IndexError as error:
        last = text.rstrip().count("\n") + 1
        raise DataError(f"expected more {name}, found the end of the file", reading.path, last) from error
    except (AssertionError, ArithmeticError, ValueError) as error:
        raise DataError(f"expected {name}: {_clip(str(error))}", reading.path, parser.lines + 1) from error


def _turtle_error(error: BadSyntax, text: str, name: str, path: Path) -> DataError:
    reason = re.search(r"Bad syntax \((.*?)\) at \^ in", str(error), re.DOTALL)
    line = error.lines + 1
    found = text.split("\n")[error.lines : line]
    return DataError(f"{reason.group(1) if reason else f'expected {name}'}, found {_clip(''.join(found))}", path, line)


def _parse_xml(reading: Reading) -> None:
    refuse_entities(reading.path)
    source = InputSource(_base(reading.path))
    with opened(reading.path) as file:
        source.setByteStream(file)
        try:
            RDFXMLParser().parse(source, _graph(reading))  # type: ignore[no-untyped-call]
        except SAXParseException as error:
            message = f"expected well-formed RDF/XML, found: {error.getMessage()}"
            raise DataError(message, reading.path, error.getLineNumber()) from error
        except ParserError as error:
            place = re.search(r":(\d+):\d+: (.*)", str(error), re.DOTALL)
            line, reason = (int(place.group(1)), place.group(2)) if place else (None, str(error))
            raise DataError(f"expected RDF/XML, found: {reason}", reading.path, line) from error


def _parse_json(reading: Reading) -> None:
    content = parse_json(read_text(reading.path), reading.path)
    source = PythonInputSource(content, _base(reading.path))
    JsonLDParser().parse(source, _graph(reading))  # type: ignore[no-untyped-call]


def _graph(reading: Reading) -> Graph:
    return Graph(store=_Statements(reading), identifier=DATASET_DEFAULT_GRAPH_ID, bind_namespaces="none")


def _base(path: Path) -> str:
    """What relative IRIs are relative to: the place of the file, where it does not name a base itself."""
    return path.absolute().as_uri()


def _clip(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 100 else line[:99] + "…")


@contextmanager
def literals_as_written() -> Iterator[None]:
    """Keeps the library, for a while, from rewriting literals ("01" to "1") and from logging odd ones."""
    normalise, log = rdflib.NORMALIZE_LITERALS, logging.getLogger("rdflib.term")
    disabled = log.disabled
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rdflib.NORMALIZE_LITERALS, log.disabled = False, True
        try:
            yield
        finally:
            rdflib.NORMALIZE_LITERALS, log.disabled = normalise, disabled
