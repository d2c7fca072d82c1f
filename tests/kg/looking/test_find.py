from __future__ import annotations

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.looking.find import find_entity, namespaces, own_prefixes

RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
ONTOLEX = "http://www.w3.org/ns/lemon/ontolex#"
GRAPH = KnowledgeGraph.from_triples(
    [
        ("http://x/films/Q1", RDFS + "label", Literal("Casablanca", language="en")),
        ("http://x/films/Q1", SKOS + "altLabel", Literal("Everybody Comes to Rick's")),
        ("http://x/films/Q1", "http://x/vocabulary/setIn", "http://x/places/Casablanca"),
        ("http://x/films/Q2", RDFS + "label", Literal("casablanca")),
        ("http://x/films/Q1", "http://x/vocabulary/comment", Literal("Rick")),
        ("http://x/films/The_Third_Man", "http://x/vocabulary/setIn", "http://x/places/Wien"),
        ("http://x/places/Wien", RDFS + "label", Literal("Köln und Wien")),
        ("http://x/entry", ONTOLEX + "canonicalForm", "_:f0b0"),
        ("_:f0b0", ONTOLEX + "writtenRep", Literal("gallop")),
        ("http://x/films/Q1", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "http://schema.org/Movie"),
    ]
)


@pytest.mark.parametrize(
    ("asked", "iri"),
    [
        ("http://x/films/Q1", "http://x/films/Q1"),
        ("<http://x/films/Q1>", "http://x/films/Q1"),
        ("films:Q1", "http://x/films/Q1"),
        ("schema:Movie", "http://schema.org/Movie"),
        ("Casablanca", "http://x/films/Q1"),
        ("casablanca", "http://x/films/Q2"),
        ("CASABLANCA", "http://x/films/Q1"),
        ("everybody comes to rick's", "http://x/films/Q1"),
        ("  Köln  und Wien ", "http://x/places/Wien"),
        ("The Third Man", "http://x/films/The_Third_Man"),
        ("wien", "http://x/places/Wien"),
        ("gallop", "http://x/entry"),
        ("_:f0b0", "_:f0b0"),
    ],
)
def test_what_a_person_writes_is_found(asked: str, iri: str) -> None:
    assert GRAPH.nodes[find_entity(GRAPH, asked).node] == iri


def test_of_several_the_best_connected_is_meant_and_the_others_are_told() -> None:
    found = find_entity(GRAPH, "CASABLANCA")
    assert [GRAPH.nodes[node] for node in (found.node, *found.others)] == ["http://x/films/Q1", "http://x/films/Q2"]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("Casablanka", "did you mean 'Casablanca'"),
        ("http://x/films/The_Thrid_Man", "did you mean 'http://x/films/The_Third_Man'"),
        ("Rick", "look at some with `ragmtl kg info`"),
        ("", "look at some"),
        ("\ud800", "look at some"),
    ],
)
def test_what_is_not_found_gets_a_hint(asked: str, hint: str) -> None:
    with pytest.raises(DataError, match="expected the IRI, prefix:name or name of a node") as raised:
        find_entity(GRAPH, asked)
    assert hint in str(raised.value)


def test_own_prefixes_are_the_last_parts_of_namespaces() -> None:
    found = own_prefixes(GRAPH)
    assert (found["films"], found["vocabulary"]) == ("http://x/films/", "http://x/vocabulary/")
    twice = KnowledgeGraph.from_triples([("http://x/films/a", "http://y/films/p", "http://x/odd name/b")])
    assert own_prefixes(twice) == {}


def test_namespaces_are_those_of_relations_and_nodes() -> None:
    assert {"http://x/films/", "http://x/vocabulary/", RDFS} <= set(namespaces(GRAPH))
    assert "_:" not in "".join(namespaces(GRAPH))
