from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import log2

import numpy as np
import pytest

from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.subgraph import Subgraph
from ragmtl.retrieval.evidence import Evidence, NodeScores, ScoredPassage
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.quality.evaluate import judge, triples_in_order
from ragmtl.retrieval.quality.questions import Question
from ragmtl.retrieval.query import Query


class Fixed:
    """Finds passages 3, 1 and 4, nodes 7 and 8, and triples 5 and 2 (which weighs more)."""

    def __call__(self, query: Query) -> Evidence:
        ids = np.array([7, 8], np.int64)
        ends = np.array([0, 1], np.int64)
        ones = np.ones(2, np.float32)
        weights = np.array([0.5, 1.0], np.float32)
        subgraph = Subgraph(ids, ones, ones > 0, np.array([5, 2]), ends, ends, ends, weights)
        passages = tuple(ScoredPassage(place, 1.0, {}, "") for place in (3, 1, 4))
        return Evidence(query, subgraph, ("", ""), passages, (), NodeScores(ids, ones))

    def many(self, queries: Iterable[Query], progress: Progress | None = None) -> list[Evidence]:
        return [self(query) for query in queries]


QUESTION = Question("q", Query("?"), frozenset({1, 9}), frozenset({2, 6}), frozenset({8}), "g")


def test_figures_are_those_computed_by_hand() -> None:
    (row,) = judge(Fixed(), [QUESTION], ks=[1, 2])
    assert row.figures == {
        "recall@1": 0.0,
        "recall@2": 0.5,
        "ndcg@1": 0.0,
        "ndcg@2": pytest.approx((1 / log2(3)) / (1 + 1 / log2(3))),
        "perfect@1": 0.0,
        "perfect@2": 0.0,
        "mrr": 0.5,
        "triple_recall@1": 0.5,
        "triple_recall@2": 0.5,
        "triple_recall": 0.5,
        "answer_recall": 1.0,
    }
    assert (row.id, row.group, row.passages, row.nodes, row.triples) == ("q", "g", 3, 2, 2)
    assert row.milliseconds > 0


def test_what_a_question_does_not_ask_for_is_not_measured() -> None:
    (row,) = judge(Fixed(), [replace(QUESTION, passages=frozenset(), triples=frozenset())])
    assert set(row.figures) == {"answer_recall"}


def test_triples_that_weigh_more_come_first() -> None:
    assert triples_in_order(Fixed()(Query("?"))) == [2, 5]


def test_nothing_to_judge_is_refused() -> None:
    with pytest.raises(DataError, match="at least one question"):
        judge(Fixed(), [])
    with pytest.raises(ConfigError, match="1 or more"):
        judge(Fixed(), [QUESTION], ks=[0])


def test_a_retriever_is_judged(index: Index) -> None:
    place = index.corpus.place("p-bread")
    assert place is not None
    done: list[tuple[int, int]] = []
    question = Question("q", Query("stale bread, toasted"), passages=frozenset({place}))
    (row,) = judge(Retriever(index), [question], progress=lambda now, total: done.append((now, total)))
    assert row.figures["recall@1"] == row.figures["mrr"] == 1.0
    assert done == [(1, 1)]
