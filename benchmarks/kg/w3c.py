"""The W3C's test suites, run against `read_rdf`: how many tests each lane passes, and which it fails.

    python -m benchmarks.kg.w3c FOLDER [--lane rdflib] [--failures]

FOLDER is searched for `manifest.ttl` (N-Triples, N-Quads, Turtle, TriG, RDF/XML) and for the `toRdf-manifest.jsonld` of
JSON-LD 1.1. The suites are not part of this project; the source distribution of rdflib carries them:

    pip download --no-deps --no-binary :all: rdflib==7.6.0 && tar xzf rdflib-7.6.0.tar.gz
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pyoxigraph
import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF
from rich.console import Console
from rich.table import Table

from benchmarks.kg.row import Row, row_of
from ragmtl.errors import Error
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.parsing.read import Lane, read_rdf

MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
ASSUMED_BASE = rdflib.URIRef("http://www.w3.org/ns/rdftest#assumedTestBase")
KINDS = {"NTriples": "nt", "NQuads": "nquads", "Turtle": "turtle", "Trig": "trig", "XML": "xml"}
BASES = {
    "turtle": "http://www.w3.org/2013/TurtleTests/",
    "trig": "http://www.w3.org/2013/TriGTests/",
    "xml": "http://www.w3.org/2013/RDFXMLTests/",
}
COPIES = {"TurtleTests": "https://w3c.github.io/N3/tests/TurtleTests/"}
"""Bases of suites that stand in another one, by their folder: N3 has the tests of Turtle, too."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test: a file that must be read (to the graph in `result`, where there is one) or refused."""

    suite: str
    name: str
    rdf_format: str
    action: Path
    base: str
    positive: bool
    result: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a test."""

    test: Test
    lane: str
    passed: bool
    reason: str = ""
    refused: bool = False


def find_tests(folder: Path) -> Iterator[Test]:
    """All tests of the suites below a folder."""
    for manifest in sorted(folder.rglob("manifest.ttl")):
        yield from _rdf_tests(manifest)
    for manifest in sorted(folder.rglob("toRdf-manifest.jsonld")):
        yield from _json_tests(manifest)


def run(test: Test, lane: Lane | None) -> Outcome:
    """Run one test in one lane (the default one where None)."""
    named = lane or "default"
    try:
        found = _read(test, lane)
    except Error as error:
        return Outcome(test, named, not test.positive, str(error) if test.positive else "", refused=test.positive)
    if not test.positive:
        return Outcome(test, named, False, "read, but should be refused")
    if test.result is None:
        return Outcome(test, named, True)
    try:
        wanted = _expected(test.result)
    except SyntaxError as error:
        return Outcome(test, named, False, f"the result is no RDF: {error}")
    return Outcome(test, named, found == wanted, "" if found == wanted else f"expected {wanted}, found {found}")


def outcomes(folder: Path, lane: Lane | None = None) -> list[Outcome]:
    """All tests below a folder in one lane."""
    return [run(test, lane) for test in find_tests(folder)]


def counts(found: list[Outcome]) -> dict[str, tuple[int, int]]:
    """For each suite how many tests passed, and of how many."""
    suites = sorted({outcome.test.suite for outcome in found})
    rows = {suite: [outcome for outcome in found if outcome.test.suite == suite] for suite in suites}
    return {suite: (sum(outcome.passed for outcome in row), len(row)) for suite, row in rows.items()}


def refusals(found: list[Outcome]) -> dict[str, int]:
    """For each suite how many files were refused that should be read."""
    return {suite: sum(one.refused for one in found if one.test.suite == suite) for suite in counts(found)}


def rows(folder: Path) -> list[Row]:
    """How many tests of each suite each lane passes, of how many; nothing where the folder holds no suite."""
    results = {lane or "default": outcomes(folder, lane) for lane in (None, *get_args(Lane))}
    return [
        row_of("W3C tests", suite, lane, metric, value, data="W3C")
        for lane, found in results.items()
        for suite, (passed, tests) in counts(found).items()
        for metric, value in (("passed", passed), ("refused", refusals(found)[suite]), ("tests", tests))
    ]


def _rdf_tests(manifest: Path) -> Iterator[Test]:
    graph = rdflib.Graph().parse(manifest, format="turtle", publicID=manifest.parent.as_uri() + "/")
    suite = next(iter(graph.subjects(RDF.type, MF.Manifest)), None)
    entries = None if suite is None else graph.value(suite, MF.entries)
    if entries is None:
        return
    assumed = graph.value(suite, ASSUMED_BASE)
    for entry in Collection(graph, entries):
        kind = str(graph.value(entry, RDF.type)).rpartition("#Test")[2]
        name = next((known for start, known in KINDS.items() if kind.startswith(start)), None)
        if name is None:
            continue
        action, result = (_local(graph.value(entry, link)) for link in (MF.action, MF.result))
        folder = COPIES.get(manifest.parent.name, BASES.get(name, ""))
        base = str(assumed or folder) + (action.relative_to(manifest.parent).as_posix() if action else "")
        title = str(graph.value(entry, MF.name))
        if action is not None:
            yield Test(manifest.parent.name, title, name, action, base, "Negative" not in kind, result)


def _local(iri: object) -> Path | None:
    return None if iri is None else Path(str(iri).removeprefix("file://"))


def _json_tests(manifest: Path) -> Iterator[Test]:
    content = json.loads(manifest.read_text(encoding="utf-8"))
    if "json-ld-api" not in content.get("baseIri", ""):  # the suite of JSON-LD 1.0
        return
    for entry in content["sequence"]:
        option = entry.get("option", {})
        if option.get("specVersion") == "json-ld-1.0":  # what JSON-LD 1.1 took back
            continue
        positive = "jld:NegativeEvaluationTest" not in entry["@type"]
        result = manifest.parent / entry["expect"] if "expect" in entry else None
        base = option.get("base", content["baseIri"] + entry["input"])
        action = manifest.parent / entry["input"]
        yield Test("json-ld", entry["@id"] + " " + entry["name"], "json-ld", action, base, positive, result)


def _read(test: Test, lane: Lane | None) -> str:
    base = test.base if test.rdf_format not in ("nt", "nquads") else None
    try:
        graph = read_rdf(test.action, rdf_format=test.rdf_format, base=base, lane=lane)
    except Error as error:
        if test.positive and "expected at least one triple" in str(error):
            return ""
        raise
    return _canonical(_quads(graph))


def _expected(path: Path) -> str:
    kind = pyoxigraph.RdfFormat.from_extension(path.suffix[1:])
    return _canonical(path.read_bytes(), kind)


def _canonical(content: bytes, kind: pyoxigraph.RdfFormat | None = pyoxigraph.RdfFormat.N_QUADS) -> str:
    # leniently: some tests have characters in prefixed names that no IRI may hold
    dataset = pyoxigraph.Dataset(pyoxigraph.parse(content, kind, lenient=True))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    return "\n".join(sorted(str(quad) for quad in dataset))


def _quads(graph: KnowledgeGraph) -> bytes:
    """The graph as N-Quads."""
    lines = []
    for triple in range(len(graph)):
        head, relation, tail = graph.triple(triple)
        terms = _term(graph.nodes[head]), _term(graph.relations[relation]), _term(graph.nodes[tail])
        lines += [" ".join((*terms, _term(origin.graph), ".")) for origin in graph.origins_of(triple)]
    for row, node in enumerate(graph.literals.nodes.tolist()):
        link = graph.relations[int(graph.literals.relation_ids[row])]
        terms = _term(graph.nodes[node]), _term(link), _value(graph.literals[row])
        lines += [" ".join((*terms, _term(origin.graph), ".")) for origin in graph.literal_origins_of(row)]
    return "\n".join(lines).encode()


def _term(name: str) -> str:
    return name if name.startswith("_:") or not name else f"<{name}>"


def _value(literal: Literal) -> str:
    text = "".join(char if ord(char) > 31 and char not in '"\\' else f"\\u{ord(char):04X}" for char in literal.text)
    return (
        f'"{text}"'
        + (f"@{literal.language}" if literal.language else "")
        + (f"^^<{literal.datatype}>" if literal.datatype else "")
    )


def main() -> None:
    """Run the suites and print what passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lane", choices=["default", *get_args(Lane)], help="one lane; all where left out")
    parser.add_argument("--failures", action="store_true", help="also print each failed test")
    options = parser.parse_args()
    console = Console()
    named = [options.lane] if options.lane else ["default", *get_args(Lane)]
    table = Table("suite", *named)
    results = {lane: outcomes(options.folder, None if lane == "default" else lane) for lane in named}
    passed = {lane: counts(found) for lane, found in results.items()}
    for suite in passed[named[0]]:
        refused = {lane: refusals(results[lane])[suite] for lane in named}
        shown = {lane: f"; {refused[lane]} refused" if refused[lane] else "" for lane in named}
        table.add_row(suite, *("{} of {}".format(*passed[lane][suite]) + shown[lane] for lane in named))
    console.print(table)
    if options.failures:
        for found in results.values():
            for outcome in (outcome for outcome in found if not outcome.passed):
                reason = re.sub(r"\s+", " ", outcome.reason)[:160]
                console.print(f"{outcome.lane} {outcome.test.suite} {outcome.test.name}: {reason}", markup=False)


if __name__ == "__main__":
    main()
