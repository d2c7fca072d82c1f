from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.sparql.lookup import Lookup

names = st.integers(0, 4).map("http://x/n{}".format)
relations = st.integers(0, 2).map("http://x/n{}".format)  # relations are nodes, too
values = st.builds(Literal, st.text("ab", max_size=2), st.sampled_from(["", "http://x/d"]), st.just(""))
statements = st.lists(st.tuples(names, relations, names | values), min_size=1, max_size=30)


def shown(lookup: Lookup, code: int) -> str | Literal:
    graph = lookup.graph
    if code < lookup.nodes:
        return graph.nodes[code]
    if code < lookup.nodes + lookup.values:
        return graph.literals[code - lookup.nodes]
    return graph.relations[code - lookup.nodes - lookup.values]


def found(lookup: Lookup, head: int | None, link: int | None, tail: int | None) -> list[tuple[str, str, str | Literal]]:
    rows = []
    for places, literal in lookup.find(head, link, tail):
        heads, links, tails = lookup.parts(places, literal=literal, joined=False)
        for one, two, three in zip(heads.tolist(), links.tolist(), tails.tolist(), strict=True):
            rows.append((lookup.graph.nodes[one], lookup.graph.relations[two], shown(lookup, three)))
    return rows


@given(statements, st.data())
@settings(deadline=None)
def test_every_pattern_finds_what_a_scan_finds(
    triples: list[tuple[str, str, str | Literal]], data: st.DataObject
) -> None:
    lookup = Lookup(KnowledgeGraph.from_triples(triples))
    head, link, tail = data.draw(st.sampled_from(triples))
    code = lookup.value(tail) if isinstance(tail, Literal) else lookup.graph.nodes.find(tail)
    whole = (lookup.graph.nodes.find(head), lookup.graph.relations.find(link), code)
    for mask in product((True, False), repeat=3):
        pattern = [part if kept else None for part, kept in zip(whole, mask, strict=True)]
        kept = [part if known else None for part, known in zip((head, link, tail), mask, strict=True)]
        expected = {t for t in triples if all(k is None or k == part for k, part in zip(kept, t, strict=True))}
        answer = found(lookup, *pattern)
        assert len(answer) == len(set(answer))
        assert set(answer) == expected


@settings(deadline=None)  # the first time imports pyarrow
@given(statements)
def test_equal_literals_have_one_code(triples: list[tuple[str, str, str | Literal]]) -> None:
    lookup = Lookup(KnowledgeGraph.from_triples(triples))
    literals = [lookup.graph.literals[row] for row in range(lookup.values)]
    codes = lookup.same(lookup.nodes + np.arange(lookup.values))
    pairs = {(literal, code) for literal, code in zip(literals, codes.tolist(), strict=True)}
    assert len(pairs) == len(set(literals)) == len(set(codes.tolist()))
    assert all(lookup.value(literal) == code for literal, code in pairs)


def test_a_literal_is_found_by_all_its_parts() -> None:
    texts = [Literal("a"), Literal("a", language="en"), Literal("a", "http://x/d"), Literal("b")]
    lookup = Lookup(KnowledgeGraph.from_triples([("http://x/n", "http://x/p", text) for text in texts]))
    assert len({lookup.value(text) for text in texts}) == 4
    assert lookup.value(Literal("a", language="de")) is None
    assert lookup.value(Literal("c")) is None
    assert lookup.value(Literal("")) is None


def test_many_literals_are_found_one_after_the_other() -> None:
    triples: list[tuple[str, str, str | Literal]] = [
        (f"http://x/{node}", "http://x/p", Literal(str(node // 2))) for node in range(100)
    ]
    lookup = Lookup(KnowledgeGraph.from_triples(triples))
    for number in range(50):
        code = lookup.value(Literal(str(number)))
        assert {row[0] for row in found(lookup, None, None, code)} == {f"http://x/{2 * number + k}" for k in (0, 1)}


@pytest.mark.parametrize("code", [-1, 10_000])
def test_codes_that_do_not_exist_match_nothing(code: int) -> None:
    lookup = Lookup(KnowledgeGraph.from_triples([("http://x/a", "http://x/p", "http://x/b")]))
    codes = np.array([code])
    assert sum(route.total for route in lookup.routes(codes, None, None)) == 0
    assert lookup.relations_of(codes).tolist() == [-1]


def test_statements_of_a_named_graph_are_shown_wherever_else_they_stand() -> None:
    from ragmtl.kg.encoding.builder import GraphBuilder

    builder = GraphBuilder()
    for graph, tail in (("", "http://x/b"), ("http://x/g", "http://x/b"), ("http://x/h", "http://x/c")):
        builder.triple("http://x/a", "http://x/p", tail, builder.origin("file", graph))
    lookup = Lookup(builder.build())
    seen = {name: found_in(lookup, {name}) for name in ("", "http://x/g", "http://x/h")}
    assert seen == {"": ["http://x/b"], "http://x/g": ["http://x/b"], "http://x/h": ["http://x/c"]}


def found_in(lookup: Lookup, graphs: set[str]) -> list[str]:
    rows = [rows for rows, _ in lookup.find(None, None, None, lookup.shown(graphs))]
    return [lookup.graph.nodes[tail] for tail in lookup.graph.tails[np.concatenate(rows)].tolist()]
