from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.languages import language_rank
from ragmtl.kg.vocabulary import ELEMENTS, FOAF, ONTOLEX, OWL, RDF, RDFS, SCHEMA, SKOS, TYPE, USUAL, XL
from ragmtl.kg.wording import UNNAMED

A = "http://x/Fight_Club"
LABEL, ALT = RDFS + "label", SKOS + "altLabel"


Row = tuple[str, str | Literal]
LANGUAGES = ["", "en", "de", "de-at", "fr"]
values = st.builds(
    Literal,
    st.sampled_from(["", " ", "b", "a", "\u00a0"]),
    st.just(""),
    st.sampled_from(["", "en", "de", "de-at", "fr"]),
)


def graph_of(*rows: Row, languages: tuple[str, ...] = ("en",)) -> tuple[KnowledgeGraph, int]:
    graph = KnowledgeGraph.from_triples([(A, relation, value) for relation, value in rows], languages=languages)
    node = graph.nodes.find(A)
    assert node is not None
    return graph, node


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


def test_relations_called_name_or_label_count_after_the_known_ones() -> None:
    graph, node = graph_of(("http://swrc/onto#name", Literal("Ada")), ("http://x/nickname", Literal("no name")))
    assert (graph.label(node), graph.names(node)) == ("Ada", ("Ada",))
    assert graph.describe(node) == "Ada; nickname no name"
    graph, node = graph_of(("http://swrc/onto#name", Literal("Ada")), (ELEMENTS + "title", Literal("Zoe")))
    assert (graph.label(node), set(graph.names(node))) == ("Zoe", {"Zoe", "Ada"})


def test_a_list_of_labels_is_the_labels_one_by_one() -> None:
    graph = KnowledgeGraph.from_triples(
        [
            ("http://x/a", LABEL, Literal("A\n1")),
            ("http://x/b", "http://x/p", "_:n"),
            ("http://x/c", LABEL, Literal("")),
        ]
    )
    assert list(graph.labels) == [graph.label(node) for node in range(len(graph.nodes))]
    assert len(graph.labels) == 4
    assert [graph.label(node) for node in range(1, 4)] == ["A 1", "b", "c"]
    with pytest.raises(IndexError, match=r"\[0, 4\), found 4"):
        graph.labels[4]


@given(st.lists(st.tuples(st.sampled_from([LABEL, ALT, FOAF + "name", "http://x/name"]), values), min_size=1))
def test_the_best_label_is_the_one_that_a_plain_search_finds(rows: list[tuple[str, Literal]]) -> None:
    order = [LABEL, FOAF + "name", "http://x/name"]
    graph, node = graph_of(*rows, languages=("de-AT", "en"))
    named = [
        (language_rank(value.language, ("de-AT", "en")), order.index(relation), value.text)
        for relation, value in rows
        if relation in order and value.text.strip()
    ]
    assert graph.label(node) == (min(named)[2].strip() if named else "Fight Club")


def test_a_label_may_be_a_node_that_carries_the_text() -> None:
    triples: list[tuple[str, str, str | Literal]] = [
        ("http://x/Q1", XL + "prefLabel", "http://x/label-1"),
        ("http://x/label-1", XL + "literalForm", Literal("Apfel", language="de")),
        ("http://x/Q1", XL + "prefLabel", "http://x/label-2"),
        ("http://x/label-2", XL + "literalForm", Literal("apple", language="en")),
        ("http://x/Q1", XL + "altLabel", "_:alt"),
        ("_:alt", XL + "literalForm", Literal("Malus")),
        ("_:alt", TYPE, XL + "Label"),
    ]
    graph = KnowledgeGraph.from_triples(triples)
    node = at(graph, "http://x/Q1")
    assert (graph.label(node), set(graph.names(node))) == ("apple", {"apple", "Apfel", "Malus"})
    assert graph.label(at(graph, "_:alt")) == "label 'Malus'"
    assert graph.names(at(graph, "_:alt")) == ()


def test_a_label_of_its_own_goes_before_one_that_a_node_carries() -> None:
    graph = KnowledgeGraph.from_triples(
        [
            (A, ONTOLEX + "canonicalForm", "_:form"),
            ("_:form", ONTOLEX + "writtenRep", Literal("form")),
            (A, LABEL, Literal("label")),
        ]
    )
    assert graph.label(at(graph, A)) == "label"


def test_ontolex_forms_name_entries_and_are_readable() -> None:
    graph = KnowledgeGraph.from_triples(
        [
            ("_:entry", ONTOLEX + "canonicalForm", "_:form"),
            ("_:entry", ONTOLEX + "otherForm", "_:other"),
            ("_:form", ONTOLEX + "writtenRep", Literal("dog", language="en")),
            ("_:other", ONTOLEX + "writtenRep", Literal("dogs", language="en")),
            ("_:form", TYPE, ONTOLEX + "Form"),
        ]
    )
    assert graph.names(at(graph, "_:entry")) == ("dog", "dogs")
    assert graph.label(at(graph, "_:form")) == "form 'dog'"
    assert graph.label(at(graph, "_:other")) == "value 'dogs'"


def test_a_relation_that_merely_ends_in_label_does_not_borrow_the_name_of_a_node() -> None:
    graph = KnowledgeGraph.from_triples(
        [(A, "http://x/label", "http://x/Sony"), ("http://x/Sony", RDF + "value", Literal("Sony Music"))]
    )
    assert graph.label(at(graph, A)) == "Fight Club"


def test_users_name_relations_of_their_own() -> None:
    triples: list[tuple[str, str, str | Literal]] = [
        (A, "http://x/titel", Literal("Der Klub")),
        (A, LABEL, Literal("FC")),
        (A, "http://x/auch", Literal("Klub")),
        (A, "http://x/art", "http://x/Film"),
        (A, "http://x/inhalt", Literal("Two men found a club for fighting.")),
    ]
    vocabulary = USUAL.extended(
        labels=["http://x/titel"],
        alternatives=["http://x/auch"],
        descriptions=["http://x/inhalt"],
        types=["http://x/art"],
    )
    graph = KnowledgeGraph.from_triples(triples, vocabulary=vocabulary)
    node = at(graph, A)
    assert (graph.label(node), set(graph.names(node))) == ("Der Klub", {"Der Klub", "FC", "Klub"})
    assert graph.describe(node) == "Der Klub (film); Two men found a club for fighting."
    assert graph.with_triples(graph.heads, graph.relation_ids, graph.tails).label(node) == "Der Klub"


def test_wikidata_types_descriptions_and_names_of_properties() -> None:
    direct, entity = "http://www.wikidata.org/prop/direct/", "http://www.wikidata.org/entity/"
    triples: list[tuple[str, str, str | Literal]] = [
        (entity + "Q190050", LABEL, Literal("Fight Club", language="mul")),
        (entity + "Q190050", SCHEMA[0] + "description", Literal("film von David Fincher", language="de")),
        (entity + "Q190050", SCHEMA[0] + "description", Literal("1999 film by David Fincher", language="en")),
        (entity + "Q190050", direct + "P31", entity + "Q11424"),
        (entity + "Q11424", LABEL, Literal("film", language="en")),
        (entity + "P31", "http://wikiba.se/ontology#directClaim", direct + "P31"),
        (entity + "P31", LABEL, Literal("instance of", language="en")),
    ]
    graph = KnowledgeGraph.from_triples(triples)
    node = at(graph, entity + "Q190050")
    assert graph.describe(node) == "Fight Club (film); 1999 film by David Fincher"
    relation = graph.relations.find(direct + "P31")
    assert relation is not None
    assert graph.relation_label(relation) == "instance of"


def test_the_best_description_is_in_the_best_language_whatever_the_relation() -> None:
    graph, node = graph_of(
        (SKOS + "definition", Literal("ein Film über einen Klub", language="de")),
        (RDFS + "comment", Literal("a film about a club", language="en")),
        languages=("en", "de"),
    )
    assert graph.describe(node) == "Fight Club; a film about a club"
    assert graph.labels.description(node, frozenset({at_relation(graph, RDFS + "comment")})).startswith("ein Film")


def test_a_definition_may_be_a_node_with_a_value() -> None:
    graph = KnowledgeGraph.from_triples(
        [(A, SKOS + "definition", "_:d"), ("_:d", RDF + "value", Literal("A film about a club for fighting."))]
    )
    assert graph.describe(at(graph, A)) == "Fight Club; A film about a club for fighting."


def at(graph: KnowledgeGraph, iri: str) -> int:
    node = graph.nodes.find(iri)
    assert node is not None
    return node


def at_relation(graph: KnowledgeGraph, iri: str) -> int:
    relation = graph.relations.find(iri)
    assert relation is not None
    return relation
