"""Real servers, on this machine only: Oxigraph (`pip install oxigraph`) and Virtuoso (`virtuoso-opensource-7-bin`)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.endpoints.endpoint import Endpoint
from ragmtl.kg.endpoints.pages import lines_of, parts_of
from ragmtl.kg.endpoints.web import Client, Manners
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf

GRAPH = "http://x/g"
COUNT = 12_000  # Virtuoso sorts at most 10,000 rows where a query is not nested
INI = """
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DirsAllowed = {folder}
NumberOfBuffers = 4000
MaxDirtyBuffers = 3000
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 4
[SPARQL]
ResultSetMaxRows = 3000
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.nt"
    rows = [f"<http://x/n{row:05}> <http://x/p> <http://x/n{row * 7 % COUNT:05}> ." for row in range(COUNT)]
    rows += [f'<http://x/n{row:05}> <http://x/label> "name {row} \\u00e9"@en .' for row in range(0, COUNT, 4)]
    rows += [f"<http://x/n{row:05}> <http://x/has> _:b{row} ." for row in range(0, COUNT, 8)]
    rows += [f'_:b{row} <http://x/value> "{row:06}"^^<http://x/number> .' for row in range(0, COUNT, 8)]
    rows += [f"<http://x/n{row:05}> a <http://x/C> .".replace(" a ", f" <{TYPE}> ") for row in range(0, COUNT, 3)]
    path.write_text("\n".join(rows) + "\n")
    return path


TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


@pytest.fixture(scope="module")
def expected(data: Path) -> KnowledgeGraph:
    return read_rdf(data)


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """A server that listens."""
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        try:
            for _ in range(1200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            else:
                pytest.fail(f"no server after two minutes: {log.read_text()}")
            yield
        finally:
            process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program(name: str) -> str | None:
    """A program beside this Python, or on the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


@pytest.fixture(scope="module")
def oxigraph(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = program("oxigraph")
    if found is None:
        pytest.skip("no Oxigraph here: pip install oxigraph")
    folder, port = tmp_path_factory.mktemp("oxigraph"), free_port()
    load = [found, "load", "--location", str(folder / "db"), "--file", str(data), "--format", "nt"]
    subprocess.run(load, check=True, capture_output=True)
    serve = [found, "serve-read-only", "--location", str(folder / "db"), "--bind", f"127.0.0.1:{port}"]
    with running(serve, port, folder / "log"):
        yield f"http://127.0.0.1:{port}/query"


@pytest.fixture(scope="module")
def virtuoso(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found, isql = program("virtuoso-t"), program("isql-vt")
    if found is None or isql is None:
        pytest.skip("no Virtuoso here: apt-get install virtuoso-opensource-7-bin")
    folder, sql, http = tmp_path_factory.mktemp("virtuoso"), free_port(), free_port()
    shutil.copy(data, folder / "data.nt")
    (folder / "virtuoso.ini").write_text(INI.format(folder=folder, sql=sql, http=http))
    serve = [found, "+configfile", str(folder / "virtuoso.ini"), "+foreground"]
    with running(serve, http, folder / "log"):
        load = f"DB.DBA.TTLP_MT(file_to_string_output('{folder}/data.nt'), '', '{GRAPH}');"
        subprocess.run([isql, f"127.0.0.1:{sql}", "dba", "dba", f"exec={load}"], check=True, capture_output=True)
        yield f"http://127.0.0.1:{http}/sparql"


@pytest.fixture(params=["oxigraph", "virtuoso"])
def source(request: pytest.FixtureRequest) -> Endpoint:
    url: str = request.getfixturevalue(request.param)
    return Endpoint(url, graphs=(GRAPH,) if request.param == "virtuoso" else (), page=5000)


def shape(graph: KnowledgeGraph) -> tuple[object, ...]:
    """Counts, and everything that is not called by a blank node."""
    triples = (graph.triple(row) for row in range(len(graph)))
    named = sorted((graph.nodes[h], graph.relations[r], graph.nodes[t]) for h, r, t in triples)
    kept = [triple for triple in named if not (triple[0] + triple[2]).count("_:")]
    return len(graph), len(graph.literals), len(graph.nodes), kept, sorted(graph.literals.texts)


def test_all_of_it_is_fetched(source: Endpoint, expected: KnowledgeGraph, tmp_path: Path) -> None:
    found = read_rdf(source.fetch(tmp_path))
    assert shape(found) == shape(expected)
    assert {origin.graph for origin in found.origins} == set(source.graphs or ("",))


def test_the_fetch_goes_on_after_an_error(source: Endpoint, expected: KnowledgeGraph, tmp_path: Path) -> None:
    calls = []

    def stop(name: str, count: int) -> None:
        calls.append(count)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        source.fetch(tmp_path, stop)
    (data,) = tmp_path.glob("*/data.n*")
    there = data.stat().st_size
    path = source.fetch(tmp_path, stop)
    assert there > 100_000
    assert calls[2] > calls[1] == there_lines(data, there)
    assert shape(read_rdf(path)) == shape(expected)


def there_lines(data: Path, size: int) -> int:
    return data.read_bytes()[:size].count(b"\n")


def test_classes_and_predicates(source: Endpoint, tmp_path: Path) -> None:
    some = Endpoint(source.url, ("http://x/C",), ("http://x/p", "http://x/label"), source.graphs, page=3000)
    found = read_rdf(some.fetch(tmp_path))
    assert (len(found), len(found.literals)) == (COUNT // 3, COUNT // 12)
    assert set(found.relations) == {"http://x/p", "http://x/label"}


def test_a_query(source: Endpoint, tmp_path: Path) -> None:
    clause = f"FROM <{GRAPH}>" if source.graphs else ""
    query = f"""PREFIX x: <http://x/>
        CONSTRUCT {{ ?a x:two ?c ; x:name ?n }} {clause} WHERE {{ ?a x:p/x:p ?c OPTIONAL {{ ?a x:label ?n }} }}"""
    found = read_rdf(Endpoint(source.url, query=query, page=3000).fetch(tmp_path))
    assert (len(found), len(found.literals)) == (COUNT, COUNT // 4)


def test_sorted_pages_go_deep(source: Endpoint) -> None:
    (part,) = parts_of((), ("http://x/p",), source.graphs, "")
    client = Client(source.url)
    found = [lines_of(client.ask(part.page(100, offset, ordered=True)), "") for offset in (11_000, 11_099)]
    assert [len(lines) for lines in found] == [100, 100]
    assert len(set(found[0]) & set(found[1])) == 1


def test_another_place_is_an_error(source: Endpoint, tmp_path: Path) -> None:
    there = Endpoint(source.url.rpartition("/")[0] + "/nowhere", manners=Manners(attempts=1))
    with pytest.raises(DataError, match=r"expected N-Triples, found (HTTP 404|text/html)"):
        there.fetch(tmp_path)


def test_what_the_server_says_is_shown(source: Endpoint) -> None:
    with pytest.raises(DataError, match=r"expected N-Triples, found HTTP 400: .*(expected|compiler)"):
        Client(source.url).ask("CONSTRUCT { ?s ?p ?o WHERE")
