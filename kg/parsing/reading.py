"""One file on its way into a graph: what every lane hands its statements to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder, Rows, Unsure
from ragmtl.kg.parsing.left_out import LeftOut
from ragmtl.kg.parsing.lines import Settings
from ragmtl.kg.parsing.unpack import RATIO
from ragmtl.kg.terms import BLANK

Progress = Callable[[str, int], None]
"""Called with a file and how many of its statements were read, now and then and at the end of the file."""

Value = tuple[str, str, str]
"""A literal: text, datatype, language."""

Row = tuple[str, str, str | Value, str]
"""A statement: head, relation, tail, named graph (empty for the default graph)."""

BAD_LINES = "lines that are no statement"
BAD_TERMS = "statements with a bad IRI or language tag"
NEW_TERMS = "statements with triple terms or directions of text (RDF 1.2)"
DIRECTIONS = "directions of texts in JSON-LD (the texts are kept)"
FORMULAS = "statements in or about formulas (N3)"
BLANK_RELATIONS = "statements whose relation is no IRI"

_STEP = 20_000


@dataclass(frozen=True, slots=True)
class Options:
    """How files are read.

    Attributes:
        base: What relative IRIs are relative to, where a file names no base itself; they are refused where None.
        skip: Whether a bad statement is left out and counted, instead of ending the reading.
        ratio: How many times its packed size a file may unpack to.
    """

    base: str | None = None
    skip: bool = False
    ratio: int = RATIO


class Reading:
    """One file being read: gives its blank nodes names of their own, and hands its statements on."""

    def __init__(
        self,
        builder: GraphBuilder,
        path: Path,
        number: int,
        progress: Progress | None = None,
        options: Options = Options(),  # noqa: B008 -- frozen
    ) -> None:
        self.path = path
        self.options = options
        self.count = 0
        self.left_out = LeftOut()
        self.builder = builder
        self.number = number
        self._progress, self._lock = progress, Lock()
        self._mark = builder.mark()
        self._part = 0
        self._blank: dict[str, str] = {}
        self._origins: dict[str, int] = {}

    def blank(self, name: str) -> str:
        """The name, in the whole graph, of a blank node of this file."""
        return self._blank.setdefault(name, f"_:f{self.number}b{len(self._blank)}")

    def statement(self, head: str, relation: str, tail: str | Value, graph: str = "") -> None:
        """Add one statement."""
        origin = self._origins.get(graph)
        if origin is None:
            origin = self._origins[graph] = self.builder.origin(str(self.path), graph)
        if isinstance(tail, str):
            self.builder.triple(head, relation, tail, origin)
        else:
            self.builder.value(head, relation, *tail, origin)
        self.count += 1
        if self._progress is not None and self.count % _STEP == 0:
            self._progress(str(self.path), self.count)

    def counted(self, statements: int) -> None:
        """Tell that so many more statements were added to the builder."""
        with self._lock:
            before, self.count = self.count, self.count + statements
        if self._progress is not None and before // _STEP < self.count // _STEP:
            self._progress(str(self.path), self.count)

    def lines(self, lines: bytes) -> None:
        """Add statements that a program wrote as N-Quads, with the names that blank nodes have in the file."""
        rows, unsure, _ = self.encode(lines, trusted=True)
        if len(unsure):
            start, end, _ = unsure[0].tolist()
            found = lines[start:end][:100].decode(errors="replace")
            raise DataError(f"expected a triple of nodes and literals, found {found!r}", self.path)
        self.add(rows)

    def encode(self, lines: bytes, *, trusted: bool) -> tuple[Rows, Unsure, int]:
        """Number the statements of lines of N-Quads of this file; see `GraphBuilder.encode`."""
        return self.builder.encode(lines, Settings(self.number + 1, True, trusted))

    def add(self, rows: Rows) -> None:
        """Add statements that were numbered."""
        self._part += 1
        self.builder.add((self.number, self._part), str(self.path), rows)
        self.counted(len(rows))

    def absorb(self, builder: GraphBuilder, count: int, left_out: LeftOut) -> None:
        """Take what was read elsewhere: the statements, how many they are, and what was left out."""
        self.builder.absorb(builder)
        self.left_out.update(left_out)
        self.count += count

    def row(self, row: Row) -> None:
        """Add one statement whose blank nodes still have the names of the file, `_:name`."""
        head, relation, tail, graph = row
        self.statement(
            self.blank(head[2:]) if head.startswith(BLANK) else head,
            relation,
            self.blank(tail[2:]) if isinstance(tail, str) and tail.startswith(BLANK) else tail,
            self.blank(graph[2:]) if graph.startswith(BLANK) else graph,
        )

    def leave_out(self, reason: str, found: str | DataError = "", line: int | None = None) -> None:
        """Count a statement that is not kept.

        Args:
            reason: Why.
            found: What is wrong with it, or the error that it would have been.
            line: Where it stands, unless the error tells.
        """
        error = found if isinstance(found, DataError) else DataError(found, self.path, line)
        self.left_out.add(reason, example=(error.line or 0, str(error)) if found else None)

    def restart(self) -> None:
        """Forget all statements of this file, and what was left out of it: it is to be read again."""
        self.builder.undo(self._mark)
        self._blank.clear()
        self._origins.clear()
        self.count = 0
        self.left_out.clear()

    def finish(self) -> None:
        """Report the last count."""
        if self._progress is not None:
            self._progress(str(self.path), self.count)


class Unheard(Reading):
    """A file that is read once more, for its errors only.

    Args:
        reading: The reading of that file.
    """

    def __init__(self, reading: Reading) -> None:
        super().__init__(GraphBuilder(), reading.path, 0, options=reading.options)

    def statement(self, head: str, relation: str, tail: str | Value, graph: str = "") -> None:
        """Keep nothing."""


def relative(iri: str) -> str:
    """What to say of a relative IRI."""
    advice = "give base=..., or name one in the file (@base in Turtle and TriG, xml:base, @base in a JSON-LD context)"
    return f"expected absolute IRIs, found the relative {iri[:100]!r} and no base to complete it; {advice}"
