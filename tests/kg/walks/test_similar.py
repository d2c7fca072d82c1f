from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.similar import adamic_adar

X = "http://x.org/"


@pytest.fixture
def graph() -> KnowledgeGraph:
    edges = [
        ("a", "by", "p"),
        ("b", "by", "p"),
        ("b", "in", "hub"),
        ("c", "in", "hub"),
        ("d", "in", "hub"),
        ("e", "by", "q"),
    ]
    return KnowledgeGraph.from_triples([(X + head, X + relation, X + tail) for head, relation, tail in edges])


def ids(graph: KnowledgeGraph, names: str) -> np.ndarray:
    found = [graph.nodes.find(X + name) for name in names]
    return np.array([-1 if node is None else node for node in found], np.int64)


def test_what_few_share_counts_more(graph: KnowledgeGraph) -> None:
    similarity = adamic_adar(graph, ids(graph, "abc"))
    assert similarity[0, 1] > similarity[1, 2] > similarity[0, 2] == 0
    np.testing.assert_allclose(similarity, similarity.T)
    np.testing.assert_allclose(similarity.diagonal(), 1, rtol=1e-6)


def test_it_is_the_formula(graph: KnowledgeGraph) -> None:
    similarity = adamic_adar(graph, ids(graph, "cd"))
    hub, own = 1 / np.log2(2 + 3), 1 / np.log2(2 + 1)
    assert similarity[0, 1] == pytest.approx(hub / (hub + own))


def test_neighbours_are_alike(graph: KnowledgeGraph) -> None:
    assert adamic_adar(graph, ids(graph, "ap"))[0, 1] > 0


def test_hidden_relations_and_unknown_items_count_for_nothing(graph: KnowledgeGraph) -> None:
    relation = graph.relations.find(X + "by")
    assert relation is not None
    assert adamic_adar(graph, ids(graph, "ab"), frozenset({relation}))[0, 1] == 0
    unknown = adamic_adar(graph, ids(graph, "az"))
    assert unknown[0, 1] == unknown[1, 1] == 0
