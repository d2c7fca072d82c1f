"""SPARQL over the graph, beside rdflib's store in memory: the same engine, other joins.

Over the first lines of the lexicon. Each question is asked three times of both; the median counts, and the answers must
have as many rows.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import rdflib

from benchmarks.kg.row import Row, first_lines, row_of
from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.sparql.query import query

REPEATS = 3
PREFIXES = {"wn": "https://globalwordnet.github.io/schemas/wn#", "skos": "http://www.w3.org/2004/02/skos/core#"}
QUESTIONS = {
    "two patterns": "SELECT * { ?a wn:similar ?b . ?b skos:prefLabel ?l }",
    "star of four": "SELECT ?x ?l ?d { ?x wn:partOfSpeech ?p ; skos:prefLabel ?l ; skos:definition ?d ; wn:ili ?i }",
    "from a literal": "SELECT * { ?x skos:prefLabel 'good'@en . ?x wn:similar ?y . ?y skos:prefLabel ?l }",
    "triangle": "SELECT ?a ?b ?c { ?a wn:similar ?b . ?b wn:also ?c . ?a wn:also ?c }",
    "join on literals": "SELECT ?a ?b { ?a skos:prefLabel ?w . ?b skos:altLabel ?w FILTER(?a != ?b) }",
    "optional": "SELECT * { ?x skos:prefLabel ?e OPTIONAL { ?x wn:also ?w } }",
    "not exists": "SELECT (COUNT(?x) AS ?n) { ?x skos:prefLabel ?l FILTER NOT EXISTS { ?x wn:similar ?y } }",
    "path": "SELECT ?e ?l { ?e wn:similar/skos:prefLabel ?l }",
    "closure": "SELECT ?e ?y { ?e skos:prefLabel 'good'@en . ?e wn:similar+ ?y }",
    "filter on text": "SELECT ?e { ?e skos:prefLabel ?w FILTER(STRSTARTS(?w, 'aban')) }",
    "counts by predicate": "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p",
    "distinct predicates": "SELECT DISTINCT ?p { ?s ?p ?o }",
    "order and limit": "SELECT ?x ?l { ?x wn:also ?y ; skos:prefLabel ?l } ORDER BY ?l LIMIT 20",
    "first ten": "SELECT * { ?s ?p ?o } LIMIT 10",
}


def rows(data: Path, *, lines: int = 200_000) -> list[Row]:
    """Milliseconds of each question, ours and rdflib's, and the ratio.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        lines: How many of its lines to load.

    Raises:
        ValueError: The answers differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = first_lines(data, Path(folder) / "part.nt", lines)
        store = GraphStore(graph=read_rdf(path))
        memory = rdflib.Graph().parse(path, format="nt")
    found = []
    for name, question in QUESTIONS.items():
        ours, count = _timed(lambda asked=question: len(query(store, asked, prefixes=PREFIXES).rows))
        theirs, expected = _timed(lambda asked=question: len(memory.query(asked, initNs=PREFIXES)))
        if count != expected:
            raise ValueError(f"{name}: expected {expected} rows, found {count}")
        found.append(row_of("SPARQL", name, "ragmtl", "p50_ms", ours * 1e3))
        found.append(row_of("SPARQL", name, "rdflib", "p50_ms", theirs * 1e3))
        found.append(row_of("SPARQL", name, "ragmtl", "times_as_fast_as_rdflib", theirs / ours))
    return found


def _timed(ask: Callable[[], int]) -> tuple[float, int]:
    """Median seconds, and the number of rows; the first time, in which indexes are built, counts as one of three."""
    seconds, count = [], 0
    for _ in range(REPEATS):
        start = time.perf_counter()
        count = ask()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), count
