from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal, Origin

names = st.integers(0, 6).map("http://x/n{}".format)
relations = st.integers(0, 2).map("http://x/r{}".format)
values = st.builds(Literal, st.text("ab", max_size=2), st.just(""), st.sampled_from(["", "en", "de"]))
statements = st.lists(st.tuples(names, relations, names | values), min_size=1, max_size=30)


@given(statements)
def test_a_graph_states_what_it_was_built_of(triples: list[tuple[str, str, str | Literal]]) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    assert stated(graph) == set(triples)
    assert len(graph) + len(graph.literals) + graph.report.merged == len(triples) == graph.report.statements


@given(statements, st.randoms())
def test_the_order_of_statements_never_matters(triples: list[tuple[str, str, str | Literal]], random: object) -> None:
    shuffled = sorted(triples, key=lambda _: random.random())  # type: ignore[attr-defined]
    one, other = KnowledgeGraph.from_triples(triples), KnowledgeGraph.from_triples(shuffled)
    assert one.digest == other.digest
    assert (one.heads == other.heads).all()
    assert list(one.labels) == list(other.labels)


@given(statements)
def test_degrees_count_both_ends(triples: list[tuple[str, str, str | Literal]]) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    assert sum(graph.degree(node) for node in range(len(graph.nodes))) == 2 * len(graph)


@given(statements)
def test_triples_are_sorted_and_unique(triples: list[tuple[str, str, str | Literal]]) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    rows = [graph.triple(triple) for triple in range(len(graph))]
    assert rows == sorted(set(rows))


@given(statements, st.tuples(names, relations, names | values))
def test_one_more_statement_changes_the_digest(
    triples: list[tuple[str, str, str | Literal]], more: tuple[str, str, str | Literal]
) -> None:
    one, other = KnowledgeGraph.from_triples(triples), KnowledgeGraph.from_triples([*triples, more])
    assert (one.digest == other.digest) == (more in triples)


def test_an_empty_graph_is_refused() -> None:
    with pytest.raises(DataError, match="at least one triple"):
        KnowledgeGraph.from_triples([])


def test_a_graph_of_literals_only_has_nodes_but_no_triples() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/p", Literal("1"))])
    assert (len(graph), len(graph.nodes), len(graph.literals)) == (0, 1, 1)
    assert graph.degree(0) == 0


def test_plain_text_and_xsd_string_are_the_same() -> None:
    string = "http://www.w3.org/2001/XMLSchema#string"
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", Literal("1")), ("a:a", "a:p", Literal("1", datatype=string))])
    assert graph.literals_of(0) == [(0, Literal("1"))]
    assert graph.report.merged == 1


def test_languages_are_compared_in_lower_case() -> None:
    triples = [("a:a", "a:p", Literal("x", language=tag)) for tag in ("EN-gb", "en-GB")]
    assert KnowledgeGraph.from_triples(triples).literals_of(0) == [(0, Literal("x", language="en-gb"))]


def test_origins_name_source_and_graph() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")], source="some.ttl", graph="a:g")
    assert graph.origin(0) == Origin("some.ttl", "a:g")


def test_arrays_cannot_be_changed() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:a", "a:p", Literal("1"))])
    arrays = [graph.heads, graph.tails, graph.relation_ids, graph.origin_ids, graph.incoming.neighbours]
    assert not any(array.flags.writeable for array in [*arrays, graph.literals.nodes, graph.outgoing.indptr])
    with pytest.raises(ValueError, match="read-only"):
        graph.heads[0] = 1


def test_with_triples_keeps_nodes_labels_and_literals() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:c", "a:p", "a:d"), ("a:a", "a:q", Literal("1"))])
    other = graph.with_triples(graph.heads, graph.relation_ids, graph.tails[::-1])
    assert {other.triple(triple) for triple in range(2)} == {(0, 0, 3), (2, 0, 1)}
    assert list(other.nodes) == list(graph.nodes)
    assert other.literals_of(0) == graph.literals_of(0)
    assert other.digest != graph.digest
    back = other.with_triples(graph.heads, graph.relation_ids, graph.tails)
    assert back.digest == graph.digest


def test_with_triples_merges_only_when_asked() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:a", "a:p", "a:c")])
    tails = np.array([1, 1])
    assert len(graph.with_triples(graph.heads, graph.relation_ids, tails)) == 1
    assert len(graph.with_triples(graph.heads, graph.relation_ids, tails, merge=False)) == 2


def test_with_triples_takes_literals_in_any_order() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", Literal("1")), ("a:b", "a:p", Literal("2"))])
    moved = replace(graph.literals, nodes=graph.literals.nodes[::-1])
    other = graph.with_triples(graph.heads, graph.relation_ids, graph.tails, literals=moved)
    assert [other.literals_of(node)[0][1].text for node in range(2)] == ["2", "1"]


def test_with_triples_refuses_foreign_ids() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")])
    with pytest.raises(DataError, match=r"nodes in \[0, 2\), found 7"):
        graph.with_triples(np.array([7]), np.array([0]), np.array([0]))
    with pytest.raises(DataError, match="relations"):
        graph.with_triples(np.array([0]), np.array([1]), np.array([0]))
    with pytest.raises(DataError, match=r"origins in \[0, 1\), found 4"):
        graph.with_triples(np.array([0]), np.array([0]), np.array([0]), np.array([4]))


def test_with_triples_may_leave_no_literal() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:a", "a:q", Literal("1"))])
    none = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")]).literals
    assert len(graph.with_triples(graph.heads, graph.relation_ids, graph.tails, literals=none).literals) == 0


@pytest.mark.parametrize("wrong", [("", "a:p", "a:b"), ("a:a", "", "a:b"), ("a:a", "a:p", ""), ("a:a", "_:p", "a:b")])
def test_what_is_no_statement_is_refused(wrong: tuple[str, str, str]) -> None:
    with pytest.raises(DataError, match="expected an IRI or blank node, an IRI"):
        KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), wrong])


def test_the_graph_needs_no_rdf_library() -> None:
    code = "import sys, ragmtl.kg.walks.walk; print(sorted({'rdflib', 'numba', 'torch'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def stated(graph: KnowledgeGraph) -> set[tuple[str, str, str | Literal]]:
    nodes, links = list(graph.nodes), list(graph.relations)
    rows = (graph.triple(triple) for triple in range(len(graph)))
    triples: set[tuple[str, str, str | Literal]] = {
        (nodes[head], links[link], nodes[tail]) for head, link, tail in rows
    }
    return triples | {
        (nodes[node], links[link], value) for node in range(len(nodes)) for link, value in graph.literals_of(node)
    }


def test_ids_may_be_integers_of_numpy() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/p", "http://x/b")])
    head, relation, tail = (np.int32(part) for part in graph.triple(np.int64(0)))
    assert (graph.nodes[head], graph.label(tail), graph.relation_label(relation)) == ("http://x/a", "b", "p")
    assert (graph.degree(head), graph.names(head), graph.types(head), graph.literals_of(head)) == (1, ("a",), [], [])
    assert graph.describe(head) == "a"
    assert graph.origin(np.uint8(0)).source == "memory"
