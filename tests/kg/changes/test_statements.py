from __future__ import annotations

import numpy as np
import pytest

from ragmtl.errors import DataError
from ragmtl.kg.changes.statements import Statements, normal
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple
from ragmtl.kg.origins import Origin

TRIPLES: list[Triple] = [
    ("a:a", "a:p", "a:b"),
    ("a:b", "a:q", Literal("x", "", "en")),
    ("a:b", "a:q", Literal("x", "a:d")),
]
GRAPH = KnowledgeGraph.from_triples(TRIPLES, source="one").with_changes(TRIPLES[1:2], source="two", graph="a:g")


def test_there_is_a_row_for_each_statement_and_origin() -> None:
    stated = Statements.of(GRAPH)
    assert len(stated.triples[0]) == 1
    assert len(stated.values[0]) == 3
    assert stated.origins == (Origin("one"), Origin("two", "a:g"))


def test_what_is_taken_apart_and_put_together_is_the_same() -> None:
    again = Statements.of(GRAPH).build(GRAPH)
    assert again.digest == GRAPH.digest
    assert [again.literal_origins_of(row) for row in range(2)] == [GRAPH.literal_origins_of(row) for row in range(2)]
    assert again.report == GRAPH.report


def test_rows_that_are_not_kept_take_their_terms_with_them() -> None:
    stated = Statements.of(GRAPH)
    graph = stated.kept(np.zeros(1, np.bool_), stated.values[-1] == 1).build(GRAPH)
    assert list(graph.nodes) == ["a:b"]
    assert list(graph.relations) == ["a:q"]
    assert graph.origins == (Origin("two", "a:g"),)
    assert graph.literals.datatype_names == ("",)
    with pytest.raises(DataError, match="the graph would be empty"):
        stated.kept(np.zeros(1, np.bool_), np.zeros(3, np.bool_)).build(GRAPH)


def test_terms_that_are_there_are_not_added_again() -> None:
    stated = Statements.of(GRAPH).added([("a:a", "a:p", "a:c"), ("a:a", "a:q", Literal("x", "", "EN"))], Origin("one"))
    assert [*stated.nodes, *stated.new_nodes] == ["a:a", "a:b", "a:c"]
    assert list(stated.relations) == ["a:p", "a:q"]
    assert stated.languages == ("", "en")
    assert len(stated.origins) == 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (Literal("a", "http://www.w3.org/2001/XMLSchema#string"), Literal("a")),
        (Literal("a", "a:d", "EN-GB"), Literal("a", "", "en-gb")),
        (Literal("01", "a:d"), Literal("01", "a:d")),
    ],
)
def test_literals_are_kept_in_one_form(given: Literal, kept: Literal) -> None:
    assert normal(given) == kept
