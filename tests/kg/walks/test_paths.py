from __future__ import annotations

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.paths import RelationPath, relation_paths

names = st.integers(0, 8).map("http://x/n{}".format)
relations = st.integers(0, 2).map("http://x/r{}".format)
statements = st.lists(st.tuples(names, relations, names), min_size=1, max_size=20)
LONGEST = 5
Sequence = tuple[tuple[int, bool], ...]


def node(graph: KnowledgeGraph, iri: str) -> int:
    found = graph.nodes.find(iri)
    assert found is not None
    return found


def every_sequence(graph: KnowledgeGraph, start: int, end: int, longest: int) -> dict[Sequence, int]:
    """The sequences of relations of all simple paths, and how many paths each has."""
    both = networkx.MultiDiGraph()
    for head, relation, tail in map(graph.triple, range(len(graph))):
        both.add_edge(head, tail, (relation, True))
        if head != tail:
            both.add_edge(tail, head, (relation, False))
    found: dict[Sequence, int] = {}
    for path in networkx.all_simple_edge_paths(both, start, end, longest):
        sequence = tuple(step for _, _, step in path)
        found[sequence] = found.get(sequence, 0) + 1
    return found


def check(graph: KnowledgeGraph, path: RelationPath) -> None:
    """A path is made of triples of the graph, and comes to no node twice."""
    assert len(set(path.nodes)) == len(path.nodes) == len(path) + 1
    for step, triple in enumerate(path.triples):
        head, _, tail = graph.triple(triple)
        ends = (path.nodes[step], path.nodes[step + 1])
        assert (head, tail) == (ends if path.forward[step] else ends[::-1])


@settings(deadline=None, max_examples=200)
@given(statements, st.integers(0, 8), st.integers(0, 8))
def test_all_sequences_of_relations_are_found_shortest_first(
    triples: list[tuple[str, str, str]], one: int, other: int
) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    start, end = one % len(graph.nodes), other % len(graph.nodes)
    if start == end:
        return
    found = relation_paths(graph, start, end, count=1000, longest=LONGEST)
    expected = every_sequence(graph, start, end, LONGEST)
    assert {path.relations(graph): path.alike + 1 for path in found.paths} == expected
    assert [len(path) for path in found.paths] == sorted(len(path) for path in found.paths)
    assert found.complete
    for path in found.paths:
        check(graph, path)
        assert (path.nodes[0], path.nodes[-1]) == (start, end)
    assert relation_paths(graph, start, end, count=2, longest=LONGEST).paths == found.paths[:2]


def test_of_paths_alike_the_one_through_the_rarest_node_is_shown() -> None:
    common = [(f"http://x/thing{number}", "http://x/in", "http://x/Everything") for number in range(20)]
    graph = KnowledgeGraph.from_triples(
        [
            *common,
            *(
                (end, "http://x/in", place)
                for end in ("http://x/A", "http://x/B")
                for place in ("http://x/Everything", "http://x/Here")
            ),
        ]
    )
    found = relation_paths(graph, node(graph, "http://x/A"), node(graph, "http://x/B"), count=1)
    assert [path.line(graph) for path in found.paths] == ["A —in→ Here ←in— B"]
    assert found.paths[0].alike == 1


def test_a_hub_may_be_met_but_not_passed_through() -> None:
    common = [(f"http://x/thing{number}", "http://x/in", "http://x/Hub") for number in range(50)]
    chain = [
        ("http://x/A", "http://x/in", "http://x/Hub"),
        ("http://x/B", "http://x/in", "http://x/Hub"),
        ("http://x/thing7", "http://x/next", "http://x/C"),
        ("http://x/C", "http://x/next", "http://x/D"),
    ]
    graph = KnowledgeGraph.from_triples([*common, *chain])
    a, b, d = (node(graph, name) for name in ("http://x/A", "http://x/B", "http://x/D"))
    assert [path.line(graph) for path in relation_paths(graph, a, b, hub=10).paths] == ["A —in→ Hub ←in— B"]
    far = relation_paths(graph, a, d, hub=10)
    assert [path.line(graph) for path in far.paths] == ["A —in→ Hub ←in— thing7 —next→ C —next→ D"]
    hubs = KnowledgeGraph.from_triples(
        [
            ("http://x/A", "http://x/in", "http://x/H1"),
            ("http://x/H1", "http://x/in", "http://x/H2"),
            ("http://x/B", "http://x/in", "http://x/H2"),
        ]
        + [
            (f"http://x/{hub}{number}", "http://x/in", f"http://x/{hub}")
            for hub in ("H1", "H2")
            for number in range(50)
        ]
    )
    blocked = relation_paths(hubs, node(hubs, "http://x/A"), node(hubs, "http://x/B"), hub=10)
    assert blocked.paths == ()
    assert not blocked.complete
    assert relation_paths(hubs, node(hubs, "http://x/A"), node(hubs, "http://x/B"), hub=100).paths


def test_paths_without_hubs_come_first() -> None:
    common = [(f"http://x/{number}", "http://x/in", "http://x/Hub") for number in range(50)]
    chain = [("http://x/A", "http://x/next", "http://x/C"), ("http://x/C", "http://x/next", "http://x/D")]
    more = [
        ("http://x/D", "http://x/next", "http://x/B"),
        *((f"http://x/{e}", "http://x/in", "http://x/Hub") for e in "AB"),
    ]
    graph = KnowledgeGraph.from_triples([*common, *chain, *more])
    ends = node(graph, "http://x/A"), node(graph, "http://x/B")
    plain, through = "A —next→ C —next→ D —next→ B", "A —in→ Hub ←in— B"
    assert [path.line(graph) for path in relation_paths(graph, *ends, hub=10).paths] == [plain, through]
    assert [path.line(graph) for path in relation_paths(graph, *ends, hub=10, count=1).paths] == [plain]
    assert [path.line(graph) for path in relation_paths(graph, *ends, hub=100).paths] == [through, plain]


def test_a_search_keeps_to_its_limits() -> None:
    many = [
        (f"http://x/{place}", "http://x/next", f"http://x/{place + step}")
        for place in range(300)
        for step in (1, 2, 3, 5, 8)
    ]
    graph = KnowledgeGraph.from_triples(many)
    start, end = node(graph, "http://x/0"), node(graph, "http://x/300")
    found = relation_paths(graph, start, end, longest=100, most=500)
    assert found.edges <= 500
    assert not found.complete
    assert relation_paths(graph, start, end, longest=2).paths == ()


def test_hidden_relations_are_not_walked() -> None:
    graph = KnowledgeGraph.from_triples(
        [
            ("http://x/A", "http://x/p", "http://x/B"),
            ("http://x/A", "http://x/q", "http://x/C"),
            ("http://x/C", "http://x/q", "http://x/B"),
        ]
    )
    direct = graph.relations.find("http://x/p")
    assert direct is not None
    found = relation_paths(graph, node(graph, "http://x/A"), node(graph, "http://x/B"), hide={direct})
    assert [path.line(graph) for path in found.paths] == ["A —q→ C —q→ B"]


def test_from_a_node_to_itself_it_is_no_step() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/A", "http://x/p", "http://x/B")])
    assert [path.line(graph) for path in relation_paths(graph, 0, 0).paths] == ["A"]
    with pytest.raises(DataError, match=r"node ids in \[0, 2\), found 2"):
        relation_paths(graph, 0, 2)


def test_a_node_that_hangs_on_a_dense_part_does_not_take_for_ever() -> None:
    names = [f"http://x/{place}" for place in range(60)]
    dense = [(one, "http://x/p", other) for one in names for other in names if one < other]
    graph = KnowledgeGraph.from_triples([*dense, (names[0], "http://x/q", "http://x/leaf")])
    found = relation_paths(graph, node(graph, names[0]), node(graph, "http://x/leaf"))  # 50,000,000 walks come back
    assert [path.line(graph) for path in found.paths] == ["0 —q→ leaf"]
    assert not found.complete


def test_paths_of_any_length_are_refused() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/A", "http://x/p", "http://x/B")])
    with pytest.raises(DataError, match="at most 100 steps"):
        relation_paths(graph, 0, 1, longest=2000)
    with pytest.raises(DataError, match="found 7"):
        relation_paths(graph, 0, 1, hide={7})
