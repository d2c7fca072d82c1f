"""A graph behind real endpoints: Oxigraph, and Virtuoso where it is installed; and one that misbehaves."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.vocabulary import TYPE
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.servers.asking import Patience
from ragmtl.retrieval.servers.explore import Reach, explore
from ragmtl.retrieval.servers.lookups import names_in
from ragmtl.retrieval.servers.sparql import SparqlGraph, Statements, Width
from ragmtl.retrieval.settings import RetrievalSettings
from tests.kg.endpoints.test_servers import INI, free_port, program, running
from tests.retrieval.servers.conftest import KITCHEN, K

GRAPH = "http://x/kitchen"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
SETTINGS = RetrievalSettings(passages=4, nodes=24)


@pytest.fixture(scope="session")
def virtuoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found, isql = program("virtuoso-t"), program("isql-vt")
    if found is None or isql is None:
        pytest.skip("no Virtuoso here: apt-get install virtuoso-opensource-7-bin")
    folder, sql, http = tmp_path_factory.mktemp("virtuoso"), free_port(), free_port()
    (folder / "virtuoso.ini").write_text(INI.format(folder=folder, sql=sql, http=http))
    serve = [found, "+configfile", str(folder / "virtuoso.ini"), "+foreground"]
    with running(serve, http, folder / "log"):
        for path in sorted((KITCHEN / "graph").glob("*.ttl")):
            shutil.copy(path, folder / path.name)
            load = f"DB.DBA.TTLP_MT(file_to_string_output('{folder / path.name}'), '', '{GRAPH}');"
            subprocess.run([isql, f"127.0.0.1:{sql}", "dba", "dba", f"exec={load}"], check=True, capture_output=True)
        yield f"http://127.0.0.1:{http}/sparql"


@pytest.fixture(params=["oxigraph", "virtuoso"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def graph() -> KnowledgeGraph:
    return read_rdf(KITCHEN / "graph")


def graphs(url: str) -> tuple[str, ...]:
    return (GRAPH,) if url.endswith("/sparql") else ()


def edges(statements: Statements) -> set[tuple[str, str, str]]:
    return {(head, link, tail) for head, link, tail in statements if isinstance(tail, str)}


def expected_edges(graph: KnowledgeGraph, *names: str) -> set[tuple[str, str, str]]:
    wanted = {graph.nodes.find(K + name) for name in names}
    every = (graph.triple(row) for row in range(len(graph)))
    return {
        (graph.nodes[head], graph.relations[link], graph.nodes[tail])
        for head, link, tail in every
        if head in wanted or tail in wanted
    }


def test_names_are_found_as_they_may_be_written(url: str) -> None:
    found = SparqlGraph(url, graphs=graphs(url)).named(names_in("Onion and Green ONIONS, Panna Cotta"))
    assert {head.removeprefix(K) for head, _, _ in found} >= {"onion", "spring-onion", "panna-cotta"}
    assert all(isinstance(name, Literal) for _, _, name in found)


def test_names_of_another_language_need_it(url: str) -> None:
    assert not SparqlGraph(url, graphs=graphs(url), languages=("de",)).named(["onion"])
    assert SparqlGraph(url, graphs=graphs(url), languages=("de", "en")).named(["onion"])


def test_all_edges_of_nodes_with_few_come(url: str, graph: KnowledgeGraph) -> None:
    found = SparqlGraph(url, graphs=graphs(url), width=Width(edges=1000)).around([K + "sumac", K + "tahini"])
    assert edges(found.statements) == expected_edges(graph, "sumac", "tahini")
    assert not found.edges


def test_of_hubs_some_edges_of_each_relation_come(url: str, graph: KnowledgeGraph) -> None:
    width = Width(edges=20, per_relation=5)
    found = SparqlGraph(url, graphs=graphs(url), width=width).around([K + "italian"])
    every = expected_edges(graph, "italian")
    assert edges(found.statements) < every
    assert len(edges(found.statements)) <= 20 + 5 * 10 + 20
    into = Counter(link for _, link, tail in every if tail == K + "italian")
    assert Counter(link for _, link, tail in edges(found.statements) if tail == K + "italian").keys() == into.keys()
    assert found.edges == {K + "italian": sum(into.values())}


def test_hidden_relations_are_not_asked_for(url: str) -> None:
    server = SparqlGraph(url, graphs=graphs(url), width=Width(edges=20))
    for names in (["sumac"], ["italian"]):
        found = server.around([K + name for name in names], frozenset({K + "typicalOf", K + "cuisine"}))
        assert found.statements
        assert not {link for _, link, _ in found.statements} & {K + "typicalOf", K + "cuisine"}


def test_nodes_are_described(url: str, graph: KnowledgeGraph) -> None:
    found = SparqlGraph(url, graphs=graphs(url)).described([K + "sumac", K + "risotto-alla-milanese", K + "nothing"])
    assert (K + "sumac", TYPE, K + "Ingredient") in found
    labels = {head: name.text for head, link, name in found if link == LABEL and isinstance(name, Literal)}
    assert labels == {K + "sumac": "sumac", K + "risotto-alla-milanese": "Risotto alla milanese"}


def test_labels_in_other_languages_are_better_than_none(url: str) -> None:
    found = SparqlGraph(url, graphs=graphs(url), languages=("de",)).described([K + "sumac"])
    assert [name.text for _, link, name in found if link == LABEL and isinstance(name, Literal)] == ["sumac"]


@pytest.mark.parametrize("evil", ["http://x/> <http://x/p> ?o } #", "not an IRI", "", "_:b0", 'http://x/"', "\ud800"])
def test_what_is_no_iri_is_not_asked_for(url: str, evil: str) -> None:
    server = SparqlGraph(url, graphs=graphs(url))
    assert server.around([evil]).statements == []
    assert server.described([evil]) == []


@pytest.mark.parametrize("name", ['onion" } #', "\\", "\n", '"""', "\ud800", "\u0000", "'", "{}"])
def test_any_name_can_be_looked_up(url: str, name: str) -> None:
    assert SparqlGraph(url, graphs=graphs(url)).named([name]) == []


def test_many_nodes_go_into_few_requests(url: str, graph: KnowledgeGraph) -> None:
    server = SparqlGraph(url, graphs=graphs(url))
    nodes = [iri for iri in graph.nodes if iri.startswith(K)][:150]
    asked: list[str] = []
    once = server._client.ask
    server._client.ask = lambda query: asked.append(query) or once(query)  # type: ignore[func-returns-value, method-assign]
    assert len(server.around(nodes).statements) > 500
    assert len(asked) < 25


def test_a_query_explores_what_it_names(url: str, graph: KnowledgeGraph) -> None:
    found = explore(SparqlGraph(url, graphs=graphs(url)), Query("onion soup with sumac"), SETTINGS, Reach())
    assert found.graph is not None
    assert found.trouble == ""
    sumac = found.graph.nodes.find(K + "sumac")
    assert sumac is not None
    assert found.graph.label(sumac) == "sumac"
    assert found.graph.types(sumac) == ["ingredient"]
    assert set(found.graph.nodes) <= {*graph.nodes, *graph.relations}


def test_blank_nodes_are_passed_over(tmp_path: Path) -> None:
    found = program("oxigraph")
    if found is None:
        pytest.skip("no Oxigraph here: pip install oxigraph")
    data = tmp_path / "data.nt"
    data.write_text(
        "<http://x/a> <http://x/p> _:b .\n_:b <http://x/p> <http://x/a> .\n<http://x/a> <http://x/p> <http://x/c> .\n"
    )
    subprocess.run(
        [found, "load", "--location", str(tmp_path / "db"), "--file", str(data)], check=True, capture_output=True
    )
    port = free_port()
    serve = [found, "serve-read-only", "--location", str(tmp_path / "db"), "--bind", f"127.0.0.1:{port}"]
    with running(serve, port, tmp_path / "log"):
        around = SparqlGraph(f"http://127.0.0.1:{port}/query").around(["http://x/a"])
    assert around.statements == [("http://x/a", "http://x/p", "http://x/c")]


@pytest.fixture
def broken() -> Iterator[tuple[str, list[bytes]]]:
    """An endpoint that answers what it is told to."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            self.rfile.read(int(self.headers["Content-Length"]))
            body = bodies.pop(0) if bodies else b""
            self.send_response(200)
            self.send_header("Content-Type", "application/n-triples")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}/sparql", bodies
    web.shutdown()
    thread.join()
    web.server_close()


@pytest.mark.parametrize(
    "body", [b"nonsense .\n", b"<http://x/a> <http://x/p> .\n", b"\xff\xfe .\n", b"<a> <b> <c> .\n"]
)
def test_garbage_is_an_error(broken: tuple[str, list[bytes]], body: bytes) -> None:
    url, bodies = broken
    bodies += [body] * 3
    with pytest.raises(DataError, match="expected"):
        SparqlGraph(url, patience=Patience(attempts=1)).named(["x"])


def test_what_came_before_the_trouble_stays(broken: tuple[str, list[bytes]]) -> None:
    url, bodies = broken
    bodies += [b'<http://x/a> <http://www.w3.org/2000/01/rdf-schema#label> "sumac"@en .\n', b"nonsense .\n"]
    found = explore(SparqlGraph(url, patience=Patience(attempts=1)), Query("sumac"), SETTINGS, Reach())
    assert found.graph is not None
    assert list(found.graph.nodes) == ["http://x/a"]
    assert "expected" in found.trouble


@pytest.mark.parametrize("bad", [{"languages": ("de_AT",)}, {"graphs": ("no iri",)}, {"graphs": ("http://x/> {",)}])
def test_settings_that_are_none_are_refused(bad: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(DataError, match="expected"):
        SparqlGraph("http://x/sparql", **bad)  # type: ignore[arg-type]
