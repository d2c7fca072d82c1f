"""Triples of a SPARQL endpoint: pages of CONSTRUCT as N-Triples, beside rows through rdflib's SPARQLStore.

`python -m benchmarks.kg.endpoint --data ../shared/data` prints the rows as JSON. It loads the first `lines` of the
lexicon into an Oxigraph server on this machine (`pip install oxigraph`), and makes a graph of them both ways, with
pages of the same size.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from rdflib import Graph
from rdflib.plugins.stores.sparqlstore import SPARQLStore

from ragmtl.kg.bridge.collect import Collector
from ragmtl.kg.endpoints.endpoint import Endpoint
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf

Row = dict[str, object]


def rows(data: Path, *, lines: int = 200_000, page: int = 10_000) -> list[Row]:
    """Seconds from an endpoint to a graph, and the ratio; nothing where there is no Oxigraph.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        lines: How many of its lines to serve.
        page: Triples of a page.
    """
    program = _program()
    if program is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with gzip.open(data / "lexicon" / "oewn.nt.gz", "rt") as packed, (folder / "part.nt").open("w") as file:
            file.writelines(islice(packed, lines))
        with _serving(program, folder) as url:
            start = time.perf_counter()
            path = Endpoint(url, page=page).fetch(folder / "cache")
            fetched = time.perf_counter() - start
            graph = read_rdf(path)
            ours = time.perf_counter() - start
            start = time.perf_counter()
            expected = through_rows(url, page)
            theirs = time.perf_counter() - start
    if (len(graph), len(graph.literals)) != (len(expected), len(expected.literals)):
        raise ValueError(f"expected {len(expected)} triples, found {len(graph)}")
    statements = len(graph) + len(graph.literals)
    return [
        {
            "what": "endpoint to graph",
            "statements": statements,
            "seconds": ours,
            "of which fetching": fetched,
            "statements a second": statements / ours,
            "through SPARQLStore": theirs,
            "times faster": theirs / ours,
        }
    ]


def through_rows(url: str, page: int) -> KnowledgeGraph:
    """The same through rdflib: rows of a SELECT, page by page, each made of terms."""
    graph, collector, offset = Graph(SPARQLStore(url)), Collector(), 0
    while True:
        found = list(graph.query(f"SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT {page} OFFSET {offset}"))
        for row in found:
            collector.add((row[0], row[1], row[2]))
        offset += len(found)
        if len(found) < page:
            return collector.build()


@contextmanager
def _serving(program: str, folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = ["--location", str(folder / "db")]
    load = [program, "load", *place, "--file", str(folder / "part.nt"), "--format", "nt"]
    subprocess.run(load, check=True, capture_output=True)
    serve = [program, "serve-read-only", *place, "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/query"
        finally:
            server.terminate()


def _program() -> str | None:
    beside = Path(sys.executable).with_name("oxigraph")
    return str(beside) if beside.exists() else shutil.which("oxigraph")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--page", type=int, default=10_000)
    arguments = parser.parse_args()
    print(json.dumps(rows(arguments.data, lines=arguments.lines, page=arguments.page), indent=1))
