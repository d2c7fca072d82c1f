"""SHACL: what is wrong is found, counted and shown; nothing is fetched."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.looking.shacl import validate
from ragmtl.kg.vocabulary import RDFS, TYPE

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix x: <http://x/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
SHAPES = (
    PREFIXES
    + """
x:FilmShape a sh:NodeShape ; sh:targetClass x:Film ;
    sh:property [ sh:path x:director ; sh:minCount 1 ; sh:message "a film has a director" ] ;
    sh:property [ sh:path x:year ; sh:datatype xsd:integer ; sh:severity sh:Warning ] .
"""
)


@pytest.fixture
def graph() -> KnowledgeGraph:
    year = "http://www.w3.org/2001/XMLSchema#integer"
    return KnowledgeGraph.from_triples(
        [
            ("http://x/f1", TYPE, "http://x/Film"),
            ("http://x/f1", "http://x/director", "http://x/d"),
            ("http://x/f1", "http://x/year", Literal("1999", year)),
            ("http://x/f2", TYPE, "http://x/Film"),
            ("http://x/f2", RDFS + "label", Literal("Nobody's")),
            ("http://x/f2", "http://x/year", Literal("MCM")),
            ("_:b", TYPE, "http://x/Film"),
        ]
    )


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def library() -> Any:  # noqa: ANN401
    return pytest.importorskip("pyshacl", reason="the extra `shacl` is not installed")


def shapes(folder: Path, text: str) -> Path:
    (folder / "shapes.ttl").write_text(text, "utf-8")
    return folder / "shapes.ttl"


@pytest.mark.usefixtures("library", "no_network")
def test_what_is_wrong_is_counted_by_shape_and_shown(graph: KnowledgeGraph, tmp_path: Path) -> None:
    report = validate(graph, shapes(tmp_path, SHAPES))
    assert not report.conforms
    assert report.counts == (("Film Shape → director", "violation", 2), ("Film Shape → year", "warning", 1))
    worst = report.examples[-1]
    assert (worst.node, worst.label, worst.value) == ("http://x/f2", "Nobody's", "MCM")
    text = str(report)
    assert "2 × violation: Film Shape → director" in text
    assert "Nobody's (http://x/f2): a film has a director" in text


@pytest.mark.usefixtures("library", "no_network")
def test_examples_are_limited_but_counts_are_not(graph: KnowledgeGraph, tmp_path: Path) -> None:
    report = validate(graph, shapes(tmp_path, SHAPES), examples=1)
    assert len(report.examples) == 2
    assert report.counts[0][2] == 2


@pytest.mark.usefixtures("library", "no_network")
def test_warnings_do_not_break_conformance(graph: KnowledgeGraph, tmp_path: Path) -> None:
    lenient = SHAPES.replace("sh:minCount 1", "sh:minCount 0")
    report = validate(graph, shapes(tmp_path, lenient))
    assert report.conforms
    assert report.counts == (("Film Shape → year", "warning", 1),)
    assert str(report).startswith("the graph conforms")


@pytest.mark.usefixtures("library", "no_network")
def test_imports_are_not_followed_and_said_so(graph: KnowledgeGraph, tmp_path: Path) -> None:
    report = validate(graph, shapes(tmp_path, SHAPES + "<http://x/> owl:imports <http://127.0.0.1:9/more.ttl> ."))
    assert any("owl:imports" in note for note in report.notes)
    assert "owl:imports" in str(report)


@pytest.mark.usefixtures("library", "no_network")
@pytest.mark.parametrize(
    "query",
    [
        "SELECT $this WHERE { service <http://127.0.0.1:9/> { $this ?p ?o } }",
        "SELECT $this FROM <http://127.0.0.1:9/a.ttl> WHERE { $this ?p ?o }",
    ],
)
def test_queries_that_reach_out_are_refused(graph: KnowledgeGraph, tmp_path: Path, query: str) -> None:
    text = PREFIXES + f'x:S a sh:NodeShape ; sh:targetClass x:Film ; sh:sparql [ sh:select """{query}""" ] .'
    with pytest.raises(DataError, match="over the graph only"):
        validate(graph, shapes(tmp_path, text))


@pytest.mark.usefixtures("library", "no_network")
def test_queries_over_the_graph_are_welcome(graph: KnowledgeGraph, tmp_path: Path) -> None:
    query = 'SELECT $this WHERE { $this <http://x/year> ?y FILTER (STR(?y) = "MCM") } # SERVICE'
    text = PREFIXES + f"x:S a sh:NodeShape ; sh:targetClass x:Film ; sh:sparql [ sh:select '''{query}''' ] ."
    assert validate(graph, shapes(tmp_path, text)).counts == (("S", "violation", 1),)


@pytest.mark.usefixtures("library")
def test_rdf_without_shapes_is_refused(graph: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected SHACL shapes"):
        validate(graph, shapes(tmp_path, "<http://x/a> <http://x/p> <http://x/b> ."))


@pytest.mark.usefixtures("library", "no_network")
def test_malformed_shapes_end_in_one_error(graph: KnowledgeGraph, tmp_path: Path) -> None:
    text = PREFIXES + "x:S a sh:NodeShape ; sh:targetClass x:Film ; sh:property [ sh:path x:p, x:q ; sh:minCount 1 ] ."
    with pytest.raises(DataError, match="expected SHACL shapes"):
        validate(graph, shapes(tmp_path, text))


def test_without_the_extra_the_error_says_what_to_install(
    graph: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyshacl", None)
    with pytest.raises(ConfigError, match=r"pip install 'ragmtl\[shacl\]'"):
        validate(graph, shapes(tmp_path, SHAPES))
