from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from threading import Thread
from types import SimpleNamespace

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.sparql import query as asked
from ragmtl.kg.sparql.query import query

PREFIXES = {"x": "http://x/"}


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    triples: list[tuple[str, str, str | Literal]] = [
        (f"http://x/n{one}", "http://x/p", f"http://x/n{other}") for one in range(60) for other in range(60)
    ]
    return KnowledgeGraph.from_triples([*triples, ("http://x/n0", "http://x/q", Literal("007", language="en"))])


def ticking() -> SimpleNamespace:
    """A clock on which ten milliseconds pass each time that somebody looks at it."""
    return SimpleNamespace(monotonic=count(step=0.01).__next__)


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that writes down who calls, and answers with one row."""
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            calls.append(self.path)
            row = {"v": {"type": "uri", "value": "http://x/n1"}}
            body = json.dumps({"head": {"vars": ["v"]}, "results": {"bindings": [row]}}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", calls
    server.shutdown()
    thread.join()
    server.server_close()


def test_select_gives_terms_by_column(graph: KnowledgeGraph) -> None:
    found = query(graph, "SELECT ?v ?missing { x:n0 x:q ?v }", prefixes=PREFIXES)
    assert (found.kind, found.variables, found.cut) == ("SELECT", ("v", "missing"), "")
    assert [[None if term is None else term.n3() for term in row] for row in found.rows] == [['"007"@en', None]]


def test_a_graph_can_be_asked_itself(graph: KnowledgeGraph) -> None:
    assert graph.query("ASK { x:n0 x:q ?v }", prefixes=PREFIXES).truth is True


def test_columns_of_a_star_come_as_they_are_written(graph: KnowledgeGraph) -> None:
    found = query(graph, "SELECT * { ?zebra x:q ?apple . ?zebra x:p ?middle }", prefixes=PREFIXES)
    assert found.variables == ("zebra", "apple", "middle")


def test_the_prefixes_of_everybody_are_known(graph: KnowledgeGraph) -> None:
    assert query(graph, "ASK { ?s rdf:type owl:Class }").truth is False


@pytest.mark.parametrize(("form", "text"), [("csv", "v\r\n007\r\n"), ("json", '"xml:lang": "en"'), ("txt", "007")])
def test_answers_are_written_in_the_usual_formats(graph: KnowledgeGraph, form: str, text: str) -> None:
    found = query(graph, "SELECT ?v { x:n0 x:q ?v }", prefixes=PREFIXES)
    assert text in found.serialize(form)


def test_triples_are_written_in_the_formats_of_rdf(graph: KnowledgeGraph) -> None:
    found = query(graph, "CONSTRUCT WHERE { x:n0 x:q ?v }", prefixes=PREFIXES)
    assert found.serialize("nt") == '<http://x/n0> <http://x/q> "007"@en .\n'


@pytest.mark.parametrize(
    ("question", "most", "kept"),
    [("SELECT * { ?a x:p ?b }", 10, 10), ("SELECT * { ?a x:q ?b }", 1, 1), ("SELECT * { ?a x:p ?b }", 0, 0)],
)
def test_rows_are_cut_and_it_is_said(graph: KnowledgeGraph, question: str, most: int, kept: int) -> None:
    found = query(graph, question, prefixes=PREFIXES, rows=most)
    assert len(found.rows) == kept
    assert ("stopped after" in found.cut) == ("x:p" in question)


@pytest.mark.parametrize("question", ["CONSTRUCT { ?a x:r ?b } { ?a x:p ?b }", "DESCRIBE x:n0"])
def test_triples_are_cut_and_it_is_said(graph: KnowledgeGraph, question: str) -> None:
    found = query(graph, question, prefixes=PREFIXES, rows=7)
    assert found.graph is not None
    assert len(found.graph) == 7
    assert found.cut == "stopped after 7 triples; there are more"


ENDLESS = "{ ?a x:p ?b . ?c x:p ?d . ?e x:p ?f . ?g x:p ?h FILTER(?a = ?b && ?b != ?c && ?c = ?a && ?g = ?h) }"


@pytest.mark.parametrize(
    "question",
    [
        f"SELECT * {ENDLESS}",
        f"SELECT (COUNT(*) AS ?n) {ENDLESS}",
        f"SELECT (COUNT(*) AS ?n) {ENDLESS.split('FILTER')[0]} }}",
        f"SELECT * {ENDLESS} ORDER BY ?a",
        f"ASK {ENDLESS}",
        f"CONSTRUCT {{ ?a x:p ?c }} {ENDLESS}",
        "SELECT * { ?a (x:p/x:p/x:p|x:p/x:p)+ ?b . FILTER(?a = x:none) }",
        "SELECT * { { ?a x:p ?b } { ?c x:p ?d } MINUS { ?e x:p ?f . ?g x:p ?h } FILTER(?a = x:none) }",
    ],
)
def test_a_question_without_end_is_stopped(graph: KnowledgeGraph, question: str) -> None:
    with pytest.raises(DataError, match=r"expected an answer within 0\.3 seconds, found none; ask for less"):
        query(graph, question, prefixes=PREFIXES, seconds=0.3)


def test_what_was_found_in_time_is_given(graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "time", ticking())
    question = "SELECT * { ?a x:p ?b . ?c x:p ?d . ?e x:p ?f }"
    found = query(graph, question, prefixes=PREFIXES, seconds=0.3)
    assert found.rows
    assert "stopped after 0.3 seconds" in found.cut


@pytest.mark.parametrize("kept", [True, False])
def test_a_store_can_be_asked_again_and_again(graph: KnowledgeGraph, kept: bool) -> None:
    store = GraphStore(graph=graph)
    for _ in range(2):
        assert len(query(store if kept else graph, "SELECT * { ?a x:p x:n1 }", prefixes=PREFIXES).rows) == 60


def test_an_empty_store_answers_nothing() -> None:
    store = GraphStore()
    assert query(store, "SELECT * { ?s ?p ?o }").rows == ()
    assert query(store, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").rows[0][0].toPython() == 0  # type: ignore[union-attr]
    assert query(store, "SELECT * { GRAPH ?g { ?s ?p ?o } OPTIONAL { ?s ?q ?r } }").rows == ()


REFUSED = [
    ("SELECT * { SERVICE <ADDRESS> { ?a ?b ?c } }", "SERVICE <ADDRESS>; allow it by name"),
    ("SELECT * { SERVICE SILENT <ADDRESS> { ?a ?b ?c } }", "allow it by name"),
    ("SELECT * { ?v ?p ?o SERVICE ?v { ?a ?b ?c } }", "SERVICE a variable"),
    ("ASK { ?a ?b ?c FILTER EXISTS { SERVICE <ADDRESS> { ?a ?b ?c } } }", "allow it by name"),
    ("SELECT * { ?a ?b ?c OPTIONAL { { SELECT * { SERVICE <ADDRESS> { ?a ?b ?c } } } } }", "allow it by name"),
    ("SELECT (COUNT(?v) AS ?n) { { SERVICE <ADDRESS> { ?v ?b ?c } } UNION { ?v ?b ?c } }", "allow it by name"),
    ("SELECT * { BIND(EXISTS { SERVICE <ADDRESS> { ?a ?b ?c } } AS ?v) }", "allow it by name"),
    ("SELECT * FROM <ADDRESS> { ?a ?b ?c }", "expected FROM with a named graph of this graph"),
    ("SELECT * FROM NAMED <ADDRESS> { GRAPH ?g { ?a ?b ?c } }", "nothing is fetched"),
    ("SELECT * FROM <file:///etc/passwd> { ?a ?b ?c }", "nothing is fetched"),
    ("LOAD <ADDRESS>", "updates, LOAD among them, are refused"),
    ("LOAD SILENT <ADDRESS> INTO GRAPH <http://x/g>", "found an update"),
    ("INSERT DATA { <http://x/a> <http://x/p> <http://x/b> }", "found an update"),
    ("CLEAR ALL", "found an update"),
]


@pytest.mark.parametrize("over_the_library", [False, True])
@pytest.mark.parametrize(("question", "message"), REFUSED)
def test_nothing_is_fetched(
    graph: KnowledgeGraph, listener: tuple[str, list[str]], question: str, message: str, over_the_library: bool
) -> None:
    address, calls = listener
    asked = question.replace("ADDRESS", address)
    view = graph.to_rdflib(view=True)
    with pytest.raises(DataError, match=message.replace("ADDRESS", address)):
        view.query(asked) if over_the_library else query(graph, asked)
    assert not calls


def test_service_calls_out_when_it_is_allowed(graph: KnowledgeGraph, listener: tuple[str, list[str]]) -> None:
    address, calls = listener
    question = f"SELECT ?v {{ SERVICE <{address}> {{ ?v ?b ?c }} ?v x:p x:n0 }}"
    found = query(graph, question, prefixes=PREFIXES, allow=("service",))
    assert {str(row[0]) for row in found.rows} == {"http://x/n1"}
    assert calls


@pytest.mark.parametrize("address", ["<file:///etc/passwd>", "<ftp://127.0.0.1/>", "?v"])
def test_service_is_of_the_web_only(graph: KnowledgeGraph, address: str) -> None:
    with pytest.raises(DataError, match="expected SERVICE with an http or https address"):
        query(graph, f"SELECT * {{ SERVICE {address} {{ ?a ?b ?c }} }}", allow=("service",))


def test_only_known_things_are_allowed(graph: KnowledgeGraph) -> None:
    with pytest.raises(DataError, match="expected allow to hold 'service' or nothing, found 'load'"):
        query(graph, "ASK { ?s ?p ?o }", allow=("load",))


def test_what_the_library_cannot_answer_is_one_error(graph: KnowledgeGraph) -> None:
    with pytest.raises(DataError, match="expected a query that can be answered"):
        query(graph, "SELECT (SUM(?v) AS ?n) { ?s x:q ?v }", prefixes=PREFIXES)
