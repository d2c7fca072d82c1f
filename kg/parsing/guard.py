"""What a parser gets to see: UTF-8 bytes in which nothing declares entities, fetches contexts or nests without end.

path -> unpacked -> UTF-8 without byte order mark -> entities refused -> depth counted -> the parser
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from ragmtl.errors import DataError
from ragmtl.kg.parsing.nesting import DEPTHS, Nesting
from ragmtl.kg.parsing.sniff import TITLES, malformed
from ragmtl.kg.parsing.unpack import RATIO, opened

_CHUNK = 1 << 16
_MARKS = (  # the longer ones first: the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_BARE = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DECLARATION = re.compile(rb"""^(<\?xml[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')""")
_LITERAL = re.compile(rb"""parseType\s*=\s*["']Literal["']""")
_STEP = 4096
_ENDS = {"json-ld": re.compile(rb'[^\\]"')}
_END = re.compile(rb'[\s"<>]')
_ENCODINGS = re.compile(r"utf-?8|us-ascii|ascii|iso-?8859-\d+|latin-?1|windows-125\d|cp125\d|koi8-[ru]|utf-?(?:16|32)")


@contextmanager
def guarded(
    path: Path, name: str, ratio: int = RATIO, *, new_terms: bool = False, literals: bool = True
) -> Iterator[BufferedIOBase]:
    """The bytes of a file as its parser gets them.

    Args:
        path: The file.
        name: Its format.
        ratio: How many times its packed size it may unpack to.
        new_terms: Whether triple terms (RDF 1.2) may pass, as the reader leaves them out and counts them.
        literals: Whether XML as a literal may pass.

    Raises:
        LiteralError: There is XML as a literal, where none may pass (while it is read).
        DataError: It is not UTF-8 where that is asked for, declares entities, or (while it is read) nests too deep.
    """
    start = refuse_entities(path, ratio) if name == "xml" else 0
    with opened(path, ratio) as file:
        chunks = _utf8(file, path, name)
        if name in ("xml", "json-ld"):
            chunks = _counted(chunks, name, path, start)
            chunks = chunks if literals else _without_literals(chunks, path)
        else:
            chunks = _without_new_terms(chunks, path, ratio, new_terms)
        yield BufferedReader(_Stream(chunks), _CHUNK)


def refuse_entities(path: Path, ratio: int = RATIO) -> int:
    """Read an XML file as far as its root element.

    Returns:
        Where the root element begins, in bytes of UTF-8.

    Raises:
        DataError: It declares an entity, or is no XML (both with the line).
    """
    parser = expat.ParserCreate("utf-8")

    def refuse(*_: object) -> NoReturn:
        message = "expected RDF/XML without entity declarations, found one; write the IRIs out, or save it as Turtle"
        raise DataError(message, path, parser.CurrentLineNumber)

    def stop(*_: object) -> NoReturn:
        raise _RootReachedError

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        with opened(path, ratio) as file:
            for chunk in _utf8(file, path, "xml"):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except _RootReachedError:
        pass
    except expat.ExpatError as error:
        found = expat.ErrorString(error.code)
        raise malformed(f"expected RDF/XML, found: {found}", path, "xml", error.lineno) from error
    return parser.CurrentByteIndex


def parse_json(text: str, path: Path, real: Callable[[str], Any] = float) -> object:
    """The content of a JSON-LD file.

    Args:
        text: The file.
        path: Where it is.
        real: Makes a number of one with a decimal point or an exponent.

    Raises:
        DataError: It is no JSON (with the line), nests too deep, or names a context that would have to be fetched.
    """
    if not Nesting("json-ld").feed(text.encode("utf-8", "surrogatepass")):
        raise _too_deep("json-ld", path)
    try:
        content: object = json.loads(text, parse_float=real)
    except json.JSONDecodeError as error:
        found = text.split("\n")[error.lineno - 1][:60]
        message = f"expected JSON: {error.msg}, found {found!r}"
        raise malformed(message, path, "json-ld", error.lineno, error.colno) from error
    remote = _remote_context(content)
    if remote is not None:
        line = text[: max(text.find(remote), 0)].count("\n") + 1
        advice = "copy the context into the file: nothing is fetched from the network or the disk"
        raise DataError(f"expected a context written out, found the remote context {remote!r}; {advice}", path, line)
    return content


class LiteralError(DataError):
    """XML as a literal (`rdf:parseType="Literal"`), which is text in canonical form."""


class Watched:
    """A file as a parser reads it, and about how long its longest term is.

    A prefix of a megabyte is written once and stands in every statement: 2,000 of them take gigabytes. So whoever
    holds statements asks how long the terms are that the parser has seen.

    Args:
        file: The file.
        name: Its format, which says what ends a term.

    Attributes:
        longest: The length of the longest run of bytes in which no term ends, counted in steps of 4 KiB.
    """

    def __init__(self, file: BufferedIOBase, name: str) -> None:
        self.longest = _STEP
        self._file, self._end, self._run = file, _ENDS.get(name, _END), 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the file, at most so many."""
        content = self._file.read(size)
        for start in range(0, len(content), _STEP):
            stop = min(start + _STEP, len(content))
            self._run = 0 if self._end.search(content, start, stop) else self._run + stop - start
            self.longest = max(self.longest, self._run)
        return content


class _RootReachedError(Exception):
    """The root element begins; nothing can be declared after it."""


class _Stream(RawIOBase):
    """Pieces of a file as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 -- any writable buffer
        content = self._rest or next((chunk for chunk in self._chunks if chunk), b"")
        size = min(len(content), len(buffer))
        buffer[:size], self._rest = content[:size], content[size:]
        return size


def _utf8(file: BufferedIOBase, path: Path, name: str) -> Iterator[bytes]:
    """The file in pieces of UTF-8, without a byte order mark; XML in other encodings is written anew."""
    head = file.read(_CHUNK)
    mark, encoding = next(((mark, known) for mark, known in _MARKS if head.startswith(mark)), (b"", ""))
    if name == "xml":
        encoding = encoding or _encoding_of_xml(head, path)
    if encoding and encoding != "utf-8" and name != "xml":
        raise DataError(f"expected UTF-8 text, found {encoding.upper()}; save the file as UTF-8", path, 1)
    if encoding in ("", "utf-8"):
        head = head[len(mark) :]
        return _pieces(_DECLARATION.sub(rb"\1", head) if name == "xml" else head, file)
    return _recoded(_pieces(head[len(mark) :], file), encoding, path)


def _pieces(head: bytes, file: BufferedIOBase) -> Iterator[bytes]:
    yield head
    while chunk := file.read(_CHUNK):
        yield chunk


def _encoding_of_xml(head: bytes, path: Path) -> str:
    if (bare := next((known for start, known in _BARE if head.startswith(start)), None)) is not None:
        return bare
    found = _DECLARED.match(head)
    encoding = found[1].decode().lower() if found else "utf-8"
    if _ENCODINGS.fullmatch(encoding) is None or re.fullmatch(r"utf-?(?:16|32)", encoding):
        raise DataError(f"expected XML in UTF-8, found the encoding {encoding!r}; save the file as UTF-8", path, 1)
    return "utf-8" if encoding == "utf8" else encoding


def _recoded(chunks: Iterable[bytes], encoding: str, path: Path) -> Iterator[bytes]:
    decoder, head = codecs.getincrementaldecoder(encoding)(), True
    try:
        for chunk in chunks:
            text = decoder.decode(chunk).encode()
            yield _DECLARATION.sub(rb"\1", text) if head else text
            head = False
        yield decoder.decode(b"", True).encode()
    except UnicodeError as error:
        raise DataError(f"expected {encoding.upper()} text, found other bytes; save the file as UTF-8", path) from error


def _counted(chunks: Iterable[bytes], name: str, path: Path, start: int) -> Iterator[bytes]:
    nesting = Nesting(name)
    for chunk in chunks:
        if not nesting.feed(chunk[start:]):
            raise _too_deep(name, path)
        start = max(start - len(chunk), 0)
        yield chunk


def _without_literals(chunks: Iterable[bytes], path: Path) -> Iterator[bytes]:
    last = b""
    for chunk in chunks:
        if _LITERAL.search(last + chunk):
            raise LiteralError("expected RDF/XML without XML literals, found one; read it with rdflib", path)
        yield chunk
        last = chunk[-40:]


def _without_new_terms(chunks: Iterable[bytes], path: Path, ratio: int, allowed: bool) -> Iterator[bytes]:
    """The pieces; at the first `<<` the whole file is looked through once, as it may stand in a text."""
    last, checked = b"", False
    for chunk in chunks:
        if not checked and (b"<<" in chunk or (last == b"<" and chunk[:1] == b"<")):
            _check_new_terms(path, ratio, allowed)
            checked = True
        yield chunk
        last = chunk[-1:]


def _check_new_terms(path: Path, ratio: int, allowed: bool) -> None:
    nesting, number = Nesting("turtle"), 1
    with opened(path, ratio) as file:
        while line := file.readline(_CHUNK):
            if not nesting.feed(line):
                raise DataError(
                    f"expected at most {nesting.limit} levels of triple terms, found them nested too deeply",
                    path,
                    number,
                )
            if nesting.deepest and not allowed:
                message = "expected RDF 1.1, found a triple term (RDF 1.2), which is not kept"
                raise DataError(f'{message}; leave such statements out with on_error="skip"', path, number)
            number += line.endswith(b"\n")


def _too_deep(name: str, path: Path) -> DataError:
    return DataError(
        f"expected at most {DEPTHS[name]} levels of {TITLES[name]}, found brackets nested too deeply", path
    )


def _remote_context(content: object) -> str | None:
    """The first address that reading this JSON-LD would fetch."""
    if isinstance(content, list):
        return next((found for part in content if (found := _remote_context(part)) is not None), None)
    if not isinstance(content, dict):
        return None
    contexts = content.get("@context")
    for context in contexts if isinstance(contexts, list) else [contexts]:
        if isinstance(context, str):
            return context
    if isinstance(imported := content.get("@import"), str):
        return imported
    return next((found for part in content.values() if (found := _remote_context(part)) is not None), None)
