from __future__ import annotations

from pathlib import Path

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.parsing.reading import BAD_LINES, Reading, Unheard, relative


def reading(builder: GraphBuilder, number: int = 0) -> Reading:
    return Reading(builder, Path("a.nt"), number)


def test_blank_nodes_are_named_after_their_file() -> None:
    builder = GraphBuilder()
    for number in (0, 1):
        reading(builder, number).row(("_:n", "a:p", "_:n", "_:n"))
    graph = builder.build()
    assert list(graph.nodes) == ["_:f0b0", "_:f1b0"]
    assert [origin.graph for origin in graph.origins] == ["_:f0b0", "_:f1b0"]


def test_what_is_left_out_keeps_its_place() -> None:
    found = reading(GraphBuilder())
    found.leave_out(BAD_LINES)
    found.leave_out(BAD_LINES, "odd", 7)
    found.leave_out(BAD_LINES, DataError("odder", "a.nt", 3))
    assert found.left_out.count(BAD_LINES) == 3
    assert [text for _, text in found.left_out.examples()] == ["a.nt:3: odder", "a.nt:7: odd"]


def test_a_file_that_is_read_again_leaves_nothing_of_the_first_time() -> None:
    builder = GraphBuilder()
    reading(builder).statement("a:a", "a:p", "a:b")
    second = reading(builder, 1)
    second.statement("a:lost", "a:p", "_:f1b0")
    second.leave_out(BAD_LINES, "odd")
    second.restart()
    assert (second.count, second.left_out.counts()) == (0, ())
    assert list(builder.build().nodes) == ["a:a", "a:b"]


def test_a_file_that_is_read_for_its_errors_adds_nothing() -> None:
    builder = GraphBuilder()
    Unheard(reading(builder)).statement("a:a", "a:p", "a:b")
    assert len(builder) == 0


def test_relative_iris_are_told_with_what_to_do() -> None:
    assert "found the relative 'b' and no base" in relative("b")
    assert len(relative("b" * 10_000)) < 400
