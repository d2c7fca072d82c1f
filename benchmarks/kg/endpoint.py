"""Triples of a SPARQL endpoint: pages of CONSTRUCT as N-Triples, beside rows through rdflib's SPARQLStore.

The first lines of the lexicon go into an Oxigraph server on this machine (`pip install oxigraph`), and become a graph
both ways, with pages of the same size.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rdflib import Graph
from rdflib.plugins.stores.sparqlstore import SPARQLStore

from benchmarks.kg.row import Row, first_lines, row_of
from ragmtl.kg.bridge.collect import Collector
from ragmtl.kg.endpoints.endpoint import Endpoint
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf


def rows(data: Path, *, lines: int = 200_000, page: int = 10_000) -> list[Row]:
    """Seconds from an endpoint to a graph, and the ratio; nothing where there is no Oxigraph.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        lines: How many of its lines to serve.
        page: Triples of a page.

    Raises:
        ValueError: The two graphs differ.
    """
    program = _program()
    if program is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first_lines(data, folder / "part.nt", lines)
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
    statements, slice_ = len(graph) + len(graph.literals), f"{lines} lines, pages of {page}"
    return [
        row_of("endpoint", slice_, "CONSTRUCT as N-Triples", "seconds", ours),
        row_of("endpoint", slice_, "CONSTRUCT as N-Triples", "seconds_fetching", fetched),
        row_of("endpoint", slice_, "CONSTRUCT as N-Triples", "rate", statements / ours),
        row_of("endpoint", slice_, "rdflib's SPARQLStore", "rate", statements / theirs),
        row_of("endpoint", slice_, "CONSTRUCT as N-Triples", "times_as_fast_as_rdflib", theirs / ours),
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
