from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.changes.closure import closure, compose

edges = st.lists(st.tuples(st.integers(0, 8).map(lambda node: 100 * node), st.integers(0, 8)), max_size=15)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@settings(deadline=None)
@given(edges, edges)
def test_pairs_are_those_between_which_a_path_leads(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    pairs = [*one, *((tail, head) for head, tail in other)]
    heads, tails = closure(*columns(pairs), 1000)
    graph = networkx.DiGraph(pairs)
    reached = {(head, tail) for head, middle in graph.edges for tail in {middle} | networkx.descendants(graph, middle)}
    assert set(zip(heads.tolist(), tails.tolist(), strict=True)) == reached
    assert len(heads) == len(reached)


@settings(deadline=None)
@given(edges, edges)
def test_pairs_of_edges_that_follow_on_each_other(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    following = [(tail, head) for head, tail in other]
    heads, ends = compose(*columns(one), *columns(following), 1000)
    expected = sorted((head, end) for head, tail in one for start, end in following if start == tail)
    assert sorted(zip(heads.tolist(), ends.tolist(), strict=True)) == expected


def test_more_pairs_than_wanted_are_refused_before_they_are_made() -> None:
    chain = columns([(node, node + 1) for node in range(3000)])
    with pytest.raises(DataError, match="at most 1,000 paths through the schema"):
        closure(*chain, 1000)
    star = columns([(node, 0) for node in range(1000)])
    with pytest.raises(DataError, match="at most 999,999 paths"):
        compose(*star, *star[::-1], 999_999)


def test_a_ring_ends() -> None:
    heads, _ = closure(*columns([(node, (node + 1) % 50) for node in range(50)]), 10_000)
    assert len(heads) == 2500
