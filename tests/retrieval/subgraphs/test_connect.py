from __future__ import annotations

import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.subgraphs.chosen import Chosen
from ragmtl.retrieval.subgraphs.connect import connecting_paths
from ragmtl.retrieval.subgraphs.seeds import Seeds
from tests.retrieval.conftest import X


def paths(graph: KnowledgeGraph, *names: str, longest: int = 4, budget: int = 20, hide: str = "") -> Chosen | None:
    seeds = Seeds.of(Query("", tuple(X + name for name in names)), (), graph)
    relation = graph.relations.find(X + hide)
    hidden = frozenset([relation]) if relation is not None else frozenset[int]()
    return connecting_paths(graph, seeds, longest=longest, budget=budget, hide=hidden)


def labels(graph: KnowledgeGraph, chosen: Chosen | None) -> set[str]:
    assert chosen is not None
    return {graph.label(int(node)) for node in chosen.subgraph.nodes}


def test_two_entities_are_connected_by_what_lies_between(graph: KnowledgeGraph) -> None:
    found = paths(graph, "zaatar", "bread", longest=3)
    assert {"za'atar", "sumac", "fattoush", "bread"} <= labels(graph, found)
    assert found is not None
    assert set(found.why) == set(found.subgraph.triples.tolist())
    assert all(reason.startswith("on the path ") for reason in found.why.values())


def test_shorter_paths_weigh_more(graph: KnowledgeGraph) -> None:
    found = paths(graph, "fattoush", "sumac")
    assert found is not None
    ends = {(graph.nodes.find(X + "fattoush"), graph.nodes.find(X + "sumac"))}
    best = graph.triple(int(found.subgraph.triples[found.subgraph.weights.argmax()]))
    assert {(best[0], best[2])} == ends


@pytest.mark.parametrize(("names", "longest"), [(("sumac",), 4), ((), 4), (("sumac", "tomato"), 1)])
def test_where_nothing_is_connected_there_is_nothing(
    graph: KnowledgeGraph, names: tuple[str, ...], longest: int
) -> None:
    assert paths(graph, *names, longest=longest) is None


def test_hidden_relations_connect_nothing(graph: KnowledgeGraph) -> None:
    assert "Spain" in labels(graph, paths(graph, "paella", "gazpacho"))
    assert "Spain" not in labels(graph, paths(graph, "paella", "romesco", hide="typicalOf"))


@pytest.mark.parametrize("budget", [0, 1, 2, 3, 4])
def test_paths_that_do_not_fit_are_left_out(graph: KnowledgeGraph, budget: int) -> None:
    found = paths(graph, "zaatar", "bread", "paella", budget=budget)
    assert found is not None
    assert len(found.subgraph.nodes) <= budget
