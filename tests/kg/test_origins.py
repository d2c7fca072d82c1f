from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.graph import KnowledgeGraph, Literal, Origin
from ragmtl.kg.origins import Further, stated

Statement = tuple[str, str, str | Literal, tuple[str, str]]

names = st.sampled_from(["a:a", "a:b", "a:c"])
values = st.builds(Literal, st.sampled_from(["x", "y"]))
origins = st.tuples(st.sampled_from(["f.nt", "g.ttl"]), st.sampled_from(["", "a:g", "a:h"]))
statements = st.lists(st.tuples(names, st.sampled_from(["a:p", "a:q"]), names | values, origins), min_size=1)


def build(given: list[Statement]) -> KnowledgeGraph:
    builder = GraphBuilder()
    for head, relation, tail, origin in given:
        add = builder.literal if isinstance(tail, Literal) else builder.triple
        add(head, relation, tail, builder.origin(*origin))  # type: ignore[arg-type]
    return builder.build()


def places(graph: KnowledgeGraph) -> dict[tuple[str, str, str | Literal], tuple[Origin, ...]]:
    found: dict[tuple[str, str, str | Literal], tuple[Origin, ...]] = {}
    for row in range(len(graph)):
        head, relation, tail = graph.triple(row)
        found[graph.nodes[head], graph.relations[relation], graph.nodes[tail]] = graph.origins_of(row)
    for node in range(len(graph.nodes)):
        for row in graph.literals.rows(node):
            link = graph.relations[int(graph.literals.relation_ids[row])]
            found[graph.nodes[node], link, graph.literals[row]] = graph.literal_origins_of(row)
    return found


@given(statements)
def test_every_statement_keeps_all_its_origins(given: list[Statement]) -> None:
    graph, expected = build(given), defaultdict(list)
    for head, relation, tail, origin in given:
        expected[head, relation, tail].append(Origin(*origin))
    found = places(graph)
    assert {key: set(value) for key, value in expected.items()} == {key: set(value) for key, value in found.items()}
    assert {key: value[0] for key, value in expected.items()} == {key: value[0] for key, value in found.items()}
    assert all(len(set(value)) == len(value) for value in found.values())


@settings(max_examples=20, deadline=None)
@given(statements)
def test_origins_come_back_from_disk(tmp_path_factory: object, given: list[Statement]) -> None:
    directory: Path = tmp_path_factory.mktemp("graph") / "g"  # type: ignore[attr-defined]
    graph = build(given)
    graph.save(directory)
    assert places(KnowledgeGraph.load(directory)) == places(graph)


@given(statements)
def test_with_triples_takes_every_origin_of_a_triple(given: list[Statement]) -> None:
    graph = build(given)
    rows, origin_ids = stated(graph.origin_ids, graph.further)
    other = graph.with_triples(graph.heads[rows], graph.relation_ids[rows], graph.tails[rows], origin_ids)
    assert places(other) == places(graph)


def test_the_pairs_of_statements_and_origins() -> None:
    further = Further(np.array([1, 1, 2]), np.array([0, 3, 1]))
    assert further.of(0) == []
    assert further.of(1) == [0, 3]
    rows, origin_ids = stated(np.array([4, 2, 0], np.uint8), further)
    assert rows.tolist() == [0, 1, 1, 1, 2, 2]
    assert origin_ids.tolist() == [4, 2, 0, 3, 0, 1]
