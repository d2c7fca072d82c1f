from __future__ import annotations

import pytest

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.labels import ELEMENTS, FOAF, OWL, RDFS, SCHEMA, SKOS, TYPE, UNNAMED, local_name, relation_name, shorten

A = "http://x/Fight_Club"
LABEL, ALT = RDFS + "label", SKOS + "altLabel"


Row = tuple[str, str | Literal]


def graph_of(*rows: Row, languages: tuple[str, ...] = ("en",)) -> tuple[KnowledgeGraph, int]:
    graph = KnowledgeGraph.from_triples([(A, relation, value) for relation, value in rows], languages=languages)
    node = graph.nodes.find(A)
    assert node is not None
    return graph, node


@pytest.mark.parametrize(
    ("iri", "name"),
    [
        ("http://x/Fight_Club", "Fight Club"),
        ("http://x/onto#releaseYear", "release Year"),
        ("http://x/caf%C3%A9/", "café"),
        ("http://x/AC%2FDC", "AC/DC"),
        ("http://x/soy-sauce", "soy-sauce"),
        ("http://x/USAToday", "USAToday"),
        ("urn:isbn:123", "urn:isbn:123"),
        ("http://x/_", "http://x/_"),
        ("_:f0b3", UNNAMED),
        ("", ""),
    ],
)
def test_local_name_is_readable(iri: str, name: str) -> None:
    assert local_name(iri) == name


def test_relation_names_are_words() -> None:
    assert relation_name("http://x/typicalOf") == "typical of"
    assert relation_name("http://x/DOI") == "DOI"


def test_best_language_wins_over_best_relation() -> None:
    graph, node = graph_of(
        (LABEL, Literal("Der Klub", language="de")), (FOAF + "name", Literal("The Club", language="en"))
    )
    assert graph.label(node) == "The Club"


@pytest.mark.parametrize(
    ("languages", "label"), [(("en",), "Club"), (("de", "en"), "Klub"), (("fr",), "plain"), (("it", "es"), "plain")]
)
def test_preferred_languages_decide(languages: tuple[str, ...], label: str) -> None:
    texts = [Literal("Club", language="en-gb"), Literal("Klub", language="de"), Literal("plain")]
    graph, node = graph_of(*((LABEL, text) for text in texts), languages=languages)
    assert graph.label(node) == label


@pytest.mark.parametrize("relation", [SKOS + "prefLabel", SCHEMA[0] + "name", SCHEMA[1] + "name", ELEMENTS + "title"])
def test_every_label_relation_counts_and_rdfs_label_goes_first(relation: str) -> None:
    graph, node = graph_of((relation, Literal("other")))
    assert graph.label(node) == "other"
    graph, node = graph_of((relation, Literal("other")), (LABEL, Literal("zzz")))
    assert graph.label(node) == "zzz"


def test_without_label_the_iri_is_read() -> None:
    graph, node = graph_of(("http://x/p", Literal("1")), (ALT, Literal("other")), (LABEL, Literal("  ")))
    assert graph.label(node) == "Fight Club"
    assert graph.names(node) == ("Fight Club", "other")


def test_names_are_the_label_and_all_others_once() -> None:
    rows = [
        (ALT, Literal("FC")),
        (LABEL, Literal("Fight\n Club", language="en")),
        (LABEL, Literal("FC", language="de")),
    ]
    graph, node = graph_of(*rows, ("http://x/p", Literal("no name")))
    assert graph.names(node) == ("Fight Club", "FC")


def test_a_blank_node_has_only_the_names_given() -> None:
    graph = KnowledgeGraph.from_triples([("_:f0b0", "http://x/p", "_:f0b1"), ("_:f0b1", ALT, Literal("named"))])
    assert graph.names(0) == ()
    assert graph.label(0) == UNNAMED
    assert graph.names(1) == ("named",)


def test_description_holds_label_types_and_short_literals() -> None:
    rows: list[Row] = [
        (LABEL, Literal("Fight Club")),
        (TYPE, "http://x/Film"),
        ("http://x/releaseYear", Literal("1999")),
    ]
    graph, node = graph_of(*rows, (TYPE, OWL + "Thing"), (TYPE, SKOS + "Concept"))
    assert graph.describe(node) == "Fight Club (film); release year 1999"


def test_description_uses_labels_of_types_and_leaves_out_what_the_label_says() -> None:
    triples: list[tuple[str, str, str | Literal]] = [
        (A, LABEL, Literal("Alien (film)")),
        (A, TYPE, "http://x/Q11424"),
        ("http://x/Q11424", LABEL, Literal("film")),
    ]
    graph = KnowledgeGraph.from_triples(triples)
    node = graph.nodes.find(A)
    assert node is not None
    assert graph.describe(node) == "Alien (film)"


def test_description_ends_with_a_definition_and_is_never_long() -> None:
    long = "word " * 100
    graph, node = graph_of(
        (RDFS + "comment", Literal(long)), ("http://x/p", Literal("x" * 41)), ("http://x/q", Literal("v"))
    )
    assert graph.describe(node).startswith("Fight Club; q v; word word")
    assert graph.describe(node).endswith("word…")
    assert len(graph.describe(node)) <= 200
    graph, node = graph_of((LABEL, Literal("y" * 500)), ("http://x/q", Literal("v")))
    assert len(graph.describe(node)) == 200


def test_description_passes_over_other_languages_and_hidden_relations() -> None:
    rows: list[Row] = [
        ("http://x/p", Literal("rot", language="de")),
        ("http://x/q", Literal("secret")),
        (TYPE, "http://x/Film"),
    ]
    graph, node = graph_of(*rows)
    assert graph.describe(node) == "Fight Club (film); q secret"
    hidden = frozenset(found for iri in ("http://x/q", TYPE) if (found := graph.relations.find(iri)) is not None)
    assert graph.describe(node, hide=hidden) == "Fight Club"


def test_relations_take_their_label_from_the_graph() -> None:
    named = ("http://x/p1", LABEL, Literal("cast member"))
    graph = KnowledgeGraph.from_triples(
        [(A, "http://x/p1", "http://x/b"), (A, "http://x/typicalOf", "http://x/b"), named]
    )
    labels = {graph.relations[relation]: graph.relation_label(relation) for relation in range(len(graph.relations))}
    assert labels == {"http://x/p1": "cast member", "http://x/typicalOf": "typical of", LABEL: "label"}


def test_shorten_cuts_between_words() -> None:
    assert shorten("one two three", 9) == "one two…"
    assert shorten("one\n two", 9) == "one two"
    assert shorten("abcdefgh", 4) == "abc…"


def test_relations_called_name_or_label_count_after_the_known_ones() -> None:
    graph, node = graph_of(("http://swrc/onto#name", Literal("Ada")), ("http://x/nickname", Literal("no name")))
    assert (graph.label(node), graph.names(node)) == ("Ada", ("Ada",))
    assert graph.describe(node) == "Ada; nickname no name"
    graph, node = graph_of(("http://swrc/onto#name", Literal("Ada")), (ELEMENTS + "title", Literal("Zoe")))
    assert (graph.label(node), set(graph.names(node))) == ("Zoe", {"Zoe", "Ada"})
