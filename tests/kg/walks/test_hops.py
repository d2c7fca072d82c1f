from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.hops import LONG_ROW, among, reach
from ragmtl.kg.walks.terrain import edges_of, ids_of
from ragmtl.kg.walks.walk import k_hop

NONE = np.zeros(0, np.uint8)
names = st.integers(0, 9).map("a:n{}".format)
statements = st.lists(st.tuples(names, st.sampled_from(["a:p", "a:q"]), names), min_size=1, max_size=30)


@settings(deadline=None)
@given(statements, st.sets(st.integers(0, 9)), st.booleans())
def test_the_triples_among_nodes_are_those_of_a_scan(
    triples: list[tuple[str, str, str]], chosen: set[int], hide_one: bool
) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    nodes = np.array([node for node in sorted(chosen, reverse=True) if node < len(graph.nodes)], np.int64)
    shown = np.array([0, *[1] * (len(graph.relations) - 1)], np.uint8) if hide_one else NONE
    places = {node: place for place, node in enumerate(nodes.tolist())}
    expected = [
        (triple, places[head], places[tail], relation)
        for triple, (head, relation, tail) in enumerate(map(graph.triple, range(len(graph))))
        if head in places and tail in places and not (hide_one and relation == 0)
    ]
    found = among(edges_of(graph), ids_of(graph), shown, nodes)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


def test_two_hubs_are_joined_by_every_triple_between_them() -> None:
    beside = [(hub, "a:p", f"a:{hub[2:]}{place}") for hub in ("a:x", "a:y") for place in range(LONG_ROW + 1)]
    into = [(tail, "a:r", head) for head, _, tail in beside]
    between = [("a:x", "a:q", "a:y"), ("a:x", "a:p", "a:y"), ("a:x", "a:q", "a:x"), ("a:y", "a:q", "a:x")]
    graph = KnowledgeGraph.from_triples([*beside, *into, *between])
    nodes = graph.nodes.find_all(["a:x", "a:y"])
    ids, heads, tails, relations = among(edges_of(graph), ids_of(graph), NONE, nodes)
    found = {
        (graph.nodes[int(nodes[head])], graph.relations[int(relation)], graph.nodes[int(nodes[tail])])
        for head, relation, tail in zip(heads, relations, tails, strict=True)
    }
    assert found == set(between)
    assert len(ids) == len(between)


def test_a_search_stays_within_its_budget_and_hops() -> None:
    star = KnowledgeGraph.from_triples([("a:hub", "a:p", f"a:{place:02}") for place in range(20)])
    start = star.nodes.find_all(["a:hub"])
    for budget in (1, 2, 7):
        nodes, scores = reach(edges_of(star), NONE, start, 5, budget, 256)
        assert len(nodes) == len(scores) == budget
    assert reach(edges_of(star), NONE, start, 0, 50, 256)[0].tolist() == start.tolist()
    assert len(reach(edges_of(star), NONE, start, 1, 50, 256)[0]) == 21


def test_it_goes_any_distance() -> None:
    line = KnowledgeGraph.from_triples([(f"a:{place:05}", "a:p", f"a:{place + 1:05}") for place in range(2000)])
    found = k_hop(line, [0], hops=2000, budget=2001)
    assert found.nodes.tolist() == list(range(2001))
    assert np.isfinite(found.scores).all()
