from __future__ import annotations

from math import log1p

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.passages.fuse import Crowd
from ragmtl.retrieval.passages.lexical import Lexical
from ragmtl.retrieval.servers.passages import Counts, Hits
from ragmtl.retrieval.servers.working import Fetched, Sample, ToldWords, crowd_of, words_of, working_set
from tests.retrieval.conftest import PASSAGES, X

TEXT = "dried sumac"
ENCODER = HashingEncoder()
SAMPLE = Sample(tuple(one.text for one in PASSAGES), ENCODER.encode([one.text for one in PASSAGES]))


def fetched(graph: KnowledgeGraph, words: Hits, **more: object) -> Fetched:
    linker = Linker.build(graph, SAMPLE.texts)
    return Fetched(graph, linker, words, counts=Counts(1000, (30, 7)), asked=("dried", "sumac"), **more)  # type: ignore[arg-type]


def test_a_working_set_keeps_what_the_server_said(graph: KnowledgeGraph) -> None:
    hits = Hits((PASSAGES[3], PASSAGES[0]), (1.5, 3.0), 40)
    found = working_set(TEXT, fetched(graph, hits, beside=Hits((PASSAGES[2],), (1.0,), 1)), SAMPLE, ENCODER, dense=True)
    assert (len(found.corpus), found.count) == (3, 1000)
    places, scores, crowd = found.bm25.search_in_crowd(TEXT, 10, without=np.zeros(0, np.int64))
    assert [found.corpus.ids[place] for place in places] == ["p-sumac", "p-rice"]
    assert scores.tolist() == [3.0, 1.5]
    assert crowd == crowd_of(hits, 1000)
    assert found.bm25.rarity("sumac") == pytest.approx(log1p(1000 / 8))
    assert found.bm25.rarity("the") == 0.0
    assert found.bm25.rarity("unheard") == pytest.approx(log1p(1000))


def test_names_weigh_by_how_many_passages_of_the_server_hold_them(graph: KnowledgeGraph) -> None:
    found = working_set(TEXT, fetched(graph, Hits((PASSAGES[0],), (1.0,), 1)), SAMPLE, ENCODER, dense=False)
    (mention,) = found.linker.link(TEXT)
    assert graph.nodes[mention.node] == X + "sumac"
    assert mention.weight == pytest.approx(0.5 * np.log(1001 / 8) / np.log(1001), abs=1e-5)


def test_passages_that_name_no_entities_are_linked(graph: KnowledgeGraph) -> None:
    bare = Passage("p9", "Put sumac on bread.")
    found = working_set(TEXT, fetched(graph, Hits((bare, PASSAGES[3]), (1.0, 0.5), 2)), SAMPLE, ENCODER, dense=False)
    place = found.corpus.place("p9")
    assert place is not None
    assert {graph.nodes[node] for node in found.corpus.entities_of(place)} == {X + "sumac", X + "bread"}


def test_nothing_at_all_is_a_working_set_too(graph: KnowledgeGraph) -> None:
    found = working_set("", Fetched(graph, Linker.build(graph)), Sample((), SAMPLE.vectors[:0]), ENCODER, dense=True)
    assert (len(found.corpus), found.count) == (0, 0)
    vector = ENCODER.encode(["x"])
    assert found.dense.search_many(vector, 5, [np.zeros(0, np.int64)])[0][0].tolist() == []
    assert found.dense.crowd(vector[0]) == Crowd(0.0, 0.0)


def test_the_crowd_told_by_the_best_is_near_that_of_all(passages: list[Passage]) -> None:
    rng = np.random.default_rng(0)
    words = [f"w{number}" for number in range(60)]
    texts = [" ".join(rng.choice(words, 12, p=np.arange(60, 0, -1) / 1830)) for _ in range(2000)]
    lexical = Lexical.build(texts)
    for query in ("w0 w30", "w5", "w50 w59 w20"):
        scores = lexical.scores(query)
        best = np.sort(scores)[::-1][:200]
        told = crowd_of(Hits((), tuple(best.tolist()), int((scores > 0).sum())), len(texts))
        every = Crowd.of(scores)
        assert told.mean == pytest.approx(every.mean, rel=0.5)
        assert told.spread == pytest.approx(every.spread, rel=0.3)


def test_what_is_excluded_is_not_told() -> None:
    told = ToldWords(np.array([4, 2, 7]), np.array([3.0, 2.0, 1.0], np.float32))
    places, scores, _ = told.search_in_crowd("x", 2, without=np.array([4]))
    assert (places.tolist(), scores.tolist()) == ([2, 7], [2.0, 1.0])


def test_words_stand_as_they_are_written() -> None:
    assert words_of("The Café's salts") == {"cafes": "Café's", "salts": "salts"}
