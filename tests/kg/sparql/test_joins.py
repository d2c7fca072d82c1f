from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.sparql.joins import PIECE, Pattern, Scope, Table, plan, solve
from ragmtl.kg.sparql.lookup import Lookup

names = st.integers(0, 3).map("http://x/n{}".format)
values = st.builds(Literal, st.sampled_from(["1", "2"]))
statements = st.lists(st.tuples(names, names, names | values), min_size=1, max_size=12)
variables = st.sampled_from(["a", "b", "c"])


def coded(lookup: Lookup) -> list[tuple[int, int, int]]:
    """All statements as codes, equal literals alike."""
    rows: list[tuple[int, int, int]] = []
    for places, literal in lookup.find(None, None, None):
        heads, links, tails = lookup.parts(places, literal=literal, joined=True)
        rows += zip(heads.tolist(), lookup.relation_codes[links].tolist(), tails.tolist(), strict=True)
    return rows


def brute(lookup: Lookup, patterns: list[Pattern]) -> list[tuple[tuple[str, int], ...]]:
    """What nested loops over all statements find."""
    solutions = []
    for chosen in product(coded(lookup), repeat=len(patterns)):
        bound: dict[object, int] = {}
        fits = True
        for pattern, statement in zip(patterns, chosen, strict=True):
            for place, (slot, code) in enumerate(zip(pattern, statement, strict=True)):
                wanted = lookup.relation_codes[slot] if place == 1 and isinstance(slot, int) else slot
                fits &= (wanted if isinstance(slot, int) else bound.setdefault(slot, code)) == code
        if fits:
            solutions.append(tuple(sorted((str(name), code) for name, code in bound.items())))
    return sorted(solutions)


def solved(lookup: Lookup, patterns: list[Pattern]) -> list[tuple[tuple[str, int], ...]]:
    names = {str(slot) for pattern in patterns for slot in pattern if not isinstance(slot, int)}
    rows = []
    for table in solve(Scope(lookup), patterns, compared=names):
        assert all(len(column) == table.size for column in table.columns.values())
        for place in range(table.size):
            rows.append(tuple(sorted((str(name), int(column[place])) for name, column in table.columns.items())))
    return sorted(rows)


@given(statements, st.data())
@settings(deadline=None)
def test_joins_find_what_nested_loops_find(triples: list[tuple[str, str, str | Literal]], data: st.DataObject) -> None:
    lookup = Lookup(KnowledgeGraph.from_triples(triples))
    heads, links = st.integers(0, lookup.nodes - 1), st.integers(0, len(lookup.graph.relations) - 1)
    tails = st.sampled_from([tail for _, _, tail in coded(lookup)])
    pattern = st.tuples(heads | variables, links | variables, tails | variables)
    patterns: list[Pattern] = data.draw(st.lists(pattern, min_size=1, max_size=3))
    assert solved(lookup, patterns) == brute(lookup, patterns)


def star(leaves: int) -> Lookup:
    triples: list[tuple[str, str, str | Literal]] = [
        ("http://x/hub", "http://x/p", f"http://x/l{leaf}") for leaf in range(leaves)
    ]
    return Lookup(KnowledgeGraph.from_triples([*triples, ("http://x/l0", "http://x/q", "http://x/end")]))


def test_tables_come_in_pieces_the_first_of_them_small() -> None:
    sizes = [table.size for table in solve(Scope(star(1000)), [("a", "p", "b"), ("c", "q", "d")])]
    assert sum(sizes) == 1001**2
    assert max(sizes) <= PIECE
    assert sizes[0] <= 256


def test_the_rarest_pattern_comes_first_and_the_next_one_meets_it() -> None:
    lookup = star(1000)
    p, q = (lookup.graph.relations.find(f"http://x/{name}") for name in "pq")
    assert p is not None
    assert q is not None
    patterns: list[Pattern] = [("x", p, "y"), ("u", p, "v"), ("y", q, "z")]
    assert plan(lookup, patterns, set()) == [("y", q, "z"), ("x", p, "y"), ("u", p, "v")]


def test_a_search_can_be_stopped() -> None:
    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        list(solve(Scope(star(3), check=stop), [("a", "b", "c")]))


def test_rows_to_go_on_from_keep_what_is_no_part_of_a_pattern() -> None:
    lookup = star(3)
    hub = lookup.graph.nodes.find("http://x/hub")
    start = Table(3, {"h": np.array([hub, -2, hub]), "row": np.array([7, 8, 9])})
    found = [
        row for table in solve(Scope(lookup), [("h", "p", "leaf")], start) for row in table.columns["row"].tolist()
    ]
    assert sorted(found) == [7, 7, 7, 9, 9, 9]


def test_columns_that_are_no_part_of_a_pattern_are_no_codes() -> None:
    triples: list[tuple[str, str, str | Literal]] = [(f"http://x/{n}", "http://x/p", Literal("a")) for n in range(3)]
    lookup = Lookup(KnowledgeGraph.from_triples(triples))
    start = Table(6, {"row": np.arange(6)})
    (found,) = solve(Scope(lookup), [(0, "p", "value")], start)
    assert found.columns["row"].tolist() == list(range(6))
