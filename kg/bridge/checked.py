"""Lane (iii), checked: what rdflib makes of a file is kept only where it is what the standard says.

rdflib lets bad Turtle and TriG pass, and reads some of JSON-LD 1.1 otherwise than the standard (containers of graphs,
protected terms, scoped contexts, dots in relative IRIs, numbers). Lane (ii), which passes the W3C's suites, reads the
file first, which is cheap beside rdflib: what it refuses is refused, and what rdflib reads otherwise is refused with a
statement that differs. RDF/XML and lines are not checked, as rdflib passes all their tests.
"""

from __future__ import annotations

from ragmtl.errors import DataError
from ragmtl.kg.bridge.alike import difference
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing import oxigraph, rdflib_reader
from ragmtl.kg.parsing.reading import Reading
from ragmtl.kg.parsing.sniff import TITLES

UNCHECKED = ("nt", "nquads", "xml")


def parse_file(reading: Reading, name: str) -> None:
    """Read one file with rdflib.

    Raises:
        DataError: It is malformed (with the line), or rdflib does not read it as the standard says.
    """
    if name in UNCHECKED:
        rdflib_reader.parse_file(reading, name)
        return
    standard = Reading(GraphBuilder(), reading.path, reading.number, options=reading.options)
    try:
        oxigraph.parse_file(standard, name)
    except oxigraph.ElsewhereError:  # what only rdflib reads: formulas of N3, terms beyond 16 MiB
        rdflib_reader.parse_file(reading, name)
        return
    first = Reading(GraphBuilder(), reading.path, reading.number, options=reading.options)
    rdflib_reader.parse_file(first, name)
    found = difference(_built(first), _built(standard))
    if found is not None:
        message = f"expected {TITLES[name]} that rdflib reads as the standard says, found that {found}"
        raise DataError(f"{message}; leave out lane='rdflib'", reading.path)
    first.builder.flush((first.number, 0))
    reading.absorb(first.builder, first.count, first.left_out)
    reading.left_out.at_least(standard.left_out)


def _built(reading: Reading) -> KnowledgeGraph | None:
    return reading.builder.build() if len(reading.builder) else None
