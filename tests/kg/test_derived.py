"""Every entity has a readable label, whatever the graph looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.vocabulary import OWL, RDF, RDFS, SCHEMA, SKOS, TYPE
from ragmtl.kg.wording import UNNAMED

HASH = "http://x/d41d8cd98f00b204e9800998ecf8427e"
Triple = tuple[str, str, str | Literal]


def label(node: str, *triples: Triple, languages: tuple[str, ...] = ("en",)) -> str:
    graph = KnowledgeGraph.from_triples(triples, languages=languages)
    found = graph.nodes.find(node)
    assert found is not None
    return graph.label(found)


@pytest.mark.parametrize("node", ["_:n", HASH])
def test_a_node_without_a_name_is_told_by_what_it_holds(node: str) -> None:
    street, city = (node, "http://x/street", Literal("Main St 1")), (node, "http://x/inCity", "http://x/New_York")
    assert label(node, street) == "node (street Main St 1)"
    assert label(node, street, city, (node, TYPE, "http://x/Address")) == "address (street Main St 1, in city New York)"


@pytest.mark.parametrize("node", ["_:n", HASH])
def test_a_node_that_holds_nothing_is_told_by_what_leads_to_it(node: str) -> None:
    assert label(node, ("http://x/Alice", "http://x/homeAddress", node)) == "home address of Alice"
    assert label(node, ("_:a", "http://x/p", node), ("http://x/Bob", "http://x/p", node)) == "p of Bob"


def test_a_node_of_which_only_the_type_is_known() -> None:
    assert label("_:n", ("_:n", TYPE, "http://x/PostalAddress")) == "unnamed postal address"
    assert label("_:n", ("_:n", TYPE, OWL + "Thing")) == UNNAMED
    assert label(HASH, (HASH, "http://x/p", "_:n")) == HASH.split("/")[-1]


def test_codes_stand_behind_words() -> None:
    node = "http://x/Q42"
    kind, described = (node, TYPE, "http://x/Human"), (node, SCHEMA[0] + "description", Literal("English writer"))
    assert label(node, kind) == "human Q42"
    assert label(node, kind, described) == "English writer (Q42)"
    assert label(node, kind, described, (node, SKOS + "altLabel", Literal("Douglas Adams"))) == "Douglas Adams"
    assert label(node, ("http://x/Fish", "http://x/writtenBy", node)) == "written by of Fish (Q42)"
    assert label(node, (node, "http://x/p", "_:n")) == "Q42"


def test_the_text_that_encoders_read_keeps_codes_as_they_are() -> None:
    node = "http://x/Q42"
    rows: list[Triple] = [(node, TYPE, "http://x/Human"), ("http://x/Fish", "http://x/writtenBy", node)]
    described: Triple = (node, SCHEMA[0] + "description", Literal("English writer and humorist"))
    for more, text in (([], "Q42 (human)"), ([described], "Q42 (human); English writer and humorist")):
        graph = KnowledgeGraph.from_triples([*rows, *more])
        found = graph.nodes.find(node)
        assert found is not None
        assert graph.describe(found) == text
    graph = KnowledgeGraph.from_triples([("_:n", SKOS + "definition", Literal("A sentence that tells what it is."))])
    assert graph.describe(0) == graph.label(0) == "A sentence that tells what it is."


def items(*values: str | Literal) -> list[Triple]:
    rows: list[Triple] = []
    for place, value in enumerate(values):
        rest = f"_:l{place + 1}" if place + 1 < len(values) else RDF + "nil"
        rows += [(f"_:l{place}", RDF + "first", value), (f"_:l{place}", RDF + "rest", rest)]
    return rows


def test_lists_show_their_first_items() -> None:
    assert label("_:l0", *items("http://x/Salt", Literal("pepper"))) == "list of Salt, pepper"
    assert label("_:l0", *items(*(f"http://x/{name}" for name in "abcde"))) == "list of a, b, c and 2 more"
    assert label("_:l3", *items(*(f"http://x/{name}" for name in "abcde"))) == "list of d, e"


def test_long_lists_are_not_walked_to_their_end() -> None:
    assert label("_:l0", *items(*(f"http://x/i{at}" for at in range(500)))) == "list of i0, i1, i2 and more"
    assert label("_:l0", *items(*(f"http://x/i{at}" for at in range(19)))) == "list of i0, i1, i2 and 16 more"


def test_a_list_that_bites_its_tail_ends() -> None:
    rows: list[Triple] = [("_:l0", RDF + "first", "http://x/a"), ("_:l0", RDF + "rest", "_:l0")]
    assert label("_:l0", *rows) == "list of a"


def test_nodes_that_lead_only_to_each_other_end_too() -> None:
    graph = KnowledgeGraph.from_triples([("_:a", "http://x/p", "_:b"), ("_:b", "http://x/p", "_:a")])
    assert list(graph.labels) == [UNNAMED, UNNAMED]


def test_derived_labels_are_no_names() -> None:
    graph = KnowledgeGraph.from_triples([("_:n", "http://x/street", Literal("Main St")), ("_:n", TYPE, "http://x/A")])
    assert graph.names(0) == ()


def test_what_is_hidden_is_not_in_a_derived_label_either() -> None:
    graph = KnowledgeGraph.from_triples([("_:n", "http://x/genre", "http://x/Comedy"), ("_:n", TYPE, "http://x/Film")])
    genre = graph.relations.find("http://x/genre")
    assert genre is not None
    assert graph.describe(0) == "film (genre Comedy)"
    assert graph.describe(0, hide=frozenset({genre})) == "unnamed film"
    assert graph.describe(0, hide=frozenset(range(len(graph.relations)))) == UNNAMED


def test_literals_in_other_languages_are_passed_over() -> None:
    rows: list[Triple] = [
        ("_:n", "http://x/street", Literal("Hauptstr.", language="de")),
        ("_:n", "http://x/town", Literal("Graz")),
    ]
    assert label("_:n", *rows) == "node (town Graz)"
    assert label("_:n", *rows, languages=("de",)) == "node (street Hauptstr., town Graz)"


nodes = st.sampled_from(["_:a", "_:b", HASH, "http://x/Q7", "http://x/Film", RDF + "nil", "urn:uuid:" + "0" * 32])
links = st.sampled_from([TYPE, RDF + "first", RDF + "rest", RDF + "value", RDFS + "label", "http://x/p"])
values = st.builds(Literal, st.text("ab \n", max_size=3), st.just(""), st.sampled_from(["", "de"]))


@given(st.lists(st.tuples(nodes, links, nodes | values), min_size=1, max_size=20))
def test_every_label_is_one_line_of_text(triples: list[Triple]) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    for node, text in enumerate(graph.labels):
        assert text.strip()
        assert "\n" not in text
        assert not text.startswith("_:")
        assert graph.label(node) == text
        assert graph.describe(node).strip()
