from __future__ import annotations

from collections.abc import Iterator

from rdflib import Graph, URIRef, Variable
from rdflib.plugins.sparql.sparql import FrozenBindings, QueryContext

from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.sparql.batches import Match, existing, given, joined, optional

STORE = GraphStore(graph=KnowledgeGraph.from_triples([(f"a:{n}", "a:p", f"a:{n + 1}") for n in range(0, 900, 2)]))
A, B = Variable("a"), Variable("b")
CONTEXT = QueryContext(Graph(STORE), initBindings={})
LEFT = [FrozenBindings(CONTEXT, {A: URIRef(f"a:{n}")} if n % 3 else {}) for n in range(300)]


def matches() -> Iterator[Match]:
    link = STORE.codes.relation(URIRef("a:p"))
    return joined(STORE.scope(None), STORE, LEFT, [(A, link, B)])


def test_every_solution_meets_its_matches_and_then_none() -> None:
    found: dict[int, list[FrozenBindings | None]] = {}
    for solution, match in matches():
        found.setdefault(id(solution), []).append(match)
    for place, solution in enumerate(LEFT):
        *some, last = found[id(solution)]
        assert last is None
        if A in given(solution):
            tails = [str(match[B]) for match in some if match is not None]
            assert tails == ([f"a:{place + 1}"] if place % 2 == 0 else [])
        else:
            assert len(some) == 450


def test_optional_keeps_what_has_no_match_that_fits() -> None:
    bound = [
        solution for solution in optional(matches(), lambda match: match[A] != URIRef("a:4")) if B in given(solution)
    ]
    others = [solution for solution in optional(matches(), lambda _: False)]
    assert others == LEFT
    assert all(solution[A] != URIRef("a:4") for solution in bound)


def test_existing_keeps_what_has_a_match_or_what_has_none() -> None:
    with_match, without = list(existing(matches(), wanted=True)), list(existing(matches(), wanted=False))
    assert len(with_match) + len(without) == len(LEFT)
    assert all(int(str(solution[A])[2:]) % 2 == 1 for solution in without)
    assert all(A not in given(solution) or int(str(solution[A])[2:]) % 2 == 0 for solution in with_match)


def test_nowhere_nothing_matches() -> None:
    assert [match for _, match in joined(None, STORE, LEFT, [])] == [None] * len(LEFT)
