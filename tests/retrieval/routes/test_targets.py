from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.routes.targets import MOST_SEEDS, Asked, spans_of, targets_of
from ragmtl.retrieval.subgraphs.seeds import Seeds

X = "http://x/"
FAMILY = [
    ("ada", "mother", "anna"),
    ("anna", "livesIn", "Paris"),
    ("ada", "friend", "bob"),
    ("bob", "livesIn", "Paris"),
    ("ada", "born", "Rome"),
    ("anna", "mother", "eve"),
]


@pytest.fixture(scope="module")
def family() -> KnowledgeGraph:
    return KnowledgeGraph.from_triples([(X + head, X + relation, X + tail) for head, relation, tail in FAMILY])


def node(graph: KnowledgeGraph, name: str) -> int:
    found = graph.nodes.find(X + name)
    assert found is not None
    return found


def code(graph: KnowledgeGraph, name: str, *, back: bool = False) -> int:
    found = graph.relations.find(X + name)
    assert found is not None
    return 2 * found + back


def asked(graph: KnowledgeGraph, seed: str, answers: list[str], triples: list[tuple[str, str, str]] = []) -> Asked:  # noqa: B006
    ids = {
        row
        for row in range(len(graph))
        for head, relation, tail in triples
        if graph.triple(row) == (node(graph, head), code(graph, relation) // 2, node(graph, tail))
    }
    return Asked("?", {node(graph, seed): ()}, frozenset(node(graph, name) for name in answers), frozenset(ids))


def test_given_triples_tell_the_route(family: KnowledgeGraph) -> None:
    (target,) = targets_of(family, asked(family, "ada", ["Paris"], [FAMILY[0], FAMILY[1]]), 3)
    assert target.routes == ((code(family, "mother"), code(family, "livesIn")),)
    assert target.priors == (1.0,)


def test_a_route_against_the_arrow_has_another_code(family: KnowledgeGraph) -> None:
    (target,) = targets_of(family, asked(family, "Paris", ["ada"], [FAMILY[2], FAMILY[3]]), 3)
    assert target.routes == ((code(family, "livesIn", back=True), code(family, "friend", back=True)),)


def test_without_triples_every_short_way_to_the_answer_may_be_right(family: KnowledgeGraph) -> None:
    (target,) = targets_of(family, asked(family, "ada", ["Paris"]), 2)
    lives = code(family, "livesIn")
    assert {(code(family, "mother"), lives), (code(family, "friend"), lives)} <= set(target.routes)
    assert max(target.priors) == 1.0
    assert all(0 < prior <= 1 for prior in target.priors)


def test_a_way_that_also_reaches_other_things_counts_less(family: KnowledgeGraph) -> None:
    (target,) = targets_of(family, asked(family, "Paris", ["bob"]), 1)
    assert target.routes == ((code(family, "livesIn", back=True),),)
    assert target.priors == pytest.approx([2 / 3])


def test_what_is_too_far_has_no_route(family: KnowledgeGraph) -> None:
    assert targets_of(family, asked(family, "Rome", ["eve"]), 2) == []
    assert targets_of(family, asked(family, "Rome", ["eve"]), 3)


def test_an_entity_that_leads_nowhere_is_told_to_stop(family: KnowledgeGraph) -> None:
    both = Asked(
        "?", {node(family, "ada"): (), node(family, "eve"): ()}, frozenset([node(family, "Rome")]), frozenset()
    )
    first, second = targets_of(family, both, 1)
    assert first.routes == ((code(family, "born"),),)
    assert second.routes == ((),)


def test_spans_are_those_of_the_heaviest_seeds(family: KnowledgeGraph) -> None:
    nodes = np.arange(MOST_SEEDS + 1)
    seeds = Seeds(nodes, np.linspace(1, 0.5, len(nodes)), frozenset(), (), ())
    mentions = [Mention(0, 3, 0, 1.0), Mention(9, 12, 0, 1.0), Mention(4, 8, MOST_SEEDS, 1.0)]
    assert spans_of(seeds, mentions) == {0: ((0, 3), (9, 12)), 1: (), 2: (), 3: ()}
    assert spans_of(Seeds.of(Query(), (), family), ()) == {}
