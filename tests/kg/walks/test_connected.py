from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.connected import weakly_connected

names = st.integers(0, 12).map("a:n{:02}".format)


@settings(deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(["a:p", "a:q"]), names), min_size=1, max_size=20), st.booleans())
def test_components_are_numbered_in_the_order_of_their_first_node(
    triples: list[tuple[str, str, str]], hide_one: bool
) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    groups = {node: {node} for node in range(len(graph.nodes))}
    for head, relation, tail in map(graph.triple, range(len(graph))):
        if not (hide_one and relation == 0) and groups[head] is not groups[tail]:
            groups[head] |= groups[tail]
            groups.update(dict.fromkeys(groups[tail], groups[head]))
    expected: dict[int, int] = {}
    for node in range(len(graph.nodes)):
        expected.setdefault(id(groups[node]), len(expected))
    found, count = weakly_connected(graph, {0} if hide_one else frozenset())
    assert found.tolist() == [expected[id(groups[node])] for node in range(len(graph.nodes))]
    assert count == len(expected)


def test_what_is_no_relation_cannot_be_hidden() -> None:
    with pytest.raises(DataError, match="relations to hide"):
        weakly_connected(KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")]), {1})
