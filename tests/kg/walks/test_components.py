from __future__ import annotations

import networkx
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.components import components

names = st.integers(0, 15).map("http://x/n{}".format)
relations = st.integers(0, 1).map("http://x/r{}".format)
triples = st.lists(st.tuples(names, relations, names), min_size=1, max_size=25)


@settings(deadline=None)
@given(triples, st.booleans(), st.booleans())
def test_components_are_those_of_networkx(statements: list[tuple[str, str, str]], strong: bool, hide_one: bool) -> None:
    graph = KnowledgeGraph.from_triples(statements)
    hide = {0} if hide_one else set()
    other = networkx.MultiDiGraph()
    other.add_nodes_from(range(len(graph.nodes)))
    rows = [graph.triple(triple) for triple in range(len(graph))]
    other.add_edges_from((head, tail) for head, relation, tail in rows if relation not in hide)
    ways = networkx.strongly_connected_components if strong else networkx.weakly_connected_components
    expected = sorted(map(sorted, ways(other)), key=lambda nodes: (-len(nodes), nodes[0]))
    found = components(graph, strong=strong, hide=hide)
    assert [found.nodes(component).tolist() for component in range(len(found))] == expected
    assert found.sizes.tolist() == [len(nodes) for nodes in expected]
