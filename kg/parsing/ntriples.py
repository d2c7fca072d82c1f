"""N-Triples and N-Quads by the line: where lines begin, and what one line says.

    <http://x/a> <http://x/p> "é"@fr .   ->   ("http://x/a", "http://x/p", ("é", "", "fr"), "")

The grammar is that of the W3C (N-Triples 1.1, N-Quads 1.1), and tells what it expected and where. The lanes read the
many lines faster, and come here for lines that are wrong or too long for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import NoReturn

from ragmtl.errors import DataError
from ragmtl.kg.parsing.files import not_utf8
from ragmtl.kg.parsing.iri import is_iri, is_language
from ragmtl.kg.parsing.reading import BAD_LINES, Reading, Row, Value
from ragmtl.kg.parsing.sniff import malformed

LONGEST = 1 << 28
"""The longest line that is read: 256 MiB."""

_BLOCK = 1 << 20
_BOM = b"\xef\xbb\xbf"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff_:0-9"
)
_CHARS = _BASE + "\\-\u00b7\u0300-\u036f\u203f-\u2040"
_GAP = re.compile(r"[ \t]*")
_IRI = re.compile(r"<([^\x00-\x20<>\"{}|^`]*)>")
_NODE = re.compile(rf"_:([{_BASE}](?:[{_CHARS}.]*[{_CHARS}])?)")
_TEXT = re.compile(r'"((?:[^"\\\n\r]|\\.)*+)"', re.DOTALL)
_LANGUAGE = re.compile(r"@([a-zA-Z]+(?:-[a-zA-Z0-9]+)*)(--[a-zA-Z0-9]*)?")
_TAIL = re.compile(r"\.[ \t]*(?:#.*)?", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.?))", re.DOTALL)
_PLAIN = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


def blocks(file: BufferedIOBase, path: Path) -> Iterator[tuple[int, bytes]]:
    """A file in pieces of whole lines, about a mebibyte each, and the number of the first line of each.

    Raises:
        DataError: It is UTF-16, or a line is longer than `LONGEST`.
    """
    first, mark = 1, True
    while block := file.read(_BLOCK):
        if mark and block.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DataError("expected UTF-8 text, found UTF-16; save the file as UTF-8", path, 1)
        if not block.endswith(b"\n"):
            block += file.readline(LONGEST)
        if len(block) > LONGEST:
            last = first + block.count(b"\n")
            raise DataError(f"expected lines up to {LONGEST >> 20} MiB, found a longer one", path, last)
        yield first, block.removeprefix(_BOM) if mark else block
        first, mark = first + block.count(b"\n"), False


def split(block: bytes, first: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a block, each with its number; a lone carriage return also ends a line, but is not counted."""
    for number, line in enumerate(block.split(b"\n"), first):
        for part in line.split(b"\r"):
            if part:
                yield number, part


def decoded(content: bytes, path: Path, first: int) -> str:
    """Bytes as text; they begin with line `first`.

    Raises:
        DataError: They are not UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = first + content.count(b"\n", 0, error.start)
        raise not_utf8(path, line, content[error.start : error.start + 1]) from error


def read_lines(reading: Reading, block: bytes, first: int, *, quads: bool) -> None:
    """Read whole lines, the first of which has the number `first`, one by one.

    Raises:
        DataError: A line is no statement (unless bad statements are skipped).
    """
    for _, row in rows(reading, block, first, quads=quads):
        reading.row(row)


def rows(reading: Reading, block: bytes, first: int, *, quads: bool) -> Iterator[tuple[int, Row]]:
    """Number and content of each line that is a statement; those that are none end the reading, or are counted.

    Raises:
        DataError: A line is no statement (unless bad statements are skipped).
    """
    for number, line in split(block, first):
        try:
            row = read_line(decoded(line, reading.path, number), reading.path, number, quads=quads)
        except DataError as error:
            if not reading.options.skip:
                raise
            reading.leave_out(BAD_LINES, error)
        else:
            if row is not None:
                yield number, row


def read_line(text: str, path: Path, number: int, *, quads: bool) -> Row | None:
    """What one line says; None for an empty line or a comment. Blank nodes are called as they are, `_:name`.

    Raises:
        DataError: It is no statement.
    """
    line = _Line(text, path, number, quads)
    line.skip()
    return None if line.at == len(text) or text[line.at] == "#" else line.statement()


class _Line:
    """A line and how far it has been read."""

    def __init__(self, text: str, path: Path, number: int, quads: bool) -> None:
        self.text, self.at = text, 0
        self._path, self._number, self._quads = path, number, quads

    def skip(self) -> None:
        gap = _GAP.match(self.text, self.at)
        self.at = gap.end() if gap else self.at

    def statement(self) -> Row:
        self._expected = "a subject (an IRI in <> or a blank node)"
        head = self._name()
        self._expected = "a predicate (an IRI in <>)"
        relation = self._iri() or self._fail()
        self._expected = "an object (an IRI in <>, a blank node or a literal in quotes)"
        tail = self._value() if self._peek('"') else self._name()
        graph = ""
        if self._quads and not self._peek("."):
            self._expected = "a graph name (an IRI in <> or a blank node), or a full stop"
            graph = self._name()
        self._expected = "a full stop after the statement"
        if _TAIL.fullmatch(self.text, self.at) is None:
            self._fail()
        return head, relation, tail, graph

    def _peek(self, char: str) -> bool:
        return self.text.startswith(char, self.at)

    def _eat(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            self._fail()
        self.at = found.end()
        return found

    def _name(self) -> str:
        if self._peek("_:"):
            name = self._eat(_NODE).group()
            self.skip()
            return name
        return self._iri() or self._fail()

    def _iri(self) -> str:
        if self._peek("<<"):
            self._fail("triple terms (RDF 1.2) are not kept")
        if not self._peek("<"):
            return ""
        start = self.at
        iri = self._unescaped(self._eat(_IRI)[1], "uU")
        if not is_iri(iri):
            self.at = start
            self._fail("" if ":" in iri else "a relative IRI; lines need absolute ones")
        self.skip()
        return iri

    def _value(self) -> Value:
        text = self._unescaped(self._eat(_TEXT)[1], "")
        language = datatype = ""
        if self._peek("@"):
            self._expected = "a language tag (BCP 47: en, de-AT)"
            tag = self._eat(_LANGUAGE)
            if tag[2] is not None:
                self._fail("a direction of text (RDF 1.2), which is not kept")
            language = tag[1] if is_language(tag[1]) else self._fail(f"the tag {tag[1]!r}")
        elif self._peek("^^"):
            self.at += 2
            self._expected = "a datatype (an IRI in <>)"
            datatype = self._iri() or self._fail()
            if datatype in (_RDF + "langString", _RDF + "dirLangString"):
                self._fail("rdf:langString without a language")
        self.skip()
        return text, datatype, language

    def _unescaped(self, text: str, allowed: str) -> str:
        if "\\" not in text:
            return text

        def char(found: re.Match[str]) -> str:
            code = found[1] or found[2]
            if code is None and not allowed and found[3] in _PLAIN:
                return _PLAIN[found[3]]
            number = int(code, 16) if code else 0xD800
            if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                half = " (half of a surrogate pair)" if code else ""
                self._fail(f"the escape {found.group()}{half}")
            return chr(number)

        return _ESCAPE.sub(char, text)

    def _fail(self, found: str = "") -> NoReturn:
        rest, line = clip(self.text[self.at :]), clip(self.text)
        message = f"expected {self._expected}, found {found or rest} in the line {line}"
        raise malformed(message, self._path, "nquads" if self._quads else "nt", self._number, self.at + 1)


def written(row: Row) -> bytes:
    """A statement as a line of N-Quads, with the characters of terms as they are."""
    head, relation, tail, graph = row
    if isinstance(tail, str):
        end = _written_name(tail)
    else:
        text, datatype, language = tail
        end = f'"{text.translate(_ESCAPED)}"' + (f"@{language}" if language else f"^^<{datatype}>" if datatype else "")
    return f"{_written_name(head)} <{relation}> {end} {_written_name(graph)} .\n".encode()


def _written_name(name: str) -> str:
    return name if not name or name.startswith("_:") else f"<{name}>"


def clip(text: str) -> str:
    """At most a hundred characters of a text, in quotes, for an error."""
    line = " ".join(text[:400].split())
    return repr(line if len(line) <= 100 else line[:99] + "…")
