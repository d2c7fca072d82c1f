from __future__ import annotations

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.looking.stats import ClassCount, class_counts, degree_statistics, relation_statistics

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
GRAPH = KnowledgeGraph.from_triples(
    [
        ("http://x/a", "http://x/knows", "http://x/b"),
        ("http://x/a", "http://x/knows", "http://x/c"),
        ("http://x/b", "http://x/knows", "http://x/c"),
        ("http://x/a", "http://x/year", Literal("1999")),
        ("http://x/a", "http://x/year", Literal("2000")),
        ("http://x/lonely", "http://x/year", Literal("1999")),
        ("http://x/a", TYPE, "http://x/Person"),
        ("http://x/b", TYPE, "http://x/Person"),
        ("http://x/b", TYPE, "http://x/Dog"),
    ]
)


def test_degrees() -> None:
    degrees = degree_statistics(GRAPH, hubs=2)
    # Dog 1, Person 2, a 3, b 4, c 2, lonely 0
    assert (degrees.mean, degrees.median, degrees.most, degrees.alone) == (2.0, 2.0, 4, 1)
    assert degrees.histogram == (1, 3, 1)
    assert [(GRAPH.label(node), degree) for node, degree in degrees.hubs] == [("b", 4), ("a", 3)]


def test_relations() -> None:
    by_name = {GRAPH.relation_label(found.relation): found for found in relation_statistics(GRAPH)}
    knows, year = by_name["knows"], by_name["year"]
    assert (knows.triples, knows.literals, knows.heads, knows.tails) == (3, 0, 2, 2)
    assert (knows.functionality, knows.inverse_functionality) == (2 / 3, 2 / 3)
    assert (year.triples, year.literals, year.heads, year.tails, year.example) == (0, 3, 2, 0, None)
    assert year.functionality == 2 / 3
    assert knows.example is not None
    assert year.example_literal is not None
    assert [GRAPH.label(end) for end in GRAPH.triple(knows.example)[::2]] == ["a", "b"]
    assert GRAPH.literals[year.example_literal].text == "1999"


def test_classes() -> None:
    assert [(GRAPH.label(found.node), found.members) for found in class_counts(GRAPH)] == [("Person", 2), ("Dog", 1)]
    assert class_counts(KnowledgeGraph.from_triples([("http://x/a", "a:p", "http://x/b")])) == []
    assert isinstance(class_counts(GRAPH)[0], ClassCount)


def test_a_graph_of_literals_has_degrees_too() -> None:
    degrees = degree_statistics(KnowledgeGraph.from_triples([("http://x/a", "a:p", Literal("x"))]))
    assert (degrees.most, degrees.alone, degrees.histogram) == (0, 1, ())
