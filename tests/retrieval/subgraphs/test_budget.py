from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.retrieval.subgraphs.budget import token_count, within_budget
from ragmtl.retrieval.subgraphs.chosen import subgraph_of
from tests.retrieval.conftest import TRIPLES, X

GRAPH = KnowledgeGraph.from_triples([(X + h, X + r, X + t) for h, r, t in TRIPLES])


def everything(seeds: list[int]) -> Subgraph:
    """All triples, the first ones weighing most."""
    count = len(GRAPH)
    return subgraph_of(GRAPH, np.arange(count), np.linspace(1.0, 0.1, count), np.array(seeds, np.int64))


limits = st.one_of(st.none(), st.integers(0, 30))


@given(st.sets(st.integers(0, len(GRAPH.nodes) - 1), max_size=3), st.integers(0, 30), limits, limits)
def test_no_budget_is_ever_exceeded(seeds: set[int], nodes: int, triples: int | None, tokens: int | None) -> None:
    whole = everything(sorted(seeds))
    part = within_budget(GRAPH, whole, nodes, triples, tokens)
    assert len(part.nodes) <= nodes
    assert len(part.triples) <= (len(GRAPH) if triples is None else triples)
    assert sum(token_count(GRAPH, triple) for triple in part.triples.tolist()) <= (10**6 if tokens is None else tokens)
    assert set(part.nodes[part.seeds].tolist()) <= seeds
    assert len(set(part.nodes[part.seeds].tolist())) == min(len(seeds), nodes)
    assert np.array_equal(GRAPH.heads[part.triples], part.nodes[part.heads])
    assert np.array_equal(GRAPH.tails[part.triples], part.nodes[part.tails])


def test_what_fits_is_left_as_it_is() -> None:
    whole = everything([0])
    assert within_budget(GRAPH, whole, 100) is whole
    assert within_budget(GRAPH, whole, 100, 100, 10_000) is whole


@pytest.mark.parametrize("most", [1, 3, 7])
def test_the_triples_of_most_weight_are_kept(most: int) -> None:
    assert within_budget(GRAPH, everything([]), 100, most).triples.tolist() == list(range(most))


def test_a_triple_that_is_too_long_is_passed_over_for_the_next_one() -> None:
    graph = KnowledgeGraph.from_triples(
        [(X + "a", X + "hasAVeryLongRelationNameIndeed", X + "b"), (X + "a", X + "r", X + "c")]
    )
    long = max(range(2), key=lambda triple: token_count(graph, triple))
    whole = subgraph_of(graph, np.array([long, 1 - long]), np.array([1.0, 0.5]), np.zeros(0, np.int64))
    assert token_count(graph, long) > 3 == token_count(graph, 1 - long)
    assert within_budget(graph, whole, 10, tokens=3).triples.tolist() == [1 - long]


def test_without_a_limit_of_triples_the_best_nodes_fill_the_room() -> None:
    whole = everything([])
    part = within_budget(GRAPH, whole, 5)
    assert len(part.nodes) == 5
    assert set(part.nodes.tolist()) >= {int(node) for end in (0, 2) for node in [GRAPH.triple(0)[end]]}
