from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from itertools import product
from pathlib import Path

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import BNode, Dataset, Graph, URIRef
from rdflib.compare import isomorphic
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID
from rdflib.store import Store

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.graph import KnowledgeGraph, Literal

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")  # the library's own

PLUGIN = "ragmtl.kg.bridge.store:GraphStore"
ROOT = Path(__file__).parents[3]
TRIG = '@prefix x: <http://x/> . x:a x:p x:b . x:g { x:a x:p x:b . x:b x:q "1" } x:h { x:c x:p [] }'
TRIX = """<TriX xmlns="http://www.w3.org/2004/03/trix/trix-1/"><graph><uri>http://x/g</uri><triple><uri>http://x/a</uri>
<uri>http://x/p</uri><typedLiteral datatype="http://x/d">007</typedLiteral></triple></graph></TriX>"""

names = st.integers(0, 3).map("http://x/n{}".format) | st.just("_:f0b0")
relations = st.integers(0, 1).map("http://x/n{}".format)
values = st.builds(Literal, st.sampled_from(["1", "01"]), st.just(""), st.sampled_from(["", "en"]))
statements = st.lists(st.tuples(names, relations, names | values), min_size=1, max_size=15)


def filled() -> Dataset:
    return Dataset(GraphStore()).parse(data=TRIG, format="trig")


@given(statements)
@settings(max_examples=50, deadline=None)
def test_patterns_find_what_the_library_finds(triples: list[tuple[str, str, str | Literal]]) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    seen, copied = Graph(GraphStore(graph=graph)), graph.to_rdflib()
    assert len(seen) == len(copied)
    for triple in copied:
        for mask in product((True, False), repeat=3):
            pattern = tuple(part if kept else None for part, kept in zip(triple, mask, strict=True))
            assert set(seen.triples(pattern)) == set(copied.triples(pattern))  # type: ignore[arg-type]
    assert not list(seen.triples((None, None, rdflib.Literal("nowhere"))))
    assert not list(seen.triples((URIRef("http://x/nobody"), None, None)))


def test_named_graphs_are_contexts() -> None:
    store = GraphStore(graph=filled().store.graph)  # type: ignore[attr-defined]
    found = Dataset(store)
    assert {str(graph.identifier) for graph in found.graphs()} == {
        str(DATASET_DEFAULT_GRAPH_ID),
        "http://x/g",
        "http://x/h",
    }
    assert len(found.graph(URIRef("http://x/g"))) == 2
    assert len(found.graph(URIRef("http://x/none"))) == 0
    assert len(found) == len(Dataset(store, default_union=True)) == 3
    assert len(Graph(store)) == 3
    triple = URIRef("http://x/a"), URIRef("http://x/p"), URIRef("http://x/b")
    assert {str(graph.identifier) for graph in store.contexts(triple)} == {str(DATASET_DEFAULT_GRAPH_ID), "http://x/g"}
    assert len(list(found.quads())) == 4


def test_a_view_is_the_same_as_a_copy() -> None:
    graph = KnowledgeGraph.from_rdflib(Dataset().parse(data=TRIG, format="trig"))
    view, copied = graph.to_rdflib(view=True), graph.to_rdflib()
    assert sorted(map(str, view.quads())) == sorted(map(str, copied.quads()))
    for name in ("http://x/g", "http://x/h"):
        assert isomorphic(view.graph(URIRef(name)), copied.graph(URIRef(name)))


def test_any_parser_fills_an_empty_store() -> None:
    store = GraphStore()
    found = Dataset(store).parse(data=TRIX, format="trix")
    graph = store.graph
    assert graph.literals_of(0) == [(0, Literal("007", "http://x/d"))]
    assert graph.literal_origins_of(0)[0].graph == "http://x/g"
    assert len(found.graph(URIRef("http://x/g"))) == 1
    assert KnowledgeGraph.from_rdflib(found).digest == graph.digest


def test_statements_may_come_after_a_question() -> None:
    graph = Graph(GraphStore())
    node = BNode()
    assert len(graph) == 0
    assert list(graph) == []
    graph.add((node, URIRef("http://x/p"), URIRef("http://x/a")))
    assert list(graph.subjects()) == [node]
    graph.add((node, URIRef("http://x/q"), rdflib.Literal("1")))
    assert len(graph) == 2
    assert {str(term) for term in graph.predicates(node)} == {"http://x/p", "http://x/q"}


def test_a_store_over_a_graph_is_read_only() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/p", "http://x/b")])
    seen = graph.to_rdflib(view=True)
    triple = URIRef("http://x/a"), URIRef("http://x/p"), URIRef("http://x/b")
    for change in (seen.add, seen.remove):
        with pytest.raises(DataError, match="only reads its graph"):
            change(triple)
    with pytest.raises(DataError, match="only reads its graph"):
        seen.update("LOAD <http://x/>")
    with pytest.raises(DataError, match="only reads its graph"):
        graph.to_rdflib(view=True, dataset=True).remove_graph(URIRef("http://x/g"))
    assert len(seen) == 1


def test_an_empty_store_has_no_graph() -> None:
    with pytest.raises(DataError, match="store without statements"):
        _ = GraphStore().graph


def test_a_saved_graph_is_opened_by_its_folder(tmp_path: Path) -> None:
    KnowledgeGraph.from_triples([("http://x/a", "http://x/p", "http://x/b")]).save(tmp_path / "graph")
    graph = Graph(GraphStore())
    assert graph.open(str(tmp_path / "graph")) == rdflib.store.VALID_STORE
    assert len(graph) == 1
    with pytest.raises(MismatchError):
        GraphStore(str(tmp_path))


def test_prefixes_are_kept() -> None:
    graph = Graph(GraphStore(), bind_namespaces="none")
    graph.bind("x", "http://x/")
    graph.bind("y", "http://x/")
    assert [(prefix, str(iri)) for prefix, iri in graph.namespaces()] == [("y", "http://x/")]


def test_the_store_is_a_plugin_of_the_library() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["entry-points"]["rdf.plugins.store"] == {"ragmtl": PLUGIN}
    if not entry_points(group="rdf.plugins.store", name="ragmtl"):
        pytest.skip("installed before the entry point was there: install again")
    assert rdflib.plugin.get("ragmtl", Store) is GraphStore
    assert isinstance(Graph("ragmtl").store, GraphStore)
