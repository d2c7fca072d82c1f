from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.encoding.encode import digest_of, sort_literals, sort_triples
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.terms import Strings, fitting, narrow
from ragmtl.kg.vocabulary import RDF

XSD = "http://www.w3.org/2001/XMLSchema#"
rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 3), st.integers(0, 2)), min_size=1)


@given(rows, st.booleans())
def test_triples_are_sorted_and_merged(given_rows: list[tuple[int, int, int, int]], merge: bool) -> None:
    columns = tuple(np.array(column) for column in zip(*given_rows, strict=True))
    (heads, relations, tails, origins), further, merged = sort_triples(columns, merge=merge)
    found = list(zip(heads.tolist(), relations.tolist(), tails.tolist(), strict=True))
    expected = sorted(row[:3] for row in given_rows)
    assert found == (list(dict.fromkeys(expected)) if merge else expected)
    assert merged == len(expected) - len(found)
    if merge:
        for place, triple in enumerate(found):
            said = [row[3] for row in given_rows if row[:3] == triple]
            assert origins[place] == said[0]
            assert further.of(place) == sorted({*said} - {said[0]})


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 6), min_size=1))
def test_literals_are_sorted_by_node_relation_and_text(given_rows: list[tuple[int, ...]]) -> None:
    columns = tuple(np.array(column, np.int32) for column in zip(*given_rows, strict=True))
    kinds = ("", "http://x/a", "http://x/b"), ("", "de", "en")
    literals, merged = sort_literals(columns, Strings.of(["", "a", "b"]), kinds, 3)
    expected = sorted({row[:5] for row in given_rows})
    assert len(literals) == len(expected) == len(given_rows) - merged
    assert [literals[row] for row in range(len(literals))] == [
        Literal(["", "a", "b"][text], kinds[0][datatype], kinds[1][language])
        for _, _, text, datatype, language in expected
    ]
    assert [len(literals.rows(node)) for node in range(3)] == [
        sum(row[0] == node for row in expected) for node in range(3)
    ]


@pytest.mark.parametrize(("relations", "kind"), [(65_536, np.uint16), (65_537, np.int32)])
def test_relations_take_sixteen_bits_until_these_are_full(relations: int, kind: type) -> None:
    names = [f"a:p{number:05}" for number in range(relations)]
    graph = KnowledgeGraph.from_triples([("a:a", name, "a:b") for name in names])
    assert graph.relation_ids.dtype == graph.incoming.relations.dtype == kind
    assert [graph.relations[int(relation)] for relation in graph.relation_ids[-2:]] == names[-2:]
    assert graph.relation_ids.tolist() == list(range(relations))
    last = graph.relations.find(names[-1])
    assert last == relations - 1
    assert len(graph.query(f"SELECT * {{ ?a <{names[-1]}> ?b }}").rows) == 1


@pytest.mark.parametrize(
    ("largest", "kind"),
    [
        (255, np.uint8),
        (256, np.uint16),
        (65_535, np.uint16),
        (65_536, np.int32),
        (2**31 - 1, np.int32),
        (2**31, np.int64),
    ],
)
def test_columns_are_as_narrow_as_their_numbers_allow(largest: int, kind: type) -> None:
    column = narrow(np.array([0, largest], np.int64))
    assert column.dtype == kind
    assert column.tolist() == [0, largest]
    assert not column.flags.writeable
    assert (fitting((1 << 31) - 1), fitting(1 << 31)) == (np.int32, np.int64)


def test_many_origins_are_kept_apart() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")])
    for number in range(300):
        graph = graph.with_changes([("a:a", "a:p", "a:b"), (f"a:{number}", "a:p", "a:b")], source=f"s{number}")
    triple = next(row for row in range(len(graph)) if graph.nodes[graph.triple(row)[0]] == "a:a")
    assert [origin.source for origin in graph.origins_of(triple)] == ["memory", *(f"s{n}" for n in range(300))]


def test_what_says_the_same_is_the_same_literal() -> None:
    same = [Literal("a"), Literal("a", XSD + "string"), Literal("b", "", "EN"), Literal("b", RDF + "langString", "en")]
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", literal) for literal in same])
    assert [graph.literals[row] for row in range(len(graph.literals))] == [Literal("a"), Literal("b", "", "en")]


def test_the_digest_is_of_the_content_and_not_of_how_it_is_held() -> None:
    triples = [(f"a:{number}", "a:p", f"a:{number * 7 % 10}") for number in range(10)]
    graph = KnowledgeGraph.from_triples(triples)
    wide = [column.astype(column.dtype.newbyteorder(">")) for column in (graph.heads, graph.relation_ids, graph.tails)]
    assert digest_of(graph.nodes, graph.relations, wide, graph.literals) == graph.digest
    assert KnowledgeGraph.from_triples(triples[::-1], source="other").digest == graph.digest
    assert KnowledgeGraph.from_triples(triples[1:]).digest != graph.digest
