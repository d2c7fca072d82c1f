from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.looking.twins import _plain, twins

iris = st.text("ab%/4cCé:", max_size=6).map("http://x/{}".format) | st.text("a%2", max_size=4).map(
    "https://x/{}".format
)


@given(st.sets(iris, min_size=1, max_size=30))
def test_groups_are_those_of_equal_plain_iris(names: set[str]) -> None:
    graph = KnowledgeGraph.from_triples([(name, "http://x/p", Literal("1")) for name in names])
    plain = [_plain(name.encode()) for name in graph.nodes]
    alike = {name: tuple(node for node, other in enumerate(plain) if other == name) for name in plain}
    assert twins(graph) == sorted(nodes for nodes in alike.values() if len(nodes) > 1)
    assert _plain(b"https://x/%C3%a9") == "http://x/é".encode()
