from __future__ import annotations

import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.server.completion import Completion


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    films = ("The_Godfather", "Godzilla", "God", "The_Son_of_God", "Good_Will_Hunting")
    triples = [(f"http://x/{film}", "http://x/type", "http://x/film") for film in films]
    return KnowledgeGraph.from_triples([*triples, ("http://x/Godzilla", "http://x/fights", "http://x/The_Godfather")])


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("god", ["God", "Godzilla", "The Godfather", "The Son of God"]),  # the very name, names, the best connected
        ("  GODF ", ["The Godfather"]),
        ("will hunt", ["Good Will Hunting"]),
        ("of  god", ["The Son of God"]),
        ("zilla", []),
        ("", []),
        ("\U0010ffff", []),
    ],
)
def test_names_and_words_in_them_are_found(graph: KnowledgeGraph, typed: str, names: list[str]) -> None:
    assert [graph.label(node) for node in Completion.of(graph).find(typed)] == names


def test_a_graph_that_is_too_large_is_completed_in_part(graph: KnowledgeGraph) -> None:
    part = Completion.of(graph, most=3)
    assert not part.complete
    assert len(part.find("the", 1)) <= 1
    assert Completion.of(graph).complete
