from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import networkx
import pytest

from ragmtl.kg.exporting.export import write_full_turtle, write_graphml, write_nquads, write_ntriples, write_triples
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.parsing.read import read_rdf

X = "http://x/"
ODD = 'a "quoted"\\ text\nwith\ttabs, \x01 controls, <markup> & \U0001f336 é'
TRIPLES: list[tuple[str, str, str | Literal]] = [
    (X + "a", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", X + "Kind"),
    (X + "a", X + "knows", X + "b"),
    (X + "a", X + "knows", "http://other.example/odd%20name#(1)"),
    (X + "a", X + "says", Literal(ODD)),
    (X + "a", X + "says", Literal("bonjour", language="fr-ca")),
    (X + "a", X + "age", Literal("+007", "http://www.w3.org/2001/XMLSchema#integer")),
    (X + "b", X + "knows", X + "a"),
    ("urn:isbn:0", X + "p.q", X),
]
Writer = Callable[[KnowledgeGraph, Path], int]


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_ntriples, "graph.nt"),
        (write_ntriples, "graph.nt.gz"),
        (write_nquads, "graph.nq"),
        (write_full_turtle, "graph.ttl"),
    ],
)
def test_what_is_written_is_read_again(tmp_path: Path, write: Writer, name: str) -> None:
    graph = KnowledgeGraph.from_triples(TRIPLES)
    assert write(graph, tmp_path / "out" / name) == len(TRIPLES)
    assert read_rdf(tmp_path / "out" / name).digest == graph.digest
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name], "nothing is left beside it"


@pytest.mark.parametrize(("write", "name"), [(write_ntriples, "graph.nt"), (write_full_turtle, "graph.ttl")])
def test_blank_nodes_stay_apart(tmp_path: Path, write: Writer, name: str) -> None:
    graph = KnowledgeGraph.from_triples(
        [("_:f0b0", X + "p", "_:odd name"), ("_:f0b0", X + "p", X + "a"), ("_:odd name", X + "q", Literal("1"))]
    )
    write(graph, tmp_path / name)
    again = read_rdf(tmp_path / name)
    assert (len(again.nodes), len(again), len(again.literals)) == (3, 2, 1)


def test_quads_hold_every_graph_that_states_a_triple(tmp_path: Path) -> None:
    quads = [f"<{X}a> <{X}p> <{X}b> <{X}g{number}> ." for number in (1, 2)] + [f'<{X}a> <{X}q> "1" .']
    (tmp_path / "in.nq").write_text("\n".join(quads) + "\n", encoding="utf-8")
    assert write_nquads(read_rdf(tmp_path / "in.nq"), tmp_path / "out.nq") == 3
    assert sorted((tmp_path / "out.nq").read_text(encoding="utf-8").splitlines()) == sorted(quads)


def test_turtle_is_short(tmp_path: Path) -> None:
    write_full_turtle(KnowledgeGraph.from_triples(TRIPLES), tmp_path / "graph.ttl")
    text = (tmp_path / "graph.ttl").read_text(encoding="utf-8")
    assert "rdf:type" in text
    assert '"+007"^^xsd:integer' in text
    assert text.count("http://x/") == 3, "prefix, and two that cannot be shortened"


def test_graphml_is_read_by_networkx(tmp_path: Path) -> None:
    graph = KnowledgeGraph.from_triples([*TRIPLES, (X + "a", X + "label", Literal("R&D <\x01>"))])
    assert write_graphml(graph, tmp_path / "graph.graphml") == len(graph)
    read = networkx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    labels = dict(read.nodes(data="label"))
    a = f"n{graph.nodes.find(X + 'a')}"
    assert (len(read), read.number_of_edges()) == (len(graph.nodes), len(graph))
    assert labels[a] == "R&D <\ufffd>"
    assert read.nodes[a]["types"] == "Kind"
    assert {data["label"] for _, _, data in read.edges(data=True)} == {"type", "knows", "p.q"}


def test_triples_are_three_columns(tmp_path: Path) -> None:
    graph = KnowledgeGraph.from_triples([*TRIPLES, ("http://x/with\ttab", X + "p", "_:f0b0")])
    assert write_triples(graph, tmp_path / "graph.tsv") == 6
    rows = [line.split("\t") for line in (tmp_path / "graph.tsv").read_text(encoding="utf-8").splitlines()]
    assert all(len(row) == 3 for row in rows)
    assert [X + "a", X + "knows", X + "b"] in rows
    assert ["http://x/with\\u0009tab", X + "p", "_:f0b0"] in rows


def test_a_file_that_stands_there_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "graph.nt"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr("ragmtl.kg.exporting.export._term", lambda name: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_ntriples(KnowledgeGraph.from_triples(TRIPLES), target)
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_gzip_is_gzip(tmp_path: Path) -> None:
    write_ntriples(KnowledgeGraph.from_triples(TRIPLES[:1]), tmp_path / "graph.nt.gz")
    assert gzip.decompress((tmp_path / "graph.nt.gz").read_bytes()).decode().endswith("Kind> .\n")
