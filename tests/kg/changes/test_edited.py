from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.changes.edited import edit_graph
from ragmtl.kg.graph import KnowledgeGraph, Literal

X = "http://x/"
Statement = tuple[str, str, str | Literal]

names = st.sampled_from([X + name for name in "abcd"])
values = st.one_of(names, st.builds(Literal, st.sampled_from(["one", "two"]), st.just(""), st.sampled_from(["", "en"])))
statements = st.sets(st.tuples(names, st.sampled_from([X + "r", X + "s"]), values), min_size=1, max_size=8)


def build(stated: set[Statement]) -> KnowledgeGraph:
    return KnowledgeGraph.from_triples(sorted(stated, key=str))


@given(statements, statements, statements)
def test_edited_is_the_same_graph_as_read_anew(
    before: set[Statement], add: set[Statement], remove: set[Statement]
) -> None:
    edited = edit_graph(build(before), add=build(add), remove=build(remove))
    assert edited.graph.digest == build((before - remove) | add).digest
    assert edited.removed == len(before & remove)
    assert edited.absent == len(remove - before)
    assert edited.added == len(add - (before - remove))


def test_a_node_that_nothing_states_any_more_is_gone() -> None:
    graph = build({(X + "a", X + "r", X + "b"), (X + "b", X + "r", X + "c")})
    left = edit_graph(graph, remove=build({(X + "b", X + "r", X + "c")})).graph
    assert list(left.nodes) == [X + "a", X + "b"]


def test_blank_nodes_that_are_added_are_new_each_time() -> None:
    stated = {("_:f0b0", X + "r", X + "a")}
    graph = build({("_:f0b0", X + "r", X + "b")})
    for count in (2, 3):
        graph = edit_graph(graph, add=build(stated)).graph  # type: ignore[arg-type]
        assert sum(node.startswith("_:") for node in graph.nodes) == count


def test_what_cannot_be_done_is_refused() -> None:
    graph = build({(X + "a", X + "r", X + "b")})
    with pytest.raises(DataError, match="blank nodes"):
        edit_graph(graph, remove=build({("_:f0b0", X + "r", X + "b")}))
    with pytest.raises(DataError, match="at least one statement"):
        edit_graph(graph, remove=graph)


def test_every_origin_of_a_statement_is_kept() -> None:
    stated: list[Statement] = [(X + "a", X + "r", X + "b")]
    first = KnowledgeGraph.from_triples(stated, source="one.ttl")
    both = edit_graph(first, add=KnowledgeGraph.from_triples(stated, source="two.ttl")).graph
    assert [origin.source for origin in both.origins_of(0)] == ["one.ttl", "two.ttl"]


def test_a_statement_that_two_files_take_away_is_one_statement() -> None:
    stated: list[Statement] = [(X + "a", X + "r", X + "b")]
    twice = edit_graph(
        KnowledgeGraph.from_triples(stated, source="one.ttl"), add=KnowledgeGraph.from_triples(stated, source="two.ttl")
    ).graph
    graph = build({(X + "a", X + "r", X + "b"), (X + "b", X + "r", X + "c")})
    edited = edit_graph(graph, remove=twice)
    assert (edited.removed, edited.added, edited.absent) == (1, 0, 0)


@given(statements, names)
def test_an_entity_goes_with_all_its_statements(before: set[Statement], iri: str) -> None:
    left = {triple for triple in before if iri not in (triple[0], triple[2])}
    graph = build(before)
    if graph.nodes.find(iri) is None:
        with pytest.raises(DataError, match="expected an entity of the graph to delete"):
            edit_graph(graph, entities=[iri])
    elif left:
        edited = edit_graph(graph, entities=[iri])
        assert edited.graph.digest == build(left).digest
        assert (edited.removed, edited.added, edited.absent) == (len(before - left), 0, 0)


def test_an_entity_goes_though_blank_nodes_hang_on_it() -> None:
    graph = build({(X + "a", X + "r", "_:f0b0"), ("_:f0b0", X + "r", X + "b")})
    assert list(edit_graph(graph, entities=[X + "a"]).graph.nodes) == ["_:f0b0", X + "b"]
