from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.routes.routes import edges_from, flow_of, follow

X = "http://x/"
EVERY = np.zeros(0, np.uint8)


@pytest.fixture(scope="module")
def family() -> KnowledgeGraph:
    """a has the children b and c; both have the school s, c has also the school t."""
    triples = [
        ("a", "child", "b"),
        ("a", "child", "c"),
        ("b", "school", "s"),
        ("c", "school", "s"),
        ("c", "school", "t"),
    ]
    return KnowledgeGraph.from_triples([(X + h, X + r, X + t) for h, r, t in triples])


def test_edges_lead_both_ways(family: KnowledgeGraph) -> None:
    edges = edges_from(family, np.array([1]), EVERY)
    assert sorted(zip(edges.codes.tolist(), edges.ends.tolist(), strict=True)) == [(1, 0), (2, 3)]
    assert edges.sources.tolist() == [1, 1]


def test_hidden_relations_and_too_many_edges_are_left(family: KnowledgeGraph) -> None:
    assert edges_from(family, np.array([1]), np.array([0, 1], np.uint8)).codes.tolist() == [2]
    assert len(edges_from(family, np.array([0, 1, 2, 3, 4]), EVERY, 3).codes) == 6


def test_what_branches_share_carries_most(family: KnowledgeGraph) -> None:
    flow = flow_of(follow(family, 0, (0, 2), EVERY), 0)
    shares = {family.triple(t): share for t, share in zip(flow.triples.tolist(), flow.shares.tolist(), strict=True)}
    assert shares == pytest.approx(
        {(0, 0, 1): 1 / 3, (0, 0, 2): 2 / 3, (1, 1, 3): 1 / 3, (2, 1, 3): 1 / 3, (2, 1, 4): 1 / 3}
    )
    assert flow.steps.tolist() == [0, 0, 1, 1, 1]
    assert dict(zip(flow.ends.tolist(), flow.end_shares.tolist(), strict=True)) == pytest.approx({3: 2 / 3, 4: 1 / 3})


def test_branches_that_end_early_carry_nothing(family: KnowledgeGraph) -> None:
    graph = KnowledgeGraph.from_triples(
        [(X + "a", X + "r", X + "b"), (X + "a", X + "r", X + "c"), (X + "c", X + "s", X + "d")]
    )
    flow = flow_of(follow(graph, 0, (0, 2), EVERY), 0)
    assert [graph.triple(triple) for triple in flow.triples.tolist()] == [(0, 0, 2), (2, 1, 3)]


def test_a_route_may_come_back(family: KnowledgeGraph) -> None:
    flow = flow_of(follow(family, 1, (1, 0), EVERY), 1)
    assert set(flow.ends.tolist()) == {1, 2}
    assert len(follow(family, 1, (1, 1), EVERY)) == 1
