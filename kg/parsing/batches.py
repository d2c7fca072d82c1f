"""Statements of pyoxigraph become numbers: written as N-Quads, scanned, and looked at where the scanner is not sure.

    statements -> lines -> rows of numbers + lines that are not sure -> their statements, one by one -> rows of numbers

Line n is statement n, unless a term holds the end of a line: then all statements of the batch are looked at. Where the
parser was lenient a term may hold anything, such as `http://x/a> <http://x/p`, which reads as two. A line of three
terms can only be three; one of four is taken for sure only where its statement does name a graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int32
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, serialize

from ragmtl.errors import DataError
from ragmtl.kg.parsing.faults import line_of
from ragmtl.kg.parsing.iri import is_iri, is_language
from ragmtl.kg.parsing.ntriples import clip
from ragmtl.kg.parsing.reading import BAD_TERMS, DIRECTIONS, NEW_TERMS, Reading, relative

Rows = Int32[np.ndarray, "rows 5"]

_LABEL = re.compile(r"(?![-.])[A-Za-z0-9_.-]+(?<!\.)")
"""Names of blank nodes that the scanner is sure of: those of `ragmtl.kg.parsing.valid.is_label`."""


class Batches:
    """What becomes of the statements of one file.

    Args:
        reading: Where they go.
        name: The format of the file.
        lenient: Whether the parser let malformed terms pass, so that they are still to be found.
    """

    def __init__(self, reading: Reading, name: str, *, lenient: bool) -> None:
        self._reading, self._name, self._lenient = reading, name, lenient
        self._blanks: dict[str, BlankNode] = {}

    def add(self, quads: Sequence[Quad]) -> None:
        """Add statements, in the order of the file.

        Raises:
            DataError: One of them may not be kept (unless bad statements are skipped).
        """
        rows, odd = self._scanned(quads)
        if len(odd):
            found = self._looked_at(quads, odd)
            rows = np.concatenate((rows, found))
            rows = rows[np.argsort(rows[:, 4], kind="stable")]
        self._reading.add(rows)

    def _scanned(self, quads: Sequence[Quad]) -> tuple[Rows, np.ndarray]:
        """The statements that are sure, and the places of the others."""
        written = serialize(quads, format=RdfFormat.N_QUADS) or b""
        rows, unsure, lines = self._reading.encode(written, trusted=False)
        if lines != len(quads):
            return rows[:0], np.arange(len(quads))
        odd = unsure[:, 2]
        if not self._lenient or not rows[:, 3].any():
            return rows, odd
        seeming = [at for at in rows[rows[:, 3] > 0, 4].tolist() if type(quads[at].graph_name) is DefaultGraph]
        return rows[~np.isin(rows[:, 4], seeming)], np.concatenate((odd, np.array(seeming, np.int64)))

    def _looked_at(self, quads: Sequence[Quad], places: np.ndarray) -> Rows:
        """The rows of the statements at some places, as far as they are kept."""
        kept = [(at, self._plain(quads[at])) for at in places.tolist() if self._is_kept(quads[at])]
        written = serialize([quad for _, quad in kept], format=RdfFormat.N_QUADS) or b""
        rows, unsure, _ = self._reading.encode(written, trusted=True)
        if len(unsure):
            found = clip(str(kept[int(unsure[0, 2])][1]))
            raise DataError(f"expected a triple of nodes and literals, found {found}", self._reading.path)
        rows[:, 4] = np.array([at for at, _ in kept], np.int32)[rows[:, 4]]
        return rows

    def _is_kept(self, quad: Quad) -> bool:
        return self._is_old(quad) and (not self._lenient or self._is_good(quad))

    def _plain(self, quad: Quad) -> Quad:
        """The statement without a direction of text, and with plain names of blank nodes."""
        tail = quad.object
        if type(tail) is Literal and tail.direction is not None:
            tail = Literal(tail.value, language=tail.language)
        graph = self._named(quad.graph_name)
        return Quad(self._named(quad.subject), quad.predicate, self._named(tail), graph)

    def _named(self, term: Any) -> Any:  # noqa: ANN401 -- any term
        """A term; a new blank node for one whose name no line could hold."""
        if type(term) is not BlankNode or _LABEL.fullmatch(term.value):
            return term
        return self._blanks.setdefault(term.value, BlankNode())

    def _is_good(self, quad: Quad) -> bool:
        """Whether all terms of a statement are well-formed; a statement with one that is not is left out or refused."""
        reading, tail = self._reading, quad.object
        if type(tail) is Literal and tail.language is not None and not is_language(tail.language):
            self._leave_out(tail.language)
            return False
        bad = next((iri for iri in _iris(quad) if not is_iri(iri)), None)
        if bad is None:
            return True
        key = bad == quad.predicate.value  # a key that maps to no IRI, which JSON-LD allows and drops
        if not (key or reading.options.skip) and reading.options.base is None and ":" not in bad:
            raise DataError(relative(bad), reading.path, line_of(reading, self._name, bad))
        self._leave_out(bad)
        return False

    def _leave_out(self, bad: str) -> None:
        """Count a statement with a bad term; for the first ones, look where it stands in the file."""
        reading = self._reading
        line = line_of(reading, self._name, bad) if reading.left_out.wants(BAD_TERMS) else None
        reading.leave_out(BAD_TERMS, clip(bad), line)

    def _is_old(self, quad: Quad) -> bool:
        """Whether a statement is RDF 1.1; one with a triple term or a direction of text is left out or refused."""
        tail = quad.object
        directed = type(tail) is Literal and tail.direction is not None
        if directed and self._name == "json-ld":  # JSON-LD 1.1 drops the direction, not the text
            self._reading.leave_out(DIRECTIONS)
            return True
        if not directed and type(tail) is not Triple:
            return True
        if not self._reading.options.skip:
            message = "expected RDF 1.1, found a triple term or a direction of text (RDF 1.2), which are not kept"
            raise DataError(f'{message}; leave such statements out with on_error="skip"', self._reading.path)
        self._reading.leave_out(NEW_TERMS, clip(str(quad)))
        return False


def _iris(quad: Quad) -> Iterator[str]:
    """The IRIs of a statement, datatypes among them."""
    tail = quad.object
    if type(tail) is Literal and tail.language is None:
        yield tail.datatype.value
    for term in (quad.subject, quad.predicate, tail, quad.graph_name):
        if type(term) is NamedNode:
            yield term.value
