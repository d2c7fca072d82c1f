from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.adjacency import gather, row_of
from ragmtl.kg.graph import KnowledgeGraph

names = st.integers(0, 6).map("http://x/n{}".format)
relations = st.integers(0, 2).map("http://x/r{}".format)
statements = st.lists(st.tuples(names, relations, names), min_size=1, max_size=30)


@given(statements)
def test_both_directions_hold_every_triple_once(triples: list[tuple[str, str, str]]) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    out, into = graph.outgoing, graph.incoming
    for way, own, other in ((out, graph.heads, graph.tails), (into, graph.tails, graph.heads)):
        assert sorted(way.triples.tolist()) == list(range(len(graph)))
        for node in range(len(graph.nodes)):
            row = way.row(node)
            assert (own[way.triples[row]] == node).all()
            assert (other[way.triples[row]] == way.neighbours[row]).all()
            assert (graph.relation_ids[way.triples[row]] == way.relations[row]).all()


@given(statements, st.data())
def test_rows_are_the_rows_one_after_the_other(triples: list[tuple[str, str, str]], data: st.DataObject) -> None:
    way = KnowledgeGraph.from_triples(triples).outgoing
    count = len(way.indptr) - 1
    nodes = np.array(data.draw(st.lists(st.integers(0, count - 1), max_size=5)), np.int64)
    places, owners = way.rows(nodes)
    rows = [way.row(node) for node in nodes.tolist()]
    expected = [(place, owner) for owner, row in enumerate(rows) for place in range(row.start, row.stop)]
    assert list(zip(places.tolist(), owners.tolist(), strict=True)) == expected


def test_gather_takes_rows_in_the_order_asked() -> None:
    indptr = np.array([0, 2, 2, 5])
    places, owners = gather(indptr, np.array([2, 1, 0]))
    assert places.tolist() == [2, 3, 4, 0, 1]
    assert owners.tolist() == [0, 0, 0, 2, 2]
    assert len(gather(indptr, np.zeros(0, np.int64))[0]) == 0


def test_there_is_no_row_before_the_first() -> None:
    with pytest.raises(IndexError, match=r"a row in \[0, 2\), found -1"):
        row_of(np.array([0, 2, 5]), -1)
