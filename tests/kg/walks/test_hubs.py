"""Hubs do not poison walks."""

from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.vocabulary import TYPE
from ragmtl.kg.walks.hubs import hub_nodes, quiet_relations
from ragmtl.kg.walks.walk import k_hop, pagerank

FILMS = 300


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    """Films of one class, in a ring of sequels, and each with an actor of its own."""
    film = "http://x/film{}".format
    triples = [(film(i), TYPE, "http://x/Film") for i in range(FILMS)]
    triples += [(film(i), "http://x/sequel", film((i + 1) % FILMS)) for i in range(FILMS)]
    triples += [(film(i), "http://x/starring", f"http://x/actor{i // 2}") for i in range(FILMS)]
    return KnowledgeGraph.from_triples(triples)


def at(graph: KnowledgeGraph, iri: str) -> int:
    node = graph.nodes.find(iri)
    assert node is not None
    return node


def test_the_class_of_everything_is_a_hub_and_its_relation_quiet(graph: KnowledgeGraph) -> None:
    assert hub_nodes(graph).tolist() == [at(graph, "http://x/Film")]
    assert quiet_relations(graph) == {graph.relations.find(TYPE)}


def test_small_graphs_have_no_hubs() -> None:
    graph = KnowledgeGraph.from_triples([(f"http://x/{i}", TYPE, "http://x/Film") for i in range(50)])
    assert len(hub_nodes(graph)) == 0
    assert quiet_relations(graph) == frozenset()
    assert hub_nodes(graph, least=50).tolist() == [at(graph, "http://x/Film")]


def test_a_relation_that_leads_from_a_hub_is_quiet_too() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/Film", "http://x/has", f"http://x/{i}") for i in range(200)])
    assert quiet_relations(graph) == {0}


def test_a_relation_with_one_hub_among_many_tails_is_not_quiet() -> None:
    rows = [(f"http://x/{i}", "http://x/genre", f"http://x/g{i % 100 if i % 3 else 0}") for i in range(500)]
    graph = KnowledgeGraph.from_triples(rows)
    assert hub_nodes(graph).tolist() == [at(graph, "http://x/g0")]
    assert quiet_relations(graph) == frozenset()


def test_two_hops_stay_near_when_quiet_relations_are_hidden(graph: KnowledgeGraph) -> None:
    seed = at(graph, "http://x/film7")
    near = {f"http://x/{name}" for name in ("film5", "film6", "film7", "film8", "film9", "actor3", "actor4")}
    far = k_hop(graph, [seed], hops=2, budget=400)
    assert len(far.nodes) > FILMS
    kept = k_hop(graph, [seed], hops=2, budget=400, hide=quiet_relations(graph))
    assert {graph.nodes[node] for node in kept.nodes} <= near


def test_pagerank_is_not_dominated_by_siblings_of_the_same_class(graph: KnowledgeGraph) -> None:
    seed = at(graph, "http://x/film7")

    def share_of_far_films(hide: frozenset[int]) -> float:
        nodes, scores = pagerank(graph, [seed], [1.0], hide=hide, epsilon=1e-7)
        far = np.array(["film" in graph.nodes[node] and graph.degree(node) < FILMS for node in nodes])
        near = {at(graph, f"http://x/film{i}") for i in range(0, 15)}
        far &= np.array([int(node) not in near for node in nodes])
        return float(scores[far].sum())

    assert share_of_far_films(quiet_relations(graph)) < 0.1 * share_of_far_films(frozenset())
