from __future__ import annotations

import pytest
import rdflib
from rdflib import BNode, Dataset, Graph, URIRef
from rdflib.compare import isomorphic
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID, QuotedGraph

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")  # the library's own

XSD = "http://www.w3.org/2001/XMLSchema#"
TRIG = """
@prefix x: <http://x/> .
x:a x:p x:b , _:n . _:n x:q "plain", "tag"@en-gb .
x:g { x:a x:p x:b . _:n x:q "in g" }
x:h { x:a x:p _:m . _:m x:p _:m }
_:named { x:c x:p x:d }
"""


def dataset() -> Dataset:
    made = Dataset()
    made.parse(data=TRIG, format="trig")
    return made


def default(found: Dataset) -> Graph:
    return found.graph(DATASET_DEFAULT_GRAPH_ID)


def test_a_dataset_and_back_is_the_same_in_every_graph() -> None:
    expected = dataset()
    graph = KnowledgeGraph.from_rdflib(expected)
    found = graph.to_rdflib()
    assert isinstance(found, Dataset)
    assert isomorphic(default(found), default(expected))
    for name in ("http://x/g", "http://x/h"):
        assert isomorphic(found.graph(URIRef(name)), expected.graph(URIRef(name)))
    blank = [origin.graph for origin in graph.origins if origin.graph.startswith("_:")]
    assert len(blank) == 1
    assert len(found.graph(BNode(blank[0].removeprefix("_:")))) == 1


def test_a_blank_node_is_the_same_in_all_graphs_of_a_dataset() -> None:
    graph = KnowledgeGraph.from_rdflib(dataset())
    named = [row for row in range(len(graph.literals)) if graph.literals[row].text in {"in g", "plain"}]
    assert len({int(graph.literals.nodes[row]) for row in named}) == 1


def test_a_statement_of_several_graphs_is_in_each_of_them() -> None:
    found = KnowledgeGraph.from_rdflib(dataset()).to_rdflib()
    triple = URIRef("http://x/a"), URIRef("http://x/p"), URIRef("http://x/b")
    assert triple in default(found)
    assert triple in found.graph(URIRef("http://x/g"))


@pytest.mark.parametrize("view", [False, True])
def test_a_graph_and_back(view: bool) -> None:
    expected = Graph().parse(data='<http://x/a> <http://x/p> [ <http://x/q> "x"@en ], 1.5 .', format="turtle")
    found = KnowledgeGraph.from_rdflib(expected).to_rdflib(view=view)
    assert type(found) is Graph
    assert isomorphic(found, expected)


@pytest.mark.parametrize("view", [False, True])
def test_the_kind_is_chosen_by_argument(view: bool) -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/p", "http://x/b")])
    assert type(graph.to_rdflib(view=view)) is Graph
    assert type(graph.to_rdflib(dataset=True, view=view)) is Dataset
    named = KnowledgeGraph.from_rdflib(dataset())
    assert type(named.to_rdflib(view=view)) is Dataset
    merged = named.to_rdflib(dataset=False, view=view)
    assert type(merged) is Graph
    assert len(merged) == len(named) + len(named.literals)


def test_literals_stay_as_they_are_written() -> None:
    texts = [Literal("+007", XSD + "integer"), Literal("1.50", XSD + "double"), Literal(" a  b ", XSD + "token")]
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/p", text) for text in texts])
    again = KnowledgeGraph.from_rdflib(graph.to_rdflib())
    assert {literal for _, literal in again.literals_of(0)} == set(texts)
    assert again.digest == graph.digest


def test_a_named_graph_keeps_its_name() -> None:
    one = Graph(identifier=URIRef("http://x/g")).parse(data="<http://x/a> <http://x/p> <http://x/b> .", format="nt")
    graph = KnowledgeGraph.from_rdflib(one, source="mine")
    assert (graph.origin(0).source, graph.origin(0).graph) == ("mine", "http://x/g")


def test_what_is_no_triple_is_counted() -> None:
    graph = Graph().parse(
        data="{ <http://x/a> <http://x/p> 1 } <http://x/q> 2 . <http://x/a> <http://x/p> 3 .", format="n3"
    )
    found = KnowledgeGraph.from_rdflib(graph)
    assert dict(found.report.left_out)["statements in or about formulas (N3)"] >= 1
    assert len(found.literals) == 1


def test_nothing_but_formulas_is_an_error_that_says_so() -> None:
    store = rdflib.plugin.get("Memory", rdflib.store.Store)()
    graph = Graph(store)
    graph.add((QuotedGraph(store, BNode()), URIRef("http://x/p"), URIRef("http://x/b")))
    with pytest.raises(DataError, match="found only statements in or about formulas"):
        KnowledgeGraph.from_rdflib(graph)
    with pytest.raises(DataError, match="at least one triple"):
        KnowledgeGraph.from_rdflib(Graph())
