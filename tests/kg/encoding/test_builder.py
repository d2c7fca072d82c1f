from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple
from ragmtl.kg.origins import Origin
from ragmtl.kg.parsing.lines import Settings

nodes = st.integers(0, 5).map("http://x/n{}".format)
values = st.builds(Literal, st.sampled_from(["", "a", "é"]), st.sampled_from(["", "http://x/d"])) | st.just(
    Literal("a", "", "en")
)
triples = st.tuples(nodes, st.sampled_from(["http://x/p", "http://x/q"]), nodes | values)
blocks = st.lists(st.tuples(st.sampled_from(["one", "two"]), st.lists(triples, max_size=8)), min_size=1, max_size=5)


def collect(builder: GraphBuilder, source: str, statements: list[Triple]) -> None:
    origin = builder.origin(source)
    for head, relation, tail in statements:
        if isinstance(tail, Literal):
            builder.literal(head, relation, tail, origin)
        else:
            builder.triple(head, relation, tail, origin)


def origins_of(graph: KnowledgeGraph) -> dict[tuple[str, str, str | Literal], tuple[Origin, ...]]:
    found: dict[tuple[str, str, str | Literal], tuple[Origin, ...]] = {}
    for row in range(len(graph)):
        head, relation, tail = graph.triple(row)
        found[graph.nodes[head], graph.relations[relation], graph.nodes[tail]] = graph.origins_of(row)
    for row in range(len(graph.literals)):
        node, link = int(graph.literals.nodes[row]), int(graph.literals.relation_ids[row])
        found[graph.nodes[node], graph.relations[link], graph.literals[row]] = graph.literal_origins_of(row)
    return found


@settings(deadline=None)
@given(blocks, st.data())
def test_collections_filled_apart_come_together_in_the_order_of_their_keys(
    parts: list[tuple[str, list[Triple]]], data: st.DataObject
) -> None:
    """However statements are spread over builders and whenever these are absorbed, the graph is the same."""
    stated: dict[tuple[str, str, str | Literal], dict[str, None]] = {}
    for source, statements in parts:
        for triple in statements:
            stated.setdefault(triple, {})[source] = None
    whole = GraphBuilder()
    for place in data.draw(st.permutations(range(len(parts)))):
        other = GraphBuilder()
        collect(other, *parts[place])
        other.flush((0, place))
        assert len(other) == len(parts[place][1])
        whole.absorb(other)
    if not stated:
        with pytest.raises(DataError, match="the graph would be empty"):
            whole.build()
        return
    graph = whole.build()
    found = {triple: [origin.source for origin in origins] for triple, origins in origins_of(graph).items()}
    firsts = {triple: next(iter(sources)) for triple, sources in stated.items()}
    assert found.keys() == stated.keys()
    assert {triple: sources[0] for triple, sources in found.items()} == firsts
    assert all({*sources} == {*stated[triple]} for triple, sources in found.items())
    assert graph.digest == KnowledgeGraph.from_triples(list(stated)).digest
    assert graph.report.statements == len(whole) == sum(len(statements) for _, statements in parts)


@given(st.lists(triples, min_size=1, max_size=6), st.lists(triples, max_size=6))
def test_what_was_collected_since_a_mark_can_be_forgotten(kept: list[Triple], undone: list[Triple]) -> None:
    builder = GraphBuilder()
    collect(builder, "one", kept)
    mark = builder.mark()
    collect(builder, "two", undone)
    builder.undo(mark)
    assert len(builder) == len(kept)
    graph = builder.build()
    assert graph.digest == KnowledgeGraph.from_triples(kept).digest
    assert {origin.source for origin in graph.origins} == {"one"}


def test_a_collection_can_be_built_of_again_and_added_to() -> None:
    builder = GraphBuilder()
    collect(builder, "one", [("a:a", "a:p", "a:b")])
    first = builder.build()
    assert builder.build().digest == first.digest
    collect(builder, "one", [("a:a", "a:p", Literal("x"))])
    assert len(builder.build().literals) == 1
    assert len(first.literals) == 0


LINES = b"""<a:a> <a:p> _:x .
_:x <a:p> "t"@EN <a:g> .
_:y <a:p> _:x _:x .
"""


def test_lines_are_encoded_with_blank_nodes_of_their_file() -> None:
    builder = GraphBuilder()
    for file in (1, 2):
        rows, unsure, count = builder.encode(LINES, Settings(file, True, False))
        assert (len(rows), len(unsure), count) == (3, 0, 3)
        builder.add((file, 0), f"file {file}", rows)
    graph = builder.build()
    assert [node for node in graph.nodes if node.startswith("_:")] == ["_:f0b0", "_:f0b1", "_:f1b0", "_:f1b1"]
    assert Origin("file 1", "_:f0b0") in graph.origins
    assert Origin("file 2", "a:g") in graph.origins
    assert [literal.language for literal in (graph.literals[0], graph.literals[1])] == ["en", "en"]


def test_lines_that_are_not_sure_are_told_and_leave_no_term() -> None:
    builder = GraphBuilder()
    lines = b"<a:a> <a:p> <a:b> .\n<bad> <relative> nonsense .\n<a:a> <a:p> <a:c> .\n"
    rows, unsure, _ = builder.encode(lines, Settings(1, True, False))
    builder.add((0, 0), "file", rows)
    assert [lines[start:end] for start, end, _ in unsure.tolist()] == [b"<bad> <relative> nonsense ."]
    assert unsure[0, 2] in (1, 2)
    assert list(builder.build().nodes) == ["a:a", "a:b", "a:c"]
