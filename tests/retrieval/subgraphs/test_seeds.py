from __future__ import annotations

import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.subgraphs.seeds import Seeds

X = "http://x/"


def weights(graph: KnowledgeGraph, seeds: Seeds) -> dict[str, float]:
    return {graph.label(int(n)): float(w) for n, w in zip(seeds.nodes, seeds.weights, strict=True)}


def test_given_entities_history_and_mentions(graph: KnowledgeGraph) -> None:
    rice, sumac = (graph.nodes.find(X + name) for name in ("rice", "sumac"))
    assert rice is not None
    assert sumac is not None
    query = Query("", (X + "bread",), (X + "tomato", X + "gazpacho", X + "sumac"))
    found = Seeds.of(query, [Mention(0, 1, rice, 0.4), Mention(2, 3, sumac, 0.5)], graph)
    assert weights(graph, found) == pytest.approx(
        {"sumac": 1.5, "bread": 1.0, "gazpacho": 0.9, "tomato": 0.81, "rice": 0.4}
    )
    assert list(weights(graph, found)) == ["sumac", "bread", "gazpacho", "tomato", "rice"]
    assert [graph.label(node) for node in found.history] == ["sumac", "gazpacho", "tomato"]


def test_what_is_named_often_weighs_no_more_than_what_is_given(graph: KnowledgeGraph) -> None:
    found = Seeds.of(Query("", (X + "rice",)), [Mention(i, i + 1, 0, 0.9) for i in range(9)], graph)
    assert found.weights.tolist() == [1.0, 1.0]


def test_an_item_that_returns_counts_as_its_newest(graph: KnowledgeGraph) -> None:
    found = Seeds.of(Query("", (), (X + "rice", X + "bread", X + "rice")), [], graph)
    assert weights(graph, found) == {"rice": 1.0, "bread": 0.9}


def test_missing_iris_are_told_and_the_heaviest_are_kept(graph: KnowledgeGraph) -> None:
    query = Query("", (X + "unknown", X + "rice"), (X + "gone", X + "bread", X + "tomato"))
    found = Seeds.of(query, [], graph, most=2)
    assert found.missing == (X + "unknown", X + "gone")
    assert [graph.label(int(node)) for node in found.nodes] == ["rice", "tomato"]


def test_nothing(graph: KnowledgeGraph) -> None:
    assert len(Seeds.of(Query("words"), [], graph).nodes) == 0
