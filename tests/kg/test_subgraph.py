from __future__ import annotations

from dataclasses import fields

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.kg.walks.walk import k_hop


def test_an_empty_one_is_that_of_no_seeds() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")])
    nothing, empty = k_hop(graph, [], hops=2, budget=5), Subgraph.empty()
    assert (nothing.graph, empty.graph) == (graph, None)
    for field in fields(Subgraph):
        if field.name == "graph":
            continue
        found, expected = getattr(nothing, field.name), getattr(empty, field.name)
        assert found.shape == expected.shape == (0,)
        assert found.dtype == expected.dtype
