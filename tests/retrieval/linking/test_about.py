from __future__ import annotations

import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.linking.about import about_of
from tests.retrieval.conftest import X


def node(graph: KnowledgeGraph, name: str) -> int:
    found = graph.nodes.find(X + name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("title", "about"),
    [("Sumac", "sumac"), ("SMOKED  Paprika!", "smokedPaprika"), ("Pimentón", "smokedPaprika"), ("heat", "heat1995")],
)
def test_a_passage_is_about_what_its_title_names(graph: KnowledgeGraph, title: str, about: str) -> None:
    others = [node(graph, name) for name in ("bread", "rice")]
    assert about_of(graph, [title], [[*others, node(graph, about)]]) == [node(graph, about)]


def test_of_several_of_that_name_it_is_the_first_that_it_speaks_of(graph: KnowledgeGraph) -> None:
    films = [node(graph, "heat1986"), node(graph, "heat1995")]
    assert about_of(graph, ["Heat", "Heat", "Heat (1995 film)"], [films, films[::-1], films]) == [*films, films[1]]


def test_without_a_title_or_without_a_link_to_its_bearer_it_is_about_nothing(graph: KnowledgeGraph) -> None:
    sumac = node(graph, "sumac")
    titles, links = ["", "…", "Sumac", "Sumac and rice"], [[sumac], [sumac], [], [sumac]]
    assert about_of(graph, titles, links) == [-1, -1, -1, -1]
