from __future__ import annotations

import re

import pytest

from ragmtl.kg.bridge.alike import difference
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple

A, B, P, Q = "http://x/a", "http://x/b", "http://x/p", "http://x/q"


def graph(*triples: Triple, name: str = "") -> KnowledgeGraph:
    return KnowledgeGraph.from_triples(triples, graph=name)


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        ((A, P, B), (A, P, A), "it states http://x/a http://x/p http://x/b, which the file does not"),
        ((A, P, Literal("1")), (A, P, Literal("1", "http://x/t")), "it states http://x/a http://x/p '1', which"),
        ((A, P, Literal("1", language="en")), (A, P, Literal("1")), r"'1' \(en\), which"),
        ((A, P, "_:n"), (A, Q, "_:n"), "blank nodes"),
        ((A, P, "_:n"), ("_:n", P, A), "blank nodes"),
        (("_:n", P, "_:n"), ("_:n", P, "_:m"), "blank nodes"),
    ],
)
def test_graphs_that_differ(found: Triple, wanted: Triple, words: str) -> None:
    told = difference(graph(found), graph(wanted))
    assert told is not None

    assert re.search(words, told)


def test_named_graphs_count() -> None:
    assert difference(graph((A, P, B)), graph((A, P, B), name="http://x/g")) is not None
    assert "does not state http://x/a http://x/q http://x/b in the graph http://x/g" in str(
        difference(graph((A, P, B), name="http://x/g"), graph((A, P, B), (A, Q, B), name="http://x/g"))
    )


def test_nothing_is_a_graph() -> None:
    assert difference(None, None) is None
    assert difference(None, graph((A, P, B))) is not None


def test_names_of_blank_nodes_do_not_matter() -> None:
    first = graph(("_:1", P, "_:2"), ("_:2", P, "_:3"), ("_:3", Q, Literal("end")), (A, P, "_:1"))
    second = graph(("_:c", P, "_:a"), ("_:a", P, "_:b"), ("_:b", Q, Literal("end")), (A, P, "_:c"))
    third = graph(("_:c", P, "_:a"), ("_:a", P, "_:b"), ("_:c", Q, Literal("end")), (A, P, "_:c"))
    assert difference(first, second) is None
    assert difference(first, third) is not None


def test_what_stands_far_apart_is_told() -> None:
    def chain(last: str) -> KnowledgeGraph:
        steps = [(f"_:{at}", P, f"_:{at + 1}") for at in range(10)]
        return graph((A, Q, "_:0"), *steps, ("_:10", P, Literal(last)))

    assert difference(chain("one"), chain("one")) is None
    assert difference(chain("one"), chain("two")) is not None


def test_many_blank_nodes_that_look_alike_take_no_search() -> None:
    ring = graph(*((f"_:{at}", P, f"_:{(at + step) % 1000}") for at in range(1000) for step in (1, 7)))
    assert difference(ring, ring) is None
