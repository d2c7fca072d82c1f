from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.batch import Reading
from ragmtl.places import one_sided, path_to, placed, reached
from ragmtl.retrieval.evidence import Evidence, NodeScores, ScoredPassage
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.classify import ClassTask
from ragmtl.tasks.question import QuestionTask

X = "http://x/"
GRAPH = KnowledgeGraph.from_triples(
    [(X + "a", X + "r", X + "b"), (X + "b", X + "r", X + "c"), (X + "a", X + "s", X + "c")]
)


def subgraph(weights: tuple[float, ...] = (1.0, 1.0, 0.5), seeds: tuple[int, ...] = (0,)) -> Subgraph:
    """a —0→ b —1→ c, and a —2→ c."""
    is_seed = np.isin(np.arange(3), seeds)
    ends = np.array([0, 1, 0]), np.array([1, 2, 2])
    ids = np.arange(3)
    return Subgraph(
        ids, np.ones(3, np.float32), is_seed, ids, *ends, np.array([0, 0, 1]), np.array(weights, np.float32)
    )


def evidence(targets: dict[int, float], certainty: float = 1.0) -> Evidence:
    near = NodeScores(np.array(list(targets), np.int64), np.array(list(targets.values()), np.float32))
    return Evidence(Query("?"), subgraph(), ("",) * 3, (), (), near, certainty=certainty)


def test_how_near_the_walk_came_is_told_in_the_order_of_the_nodes() -> None:
    found = reached(evidence({2: 0.8, 7: 0.1, 0: 0.2}))
    assert found == pytest.approx([0.25, 0.0, 1.0])


def test_a_walk_that_is_not_sure_comes_near_nothing() -> None:
    assert reached(evidence({2: 0.8, 0: 0.2}, certainty=0.5)) == pytest.approx([0.125, 0.0, 0.5])
    assert not reached(evidence({})).any()
    assert len(reached(None)) == 0


def test_right_nodes_are_found_among_those_of_the_evidence() -> None:
    def example(nodes: tuple[str, ...]) -> Example:
        return Example("e", Query("?"), {"who": ()}, "g", "train", nodes={"who": nodes})

    answers = [(X + "c",), (X + "a", X + "c"), (), (X + "elsewhere",)]
    source = Source.of("s", [example(nodes) for nodes in answers], (QuestionTask("who", 5),))
    readings = [Reading(np.zeros((0, 2), np.float32), evidence({}), np.zeros(0, np.int64), {})] * 4
    found = placed(source, readings, GRAPH)
    shown = [GRAPH.nodes[node] for node in range(3)]
    places = tuple(1 + shown.index(X + name) for name in "ac")
    assert [one.labels["who"] for one in found.examples] == [(places[1],), tuple(sorted(places)), (0,), ()]
    nowhere = placed(source, [replace(readings[0], evidence=None)] * 4, GRAPH)
    assert [one.labels["who"] for one in nowhere.examples] == [(), (), (0,), ()]


def test_the_path_is_the_one_of_most_weight_and_of_equals_the_shortest() -> None:
    assert path_to(subgraph(), 2) == (0, 1)
    assert path_to(subgraph((1.0, 1.0, 1.0)), 2) == (2,)
    assert path_to(subgraph(), 0) == ()
    assert path_to(subgraph(seeds=(2,)), 0) == (1, 0)
    assert path_to(subgraph(seeds=()), 2) == ()


def test_pairs_with_an_empty_side_are_told_and_refused_where_there_are_no_others() -> None:
    texts = ("claim", "", "claim")
    examples = [Example(str(at), Query(text), {"fits": 0}, "g", "train") for at, text in enumerate(texts)]
    source = Source.of("s", examples, (ClassTask("fits", ("no", "yes"), pairs=True),))
    bare = Reading(np.zeros((0, 2), np.float32), evidence({}), np.zeros(0, np.int64), {})
    read = replace(bare, evidence=replace(evidence({}), passages=(ScoredPassage(0, 1.0, {}, ""),)))
    assert one_sided(source, [read, read, bare]) == [
        "s: 1 of 3 pairs have no text",
        "s: 1 of 3 pairs have no passage that the text could be judged against",
    ]
    with pytest.raises(DataError, match="found none among the 3 for train"):
        one_sided(source, [bare, read, bare])
