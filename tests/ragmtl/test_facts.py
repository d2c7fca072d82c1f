from __future__ import annotations

import numpy as np
import pytest

from ragmtl.config import ModelConfig
from ragmtl.facts import (
    NodeFacts,
    fact_tables,
    learn_facts,
    learn_numbers,
    learn_types,
    number_table,
    read_number,
    type_table,
)
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.vocabulary import TYPE

X = "http://x/"
YEAR = "http://www.w3.org/2001/XMLSchema#gYear"


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    """Ten films of years 1990 to 1999, six of them also comedies; a book of 1800; titles that may be numbers."""
    films = [f"{X}film{number}" for number in range(10)]
    triples: list[tuple[str, str, str | Literal]] = []
    for number, film in enumerate(films):
        triples += [(film, TYPE, X + "Film"), (film, X + "year", Literal(str(1990 + number), YEAR))]
        triples += [(film, TYPE, X + "Comedy")] if number < 6 else []
        triples += [(film, X + "title", Literal("1984" if number == 0 else f"title {number}"))]
        triples += [(film, X + "seen", Literal("7"))] if number < 3 else []
    triples += [(X + "book", TYPE, X + "Book"), (X + "book", X + "year", Literal("1800", YEAR))]
    triples += [(X + "nothing", X + "beside", X + "book")]
    return KnowledgeGraph.from_triples(triples)


@pytest.fixture(scope="module")
def films(graph: KnowledgeGraph) -> np.ndarray:
    return np.array([graph.nodes.find(f"{X}film{number}") for number in range(10)])


def node(graph: KnowledgeGraph, name: str) -> int:
    found = graph.nodes.find(X + name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0),
        (" -1.5e2 ", -150.0),
        (".5", 0.5),
        ("1999", 1999.0),
        ("1999-01-01", 1999.0),
        ("1999-07", 1999.5),
        ("2001-01-01T10:00:00Z", 2001.0),
        ("-0044-03-15", -44 + 2 / 12 + 14 / 365.25),
        ("1e999", None),
        ("1999-13-01", None),
        ("12 km", None),
        ("nan", None),
        ("", None),
        ("\u0661\u0662", None),
    ],
)
def test_numbers_and_dates_are_read(text: str, value: float | None) -> None:
    assert read_number(text) == (None if value is None else pytest.approx(value))


def test_types_are_the_common_ones_and_a_node_has_its_rarest(graph: KnowledgeGraph, films: np.ndarray) -> None:
    types = learn_types(graph, films, set())
    assert types == (X + "Film", X + "Comedy")
    table = type_table(graph, NodeFacts(types=types), set())
    assert table[films].tolist() == [2] * 6 + [1] * 4
    assert table[node(graph, "book")] == 0


def test_numbers_are_scaled_with_those_of_training(graph: KnowledgeGraph, films: np.ndarray) -> None:
    scales = learn_numbers(graph, films, set())
    assert [scale.relation for scale in scales] == [X + "year"]  # titles are no numbers, few films are seen
    assert scales[0].middle == 1994.5
    everything = np.arange(len(graph.nodes))
    table = number_table(graph, NodeFacts(numbers=scales), everything, set())
    spread = 4.5 / 1.349
    assert table[films, 0] == pytest.approx(np.arcsinh((np.arange(10) - 4.5) / spread), abs=1e-5)
    assert table[node(graph, "book"), 0] == pytest.approx(np.arcsinh(-194.5 / spread), abs=1e-4)
    assert np.isnan(table[node(graph, "nothing")]).all()


def test_hidden_relations_are_not_read(graph: KnowledgeGraph, films: np.ndarray) -> None:
    year, kind = (graph.relations.find(iri) for iri in (X + "year", TYPE))
    assert year is not None
    assert kind is not None
    assert not learn_numbers(graph, films, {year})
    assert not learn_types(graph, films, {kind})
    facts = NodeFacts(types=learn_types(graph, films, set()), numbers=learn_numbers(graph, films, set()))
    types, numbers = fact_tables(graph, facts, films, {year, kind})
    assert types is not None
    assert numbers is not None
    assert not types.any()
    assert np.isnan(numbers).all()


def test_nothing_is_learned_where_nothing_is_read(graph: KnowledgeGraph) -> None:
    assert learn_facts(ModelConfig(), graph, [], set()) == NodeFacts()
    assert fact_tables(graph, NodeFacts(), np.zeros(0, np.int64), set()) == (None, None)


def test_values_that_are_all_alike_have_a_scale(graph: KnowledgeGraph) -> None:
    triples = [(f"{X}{number}", X + "one", Literal("1")) for number in range(6)]
    alike = KnowledgeGraph.from_triples([*triples, (X + "0", X + "beside", X + "1")])
    scale = learn_numbers(alike, np.arange(len(alike.nodes)), set())[0]
    assert (scale.middle, scale.spread) == (1.0, 1.0)
