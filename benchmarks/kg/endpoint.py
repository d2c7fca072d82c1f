"""Triples of a SPARQL endpoint: pages of CONSTRUCT as N-Triples, beside rows through rdflib's SPARQLStore.

The first lines of the lexicon go into an Oxigraph server on this machine (`pip install oxigraph`), and become a graph
both ways, with pages of the same size. Each way is taken once for a few triples first, so that
loading compiled code (about a second, once in a process) is not part of the times; the best of some tries counts.
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

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def rows(data: Path, *, lines: int = 200_000, page: int = 10_000, repeats: int = 2) -> list[Row]:
    """Seconds from an endpoint to a graph, and the ratio; nothing where there is no Oxigraph.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        lines: How many of its lines to serve.
        page: Triples of a page.
        repeats: How often each way is taken.

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
            read_rdf(Endpoint(url, query=f"CONSTRUCT WHERE {{ ?s <{TYPE}> ?o }}").fetch(folder / "first"))
            through_rows(url, page, most=page)
            tries = [through_pages(url, page, folder / f"cache{number}") for number in range(repeats)]
            ours, fetched, graph = min(tries, key=lambda one: one[0])
            theirs = float("inf")
            for _ in range(repeats):
                start = time.perf_counter()
                expected = through_rows(url, page)
                theirs = min(theirs, time.perf_counter() - start)
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


def through_pages(url: str, page: int, cache: Path) -> tuple[float, float, KnowledgeGraph]:
    """Seconds in all, seconds of fetching, and the graph."""
    start = time.perf_counter()
    path = Endpoint(url, page=page).fetch(cache)
    fetched = time.perf_counter() - start
    graph = read_rdf(path)
    return time.perf_counter() - start, fetched, graph


def through_rows(url: str, page: int, most: int | None = None) -> KnowledgeGraph:
    """The same through rdflib: rows of a SELECT, page by page, each made of terms; until there are `most`."""
    graph, collector, offset = Graph(SPARQLStore(url)), Collector(), 0
    while True:
        found = list(graph.query(f"SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT {page} OFFSET {offset}"))
        for row in found:
            collector.add((row[0], row[1], row[2]))
        offset += len(found)
        if len(found) < page or (most is not None and offset >= most):
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
