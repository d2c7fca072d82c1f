from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.changes.same import merge_same
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple
from ragmtl.kg.vocabulary import SAME

names = st.sampled_from(["a:a", "a:b", "a:c", "a:d", "_:x", "_:y"])
told = st.lists(st.tuples(names, st.just("a:p"), names | st.just(Literal("x"))), max_size=8)
equal = st.lists(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=5)


def groups_of(pairs: list[tuple[str, str]]) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for one, other in pairs:
        whole = groups.get(one, {one}) | groups.get(other, {other})
        groups.update(dict.fromkeys(whole, whole))
    return groups


@settings(deadline=None)
@given(told, equal)
def test_each_group_becomes_the_node_of_which_most_is_said(triples: list[Triple], pairs: list[tuple[str, str]]) -> None:
    graph, merged = merge_same(KnowledgeGraph.from_triples([*triples, *((one, SAME, other) for one, other in pairs)]))
    groups = groups_of(pairs)
    assert merged == len(groups) - len({id(group) for group in groups.values()})
    degrees = Counter(end for head, _, tail in {*triples} for end in (head, tail))
    for group in groups.values():
        named = [name for name in group if not name.startswith("_:")] or list(group)
        kept = min(named, key=lambda name: (-degrees[name], name))
        assert [node for node in graph.nodes if node in group] == [kept]
        assert {graph.nodes.find(name) for name in group if not name.startswith("_:")} <= {graph.nodes.find(kept)}
    kept_of = {name: next(one for one in graph.nodes if one in group) for name, group in groups.items()}
    for head, _, tail in triples:
        node = graph.nodes.find(kept_of.get(head, head))
        assert node is not None
        if isinstance(tail, str):
            end = graph.nodes.find(kept_of.get(tail, tail))
            assert end in graph.outgoing.neighbours[graph.outgoing.row(node)]
        else:
            assert tail in [literal for _, literal in graph.literals_of(node)]


def test_nothing_is_merged_where_nothing_is_the_same() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", SAME, "a:a"), ("a:a", "a:p", "a:b")])
    assert merge_same(graph) == (graph, 0)
