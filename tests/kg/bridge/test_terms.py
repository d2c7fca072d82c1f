from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import XSD, BNode, Literal, URIRef

from ragmtl.kg.bridge.terms import TermCodes, literal_of, name_of, quiet, term_of, value_of
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal as Value
from ragmtl.kg.sparql.lookup import Lookup

datatypes = st.sampled_from(["", *(str(XSD[name]) for name in ("integer", "double", "token", "normalizedString"))])


@given(st.text(st.characters(exclude_categories=["Cs"])), datatypes)
def test_literals_keep_their_text(text: str, datatype: str) -> None:
    with quiet():
        term = literal_of(Value(text, datatype))
    assert str(term) == text
    assert value_of(term) == Value(text, datatype)


@pytest.mark.parametrize("value", [Value("x", language="en-gb"), Value("x", language="x-averylongpart"), Value("")])
def test_languages_are_kept_even_odd_ones(value: Value) -> None:
    assert value_of(literal_of(value)) == value


def test_values_are_still_read() -> None:
    assert literal_of(Value("007", str(XSD.integer))).value == 7
    assert literal_of(Value("  a ", str(XSD.token))).datatype == XSD.token


def test_strings_have_no_datatype_of_their_own() -> None:
    assert value_of(Literal("a", datatype=XSD.string)) == Value("a")


def test_names_and_terms() -> None:
    assert term_of("_:f0b0") == BNode("f0b0")
    assert name_of(BNode("f0b0")) == "_:f0b0"
    assert name_of(URIRef("http://x/a")) == "http://x/a"


def test_odd_iris_are_not_complained_about(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert str(term_of("http://x/a b")) == "http://x/a b"
        with quiet():
            literal_of(Value("x", str(XSD.integer)))
    assert not caplog.records


def test_codes_and_terms_both_ways() -> None:
    graph = KnowledgeGraph.from_triples(
        [("http://x/a", "http://x/p", "_:f0b0"), ("http://x/a", "http://x/q", Value("1"))]
    )
    codes = TermCodes(Lookup(graph), {"outside": "_:f0b0"})
    terms = [URIRef("http://x/a"), BNode("outside"), Literal("1"), URIRef("http://x/p")]
    numbers = [codes.code(term) for term in terms]
    assert None not in numbers
    fresh = TermCodes(Lookup(graph), {"outside": "_:f0b0"})
    assert fresh.terms(np.array(numbers)) == terms
    assert codes.code(URIRef("http://x/none")) is None
    assert codes.code(Literal("2")) is None
    assert codes.relation(Literal("http://x/p")) is None
