from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ragmtl.assembly import Assembly
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.query import Query
from ragmtl.trust.planted import _others, plant
from tests.ragmtl.trust.conftest import PASSAGES, TASK, Reader, evidence


@pytest.fixture
def corpus() -> Corpus:
    """The first ten passages, which decide, belong to a group that queries must not see."""
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/p", "http://x/b")])
    passages = [Passage(str(row), f"text {row}") for row in range(PASSAGES)]
    order = list(Corpus.of(passages, graph).ids)
    groups = {name: "own" if place < 10 else "others" for place, name in enumerate(order)}
    return Corpus.of([replace(one, group=groups[one.id]) for one in passages], graph)


def test_a_model_that_reads_tells_them_apart(assembly: Assembly, corpus: Corpus) -> None:
    hiding = [
        replace(
            one, evidence=one.evidence and replace(one.evidence, query=Query("a point", exclude=frozenset({"own"})))
        )
        for one in assembly.readings
    ]
    assembly = replace(assembly, readings=hiding)
    found = plant(Reader(), assembly, TASK, list(range(20)), corpus)
    assert len(found.rows) == 20
    assert found.retrieved.value > found.planted.value
    blind = plant(Reader(honest=False), assembly, TASK, list(range(20)), corpus)
    assert blind.retrieved.value < blind.planted.value


def test_what_was_retrieved_or_is_hidden_is_not_planted(corpus: Corpus) -> None:
    asked = evidence([10, 12, 14], [], exclude=frozenset({"own"}))
    found = {one for seed in range(20) for one in _others(corpus, asked, 3, np.random.default_rng(seed))}
    assert found
    assert min(found) > 9
    assert not found & {10, 12, 14}


def test_examples_without_passages_do_not_count(assembly: Assembly, corpus: Corpus) -> None:
    bare = [replace(reading, evidence=evidence([], [1, 2])) for reading in assembly.readings]
    assert plant(Reader(), replace(assembly, readings=bare), TASK, [0, 1], corpus).rows == ()
