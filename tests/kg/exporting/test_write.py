from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from rdflib.compare import isomorphic
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID

from ragmtl.kg.exporting.write import to_networkx, to_rdflib, write_turtle
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.subgraph import Subgraph
from ragmtl.kg.walks.walk import k_hop

OLD_NAMES = "ignore:.*is deprecated:DeprecationWarning"  # the library uses its own old names
XSD = "http://www.w3.org/2001/XMLSchema#"
TRIPLES: list[tuple[str, str, str | Literal]] = [
    ("http://x/a", "http://x/p", "http://x/b"),
    ("http://x/a", "http://x/q", "http://x/b"),
    ("http://x/b", "http://x/p", "http://x/c"),
    ("http://x/a", "http://x/r", Literal("01", XSD + "integer")),
    ("http://x/a", "http://x/r", Literal("1.50", XSD + "double")),
    ("http://x/b", "http://x/r", Literal('é "q"\n', language="fr")),
    ("http://x/c", "http://x/r", Literal("plain")),
]


def part(graph: KnowledgeGraph) -> Subgraph:
    seed = graph.nodes.find("http://x/a")
    assert seed is not None
    return k_hop(graph, [seed], hops=1, budget=5)


def test_networkx_has_every_triple_as_an_edge() -> None:
    graph = KnowledgeGraph.from_triples(TRIPLES, source="f.ttl", graph="http://x/g")
    drawn = to_networkx(graph)
    edges = {(head, key, tail) for head, tail, key in drawn.edges(keys=True)}
    assert edges == {triple for triple in TRIPLES if isinstance(triple[2], str)}
    found = drawn.edges["http://x/a", "http://x/b", "http://x/p"]
    assert found == {"label": "p", "source": "f.ttl", "graph": "http://x/g"}
    assert drawn.nodes["http://x/c"] == {"label": "c"}


def test_networkx_of_a_subgraph_has_scores_and_weights() -> None:
    graph = KnowledgeGraph.from_triples(TRIPLES)
    drawn = to_networkx(graph, part(graph))
    assert set(drawn) == {"http://x/a", "http://x/b"}
    assert drawn.nodes["http://x/a"] == {"label": "a", "score": 1.0, "seed": True}
    assert drawn.edges["http://x/a", "http://x/b", "http://x/q"]["weight"] == 1.0


def test_turtle_comes_back_as_the_same_graph(tmp_path: Path) -> None:
    graph = KnowledgeGraph.from_triples(TRIPLES)
    write_turtle(graph, None, tmp_path / "new" / "a.ttl")
    assert read_rdf(tmp_path / "new" / "a.ttl").digest == graph.digest
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.ttl"]


def test_turtle_of_a_subgraph_has_its_triples_and_the_literals_of_its_nodes(tmp_path: Path) -> None:
    graph = KnowledgeGraph.from_triples(TRIPLES)
    write_turtle(graph, part(graph), tmp_path / "a.ttl")
    kept = [triple for triple in TRIPLES if "http://x/c" not in triple]
    assert read_rdf(tmp_path / "a.ttl").digest == KnowledgeGraph.from_triples(kept).digest


@pytest.mark.filterwarnings(OLD_NAMES)
def test_rdflib_holds_named_graphs_and_blank_nodes(tmp_path: Path) -> None:
    text = '<http://x/g> { _:a <http://x/p> _:b . _:b <http://x/r> "01" } <http://x/a> <http://x/p> [] .'
    (tmp_path / "a.trig").write_text(text)
    expected = rdflib.Dataset()
    expected.parse(tmp_path / "a.trig", format="trig")
    found = to_rdflib(read_rdf(tmp_path / "a.trig"))
    for name in (rdflib.URIRef("http://x/g"), DATASET_DEFAULT_GRAPH_ID):
        assert len(found.graph(name)) > 0
        assert isomorphic(found.graph(name), expected.graph(name))
    found.serialize(tmp_path / "b.nq", format="nquads")
    again = to_rdflib(read_rdf(tmp_path / "b.nq"))
    assert isomorphic(again.graph(rdflib.URIRef("http://x/g")), expected.graph(rdflib.URIRef("http://x/g")))


@pytest.mark.filterwarnings(OLD_NAMES)
def test_rdflib_keeps_literals_as_written() -> None:
    found = to_rdflib(KnowledgeGraph.from_triples(TRIPLES))
    values = {str(value) for value in found.objects(rdflib.URIRef("http://x/a"), rdflib.URIRef("http://x/r"))}
    assert values == {"01", "1.50"}
    assert len(list(found.triples((None, None, None)))) == len(TRIPLES)


def test_characters_that_no_iri_may_hold_are_escaped(tmp_path: Path) -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a b", "http://x/p", "http://x/{c}")])
    write_turtle(graph, None, tmp_path / "a.ttl")
    assert list(read_rdf(tmp_path / "a.ttl").nodes) == ["http://x/%7Bc%7D", "http://x/a%20b"]
