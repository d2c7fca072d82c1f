from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmtl.kg.exporting.hetero import load_hetero_data
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from tests.ragmtl.conftest import Called, Ragmtl, World

T = "https://tea.example/"


def ok(called: Called) -> str:
    """The output of a command that went well."""
    assert called.code == 0, called.err
    return called.out


def facts(called: Called) -> dict[str, Any]:
    """What a command printed as JSON."""
    found = json.loads(ok(called))
    assert isinstance(found, dict)
    return found


def failed(called: Called, *words: str) -> None:
    """A mistake is one line, with these words."""
    assert called.code == 1
    assert called.err.startswith("error: ")
    assert called.err.count("\n") == 1, called.err
    assert not [word for word in words if word not in called.err], called.err


def test_info_tells_what_is_in_a_graph(files: World, ragmtl: Ragmtl) -> None:
    path = files.folder / "graph.ttl"
    graph = read_rdf(path)
    shown = ok(ragmtl("kg", "info", path))
    assert f"{len(graph)} triples and {len(graph.literals)} literals" in shown
    assert all(part in shown for part in ("Classes", "Relations", "Edges of nodes", "█", "Hubs"))
    assert "graph.ttl" in "".join(shown.split())  # a long path is wrapped
    found = facts(ragmtl("kg", "info", path, "--json"))
    assert (found["triples"], found["literals"], found["nodes"]) == (len(graph), len(graph.literals), len(graph.nodes))
    assert sum(one["triples"] for one in found["relations"]) == len(graph)
    assert sum(one["statements"] for one in found["origins"]) == len(graph) + len(graph.literals)
    assert sum(found["degrees"]["histogram"]) + found["degrees"]["alone"] == len(graph.nodes)


def test_info_tells_what_looks_wrong(tmp_path: Path, ragmtl: Ragmtl) -> None:
    lines = [
        "<http://x/a> <http://x/see> <http://x/nobody> .",
        '<http://x/a> <http://x/label> " cafÃ© [bold]\\u001B[31m" .',
        '<http://x/b> <http://x/page> "http://x/a" .',
    ]
    (tmp_path / "odd.nt").write_text("\n".join(lines), encoding="utf-8")
    shown = ok(ragmtl("kg", "info", tmp_path / "odd.nt"))
    for kind in ("dangling IRIs (1)", "mixed encodings (1)", "white space in labels (1)", "IRIs as text (1)"):
        assert kind in shown
    assert "\x1b[31m" not in shown
    assert "[bold]" in shown, "texts of the graph are printed plain"


@pytest.mark.parametrize("kind", ["graph", "index", "configuration", "folder"])
def test_a_graph_may_be_given_in_many_ways(trained: World, ragmtl: Ragmtl, tmp_path: Path, kind: str) -> None:
    places = {
        "graph": trained.index / "graph",
        "index": trained.index,
        "configuration": trained.config,
        "folder": tmp_path,
    }
    source = trained.folder / "graph.ttl"
    (tmp_path / "graph.ttl").write_bytes(source.read_bytes())
    assert facts(ragmtl("kg", "info", places[kind], "--json"))["digest"] == read_rdf(source).digest


def test_what_is_left_out_is_told_beside_the_result(tmp_path: Path, ragmtl: Ragmtl) -> None:
    path = tmp_path / "odd.nt"
    path.write_text("<http://x/a> <http://x/p> <http://x/b> .\n<http://x/a> <http://x/p> .\n<b> .\n")
    failed(ragmtl("kg", "info", path), f"{path}:2: ", "expected an object")
    called = ragmtl("kg", "info", path, "--on-error", "skip", "--json")
    (left,) = facts(called)["left_out"]
    assert (left["reason"], left["count"]) == ("lines that are no statement", 2)
    assert [found.split(": ")[0] for found in left["examples"]] == [f"{path}:2", f"{path}:3"]
    assert called.err.splitlines()[0] == "left out: 2 lines that are no statement"
    assert called.err.splitlines()[1] == f"  {left['examples'][0]}"
    ok(ragmtl("kg", "export", path, tmp_path / "saved", "--format", "graph", "--on-error", "skip"))
    again = ragmtl("kg", "info", tmp_path / "saved", "--json")
    assert facts(again)["left_out"] == [left]
    assert again.err == "", "it was told when it was read"
    failed(ragmtl("kg", "info", tmp_path / "saved", "--base", "http://x/"), "found a graph that was read already")


@pytest.mark.parametrize("command", [["info"], ["neighbours", "a"], ["path", "a", "b"], ["query", "ASK { ?s ?p ?o }"]])
def test_every_command_takes_a_base(tmp_path: Path, ragmtl: Ragmtl, command: list[str]) -> None:
    path = tmp_path / "a.ttl"
    path.write_text("<a> <p> <b> .\n")
    name, *rest = command
    failed(ragmtl("kg", name, path, *rest), "found the relative 'a' and no base")
    assert ok(ragmtl("kg", name, path, *rest, "--base", "http://x/"))
    failed(ragmtl("kg", name, path, *rest, "--base", "x"), "expected base to be an absolute IRI")


def test_neighbours(files: World, ragmtl: Ragmtl) -> None:
    graph = read_rdf(files.folder / "graph.ttl")
    node = graph.nodes.find(T + "sencha")
    assert node is not None
    for name in (T + "sencha", f"<{T}sencha>", "SENCHA"):
        found = facts(ragmtl("kg", "neighbours", files.folder / "graph.ttl", name, "--json"))
        assert (found["iri"], found["degree"]) == (T + "sencha", graph.degree(node))
    direct = [one for one in found["triples"] if T + "sencha" in (one["head"]["iri"], one["tail"]["iri"])]
    assert len(direct) == graph.degree(node)
    assert direct[0]["origins"] == [{"source": str(files.folder / "graph.ttl"), "graph": ""}]
    shown = ok(ragmtl("kg", "neighbours", files.folder / "graph.ttl", "sencha"))
    assert "sencha" in shown
    assert "Beside it" in shown
    few = facts(ragmtl("kg", "neighbours", files.folder / "graph.ttl", "sencha", "--nodes", 2, "--hops", 2, "--json"))
    assert len(few["nodes"]) == 2
    type_name = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    hidden = facts(ragmtl("kg", "neighbours", files.folder / "graph.ttl", "sencha", "--hide", "type", "--json"))
    assert type_name not in {one["relation"]["iri"] for one in hidden["triples"]}


def test_what_is_misspelt_gets_a_hint(files: World, ragmtl: Ragmtl) -> None:
    graph = files.folder / "graph.ttl"
    failed(ragmtl("kg", "neighbours", graph, "senchaa"), "did you mean", "encha'")
    failed(ragmtl("kg", "path", graph, "sencha", "nothing of the kind"), "expected the IRI, prefix:name or name")
    failed(ragmtl("kg", "neighbours", graph, "sencha", "--hide", "typ"), "did you mean 'type'")
    failed(ragmtl("kg", "info", files.folder / "missing.ttl"), "missing.ttl")
    failed(ragmtl("kg", "export", graph, files.folder / "out.xyz"), "expected a name that ends in .nt")
    failed(ragmtl("kg", "query", graph, "SELECT"), "line 1")
    failed(ragmtl("kg", "query", graph, "ASK { ?s ?p ?o }", "--prefix", "x"), "name=IRI")


def test_a_run_is_no_graph(trained: World, ragmtl: Ragmtl) -> None:
    failed(ragmtl("kg", "info", trained.run), "graph")


def test_paths(files: World, ragmtl: Ragmtl) -> None:
    (files.folder / "path.nt").write_text(
        "<http://x/a> <http://x/knows> <http://x/b> .\n<http://x/c> <http://x/knows> <http://x/b> .\n"
        + "".join(
            f"<http://x/{one}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/Kind> .\n" for one in "ac"
        ),
        encoding="utf-8",
    )
    words = ("kg", "path", files.folder / "path.nt", "a", "c")
    shown = ok(ragmtl(*words)).splitlines()
    assert [line.split() for line in shown[:2]] == [["from", "a", "http://x/a"], ["to", "c", "http://x/c"]]
    assert shown[3] == "a —knows→ b ←knows— c"
    assert len(facts(ragmtl(*words, "--types", "--json"))["paths"]) == 2
    found = facts(ragmtl(*words, "--hide", "knows", "--json"))
    assert (found["paths"], found["complete"]) == ([], True)
    assert "no path of at most 6 steps" in ok(ragmtl(*words, "--hide", "knows"))


def test_queries(files: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    graph = files.folder / "graph.ttl"
    select = f"SELECT ?p WHERE {{ <{T}sencha> ?p ?o }}"
    assert "?" not in ok(ragmtl("kg", "query", graph, select)).splitlines()[0]
    rows = json.loads(ok(ragmtl("kg", "query", graph, select, "--json")))["results"]["bindings"]
    opened = read_rdf(graph)
    node = opened.nodes.find(T + "sencha")
    assert node is not None
    assert len(rows) == len(opened.outgoing.neighbours[opened.outgoing.row(node)]) + len(opened.literals_of(node))
    cut = ragmtl("kg", "query", graph, select, "--rows", 1)
    assert "there are more" in cut.err
    (tmp_path / "ask.rq").write_text("ASK { t:sencha ?p ?o }", encoding="utf-8")
    assert ok(ragmtl("kg", "query", graph, tmp_path / "ask.rq", "--prefix", f"t={T}")).strip() == "yes"
    (tmp_path / "films.nt").write_text("<http://x/films/a> <http://x/films/p> <http://x/b> .", encoding="utf-8")
    assert ok(ragmtl("kg", "query", tmp_path / "films.nt", "ASK { films:a films:p ?o }")).strip() == "yes"
    labels = ragmtl("kg", "query", graph, "SELECT ?n WHERE { ?s rdfs:label ?n }", "--json")
    assert json.loads(ok(labels))["results"]["bindings"]
    described = facts(ragmtl("kg", "query", graph, f"DESCRIBE <{T}sencha>", "--json"))
    assert len(described["triples"]) >= len(rows)
    assert "no rows" in ok(ragmtl("kg", "query", graph, "SELECT ?s WHERE { ?s <http://x/none> ?o }"))
    failed(ragmtl("kg", "query", graph, "SELECT * WHERE { SERVICE <http://x/> { ?s ?p ?o } }"), "SERVICE")


@pytest.mark.parametrize("name", ["out.nt", "out.nq", "out.ttl", "out.ttl.gz"])
def test_what_is_exported_is_the_same_graph(files: World, ragmtl: Ragmtl, tmp_path: Path, name: str) -> None:
    graph = files.folder / "graph.ttl"
    assert f"wrote {tmp_path / name}" in ok(ragmtl("kg", "export", graph, tmp_path / name))
    assert read_rdf(tmp_path / name).digest == read_rdf(graph).digest


def test_exports_for_other_programs(files: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    graph = files.folder / "graph.ttl"
    opened = read_rdf(graph)
    told = facts(ragmtl("kg", "export", graph, tmp_path / "out.tsv", "--json"))
    assert told["left_out"] == f"{len(opened.literals):,} literals"
    assert len((tmp_path / "out.tsv").read_text(encoding="utf-8").splitlines()) == len(opened)
    ok(ragmtl("kg", "export", graph, tmp_path / "out.graphml"))
    ok(ragmtl("kg", "export", graph, tmp_path / "pyg", "--format", "pyg"))
    assert load_hetero_data(tmp_path / "pyg").num_edges == len(opened)
    ok(ragmtl("kg", "export", graph, tmp_path / "saved", "--format", "graph"))
    assert KnowledgeGraph.load(tmp_path / "saved").digest == opened.digest
    quads = "<http://x/a> <http://x/p> <http://x/b> <http://x/g> .\n"
    (tmp_path / "in.nq").write_text(quads, encoding="utf-8")
    assert "the names of 1 graphs" in ragmtl("kg", "export", tmp_path / "in.nq", tmp_path / "out.nt").err


def test_info_compares_with_shapes(files: World, ragmtl: Ragmtl) -> None:
    pytest.importorskip("pyshacl", reason="the extra `shacl` is not installed")
    shapes = files.folder / "shapes.ttl"
    shapes.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
        f"<{T}Shape> a sh:NodeShape ; sh:targetSubjectsOf <http://www.w3.org/2000/01/rdf-schema#label> ;\n"
        "  sh:property [ sh:path <http://x/missing> ; sh:minCount 1 ] .\n",
        "utf-8",
    )
    shown = ok(ragmtl("kg", "info", str(files.folder / "graph.ttl"), "--shapes", str(shapes)))
    assert "the graph does not conform to the shapes" in shown
    found = facts(ragmtl("kg", "info", str(files.folder / "graph.ttl"), "--shapes", str(shapes), "--json"))
    assert found["shapes"]["counts"][0][:2] == ["Shape → missing", "violation"]
