"""SPARQL over the graph, beside rdflib's store in memory: the same engine, other joins.

`python -m benchmarks.kg.sparql --data ../shared/data` prints the rows as JSON, for the first `lines` of the lexicon.
Each question is asked three times of both; the median counts, and the answers must have as many rows.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import rdflib

from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.sparql.query import query

Row = dict[str, object]

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
    """Seconds of each question, ours and rdflib's, and the ratio.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        lines: How many of its lines to load.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.nt"
        with gzip.open(data / "lexicon" / "oewn.nt.gz", "rt") as packed, path.open("w") as file:
            file.writelines(islice(packed, lines))
        store = GraphStore(graph=read_rdf(path))
        memory = rdflib.Graph().parse(path, format="nt")
    found = []
    for name, question in QUESTIONS.items():
        ours, count = _timed(lambda asked=question: len(query(store, asked, prefixes=PREFIXES).rows))
        theirs, expected = _timed(lambda asked=question: len(memory.query(asked, initNs=PREFIXES)))
        if count != expected:
            raise ValueError(f"{name}: expected {expected} rows, found {count}")
        ratio = theirs / ours
        found.append(
            {"what": f"SPARQL: {name}", "rows": count, "seconds": ours, "rdflib": theirs, "times faster": ratio}
        )
    return found


def _timed(ask: Callable[[], int]) -> tuple[float, int]:
    """Median seconds, and the number of rows; the first time, in which indexes are built, counts as one of three."""
    seconds, count = [], 0
    for _ in range(REPEATS):
        start = time.perf_counter()
        count = ask()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=200_000)
    arguments = parser.parse_args()
    print(json.dumps(rows(arguments.data, lines=arguments.lines), indent=1))
