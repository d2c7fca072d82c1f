from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.walk import pagerank
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.subgraphs.chosen import Chosen
from ragmtl.retrieval.subgraphs.seeds import Seeds
from ragmtl.retrieval.subgraphs.steiner import BETWEEN, BEYOND, steiner_tree

X = "http://x/"


def chain(*names: str) -> list[tuple[str, str, str]]:
    return [(X + one, X + "to", X + other) for one, other in zip(names, names[1:], strict=False)]


@pytest.fixture(scope="module")
def roads() -> KnowledgeGraph:
    """Two ends a and e: over b, c, d; or over a hub that everything is beside, and a side road from c."""
    hub = [(X + name, X + "is", X + "thing") for name in ("a", "b", "c", "d", "e", *(f"t{n}" for n in range(200)))]
    return KnowledgeGraph.from_triples(chain("a", "b", "e") + chain("b", "side", "end") + hub)


def tree(graph: KnowledgeGraph, names: str, budget: int, hide: frozenset[int] = frozenset()) -> Chosen:
    seeds = Seeds.of(Query("", tuple(X + name for name in names)), (), graph)
    near = pagerank(graph, seeds.nodes, seeds.weights)
    return steiner_tree(graph, seeds, near, budget=budget, hide=hide)


def labels(graph: KnowledgeGraph, found: Chosen) -> set[str]:
    return {graph.label(int(node)) for node in found.subgraph.nodes}


def test_it_connects_over_the_cheapest_way(roads: KnowledgeGraph) -> None:
    found = tree(roads, "ae", 3)
    assert labels(roads, found) == {"a", "b", "e"}
    assert list(found.why.values()) == [BETWEEN, BETWEEN]


def test_it_grows_where_the_prize_is_worth_the_way(roads: KnowledgeGraph) -> None:
    found = tree(roads, "ab", 6)
    assert {"a", "b", "e"} <= labels(roads, found)
    assert set(found.why.values()) == {BETWEEN, BEYOND}
    assert "t150" not in labels(roads, tree(roads, "ab", 100))


def test_it_is_a_forest_within_its_budget(graph: KnowledgeGraph) -> None:
    for budget in (1, 2, 4, 8, 30):
        seeds = Seeds.of(Query("", tuple(X + name for name in ("sumac", "rice", "tomato"))), (), graph)
        found = steiner_tree(graph, seeds, pagerank(graph, seeds.nodes, seeds.weights), budget=budget).subgraph
        assert len(found.nodes) <= budget
        pairs = {tuple(sorted(pair)) for pair in zip(found.heads.tolist(), found.tails.tolist(), strict=True)}
        assert len(pairs) < max(len(found.nodes), 1)
        assert found.seeds.sum() == min(budget, 3)


def test_what_is_hidden_connects_nothing(roads: KnowledgeGraph) -> None:
    hidden = roads.relations.find(X + "to")
    assert hidden is not None
    found = tree(roads, "ae", 4, hide=frozenset({hidden}))
    assert hidden not in found.subgraph.relations
    assert {"a", "e"} <= labels(roads, found)


def test_unconnected_seeds_stay(roads: KnowledgeGraph) -> None:
    graph = KnowledgeGraph.from_triples(chain("a", "b") + chain("c", "d"))
    found = tree(graph, "ac", 2)
    assert labels(graph, found) == {"a", "c"}
    assert not np.any(found.subgraph.triples)
