from __future__ import annotations

import numpy as np
import pytest
import torch

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.routes.routes import Flow
from ragmtl.retrieval.routes.scorer import network_for
from ragmtl.retrieval.routes.search import Found, RouteSearch, triple_scores
from ragmtl.retrieval.routes.targets import Asked
from tests.retrieval.conftest import X

EVERY = np.zeros(0, np.uint8)


@pytest.fixture(scope="module")
def search(graph: KnowledgeGraph) -> RouteSearch:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return RouteSearch(network_for(graph, 16), 2)


def asked(graph: KnowledgeGraph, *names: str) -> Asked:
    seeds = {graph.nodes.find(X + name) or 0: () for name in names}
    return Asked("where is it from", {node: () for node in seeds}, frozenset(), frozenset())


def test_routes_are_those_that_the_graph_has_the_likeliest_first(graph: KnowledgeGraph, search: RouteSearch) -> None:
    found = search(graph, asked(graph, "sumac", "paella"), EVERY)
    assert 0 < len(found) <= 8
    assert sum(route.share for route in found) == pytest.approx(1.0)
    assert [route.share for route in found] == sorted((route.share for route in found), reverse=True)
    for route in found:
        assert 1 <= len(route.codes) <= 2
        reached = {route.start}
        for code in route.codes:
            triples = [graph.triple(row) for row in range(len(graph)) if graph.triple(row)[1] == code >> 1]
            steps = [(tail, head) if code & 1 else (head, tail) for head, _, tail in triples]
            reached = {end for start, end in steps if start in reached}
        assert set(route.flow.ends.tolist()) == reached


def test_relations_that_are_not_shown_are_not_walked(graph: KnowledgeGraph, search: RouteSearch) -> None:
    hidden = graph.relations.find(X + "typicalOf")
    assert hidden is not None
    shown = np.ones(len(graph.relations), np.uint8)
    shown[hidden] = 0
    routes = search(graph, asked(graph, "sumac"), shown)
    assert routes
    assert all(code >> 1 != hidden for route in routes for code in route.codes)


def test_from_nowhere_there_is_no_route(graph: KnowledgeGraph, search: RouteSearch) -> None:
    assert search(graph, asked(graph), EVERY) == []
    triples, scores = triple_scores([])
    assert len(triples) == len(scores) == 0


def flow(triples: list[int], shares: list[float], steps: list[int]) -> Flow:
    return Flow(np.array(triples), np.array(shares), np.array(steps), np.array([9]), np.array([1.0]))


def test_a_triple_scores_the_sum_over_routes_and_first_steps_come_first() -> None:
    found = [
        Found(0, (1, 2), 0.75, flow([5, 7], [1.0, 1.0], [1, 0])),
        Found(0, (3,), 0.25, flow([7, 8], [0.5, 0.5], [0, 0])),
    ]
    triples, scores = triple_scores(found)
    assert triples.tolist() == [7, 5, 8]
    assert scores.tolist() == [0.875, 0.75, 0.125]
    level = [Found(0, (1, 2), 1.0, flow([4, 6], [1.0, 1.0], [1, 0]))]
    assert triple_scores(level)[0].tolist() == [6, 4]
