from __future__ import annotations

import pytest

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.context import divided_by_commonness, mentions_in, through_triples
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings

X = "http://x/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
TRIPLES = [
    ("planet", "orbits", "Sun"), ("planet", "discoverer", "Astronomer"), ("god", "child", "Maia"),
    ("god", "memberOf", "Pantheon"), ("god", "home", "Olympus"), ("metal", "usedIn", "Thermometer"),
    ("metal", "memberOf", "Elements"), ("Rain", "fallsOn", "Olympus"),
]  # fmt: skip


@pytest.fixture(scope="module")
def sky() -> KnowledgeGraph:
    """Three bearers of the name Mercury."""
    triples: list[tuple[str, str, str | Literal]] = [(X + h, X + r, X + t) for h, r, t in TRIPLES]
    names = [(X + name, LABEL, Literal("Mercury")) for name in ("planet", "god", "metal")]
    return KnowledgeGraph.from_triples([*triples, *names])


def weights(graph: KnowledgeGraph, mentions: tuple[Mention, ...], text: str) -> dict[str, float]:
    found = {graph.nodes[m.node].removeprefix(X): m.weight for m in mentions if text[m.start : m.end] == "Mercury"}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


@pytest.mark.parametrize(
    ("text", "meant", "why"),
    [
        ("Mercury goes round the Sun", "planet", "near other entities of the text"),
        ("Mercury, son of Maia", "god", "near other entities of the text"),
        ("Mercury in thermometers", "metal", "near other entities of the text"),
        ("Rain fell on Mercury", "god", "near other entities of the text"),
    ],
)
def test_what_else_is_named_tells_bearers_of_a_name_apart(sky: KnowledgeGraph, text: str, meant: str, why: str) -> None:
    linker = Linker.build(sky)
    mentions = mentions_in(text, sky, linker, "full")
    by_node = weights(sky, mentions, text)
    assert next(iter(by_node)) == meant
    before = sum(m.weight for m in linker.link(text) if text[m.start : m.end] == "Mercury")
    assert sum(by_node.values()) <= before + 1e-5
    best = next(m for m in mentions if sky.nodes[m.node] == X + meant)
    assert best.how == f"as written; one of 3 of this name: {why}"


def test_without_context_nothing_is_said(sky: KnowledgeGraph) -> None:
    mentions = mentions_in("Mercury", sky, Linker.build(sky), "full")
    assert {m.how for m in mentions} == {"as written; one of 3 of this name"}


def test_triples_lead_on(graph: KnowledgeGraph) -> None:
    linker = Linker.build(graph)
    text = "what is sumac typical of?"
    ends = {graph.label(m.node): m for m in through_triples(graph, text, linker.link(text))}
    assert set(ends) == {"The Levant Coast"}
    levant = ends["The Levant Coast"]
    assert levant.how == "by a triple: typical of of sumac"
    assert text[levant.start : levant.end] == "sumac"
    assert levant.weight == pytest.approx(linker.link(text)[0].weight / 2, abs=1e-5)
    hidden = graph.relations.find(X + "typicalOf")
    assert hidden is not None
    assert through_triples(graph, text, linker.link(text), frozenset({hidden})) == ()
    assert through_triples(graph, "sumac", linker.link("sumac")) == ()


def test_common_nodes_count_less(graph: KnowledgeGraph) -> None:
    spain, rice = (graph.nodes.find(X + name) or 0 for name in ("Spain", "rice"))
    found = divided_by_commonness(graph, [Mention(0, 1, spain, 0.5), Mention(2, 3, rice, 0.5)])
    assert found[1].weight == 0.5 > found[0].weight > 0.1
    assert divided_by_commonness(graph, []) == ()


def test_exact_is_what_the_linker_finds(graph: KnowledgeGraph) -> None:
    linker, text = Linker.build(graph), "fatoush with Heat and sumac"
    assert mentions_in(text, graph, linker, "exact") == linker.link(text)
    assert mentions_in(text, graph, linker, "fuzzy") == linker.link(text, fuzzy=True)


def test_the_retriever_starts_from_misspelt_names(index: Index) -> None:
    exact, fuzzy, full = (
        Retriever(index, RetrievalSettings(linking=linking))(Query("romesko")) for linking in ("exact", "fuzzy", "full")
    )
    assert len(exact.subgraph.nodes) == 0
    assert (
        index.graph.label(int(fuzzy.subgraph.nodes[0])) == "romesco" == index.graph.label(int(full.subgraph.nodes[0]))
    )
    assert fuzzy.mentions[0].how == "misspelt, meant as 'romesco'"


@pytest.mark.parametrize("text", ["", "?!", "\ud800", "\x00", "word " * 20_000, "Mercury " * 12_500])
def test_any_text_can_be_linked(sky: KnowledgeGraph, text: str) -> None:
    for mention in mentions_in(text, sky, Linker.build(sky), "full"):
        assert 0 <= mention.weight <= 1
