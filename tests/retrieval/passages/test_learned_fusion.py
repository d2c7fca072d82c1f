from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import DataError, MismatchError
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.fuse import Candidates, Crowd, fuse
from ragmtl.retrieval.passages.learned_fusion import (
    FEATURES,
    SOURCES,
    Judged,
    LearnedFusion,
    fusion_file,
    learn_fusion,
    shape_of,
)
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings


def of(scores: dict[int, float]) -> Candidates:
    return Candidates(
        np.array(list(scores), np.int64), np.array(list(scores.values()), np.float32), 1.0, crowd=Crowd(0.0, 1.0)
    )


def queries(count: int) -> list[Judged]:
    """BM25 is right where it is sure (its best stands far out), vectors are right elsewhere."""
    generator = np.random.default_rng(0)
    judged: list[Judged] = []
    for row in range(count):
        sure = row % 2 == 0
        bm25 = of({0: 4.0 if sure else 2.0, 1: 1.5, 2: 1.0 + float(generator.random())})
        dense = of({1: 3.0, 0: 0.5, 2: float(generator.random())})
        judged.append(({"bm25": bm25, "dense": dense}, frozenset({0 if sure else 1})))
    return judged


def right(fusion: LearnedFusion, judged: list[Judged]) -> float:
    found = [fuse(fusion.weigh(sources), 1, fusion="learned")[0][0] in wanted for sources, wanted in judged]
    return float(np.mean(found))


def test_weights_depend_on_the_shape_of_the_query() -> None:
    judged = queries(40)
    learned = learn_fusion(judged)
    assert right(learned, judged) == 1.0
    sure, unsure = (learned.weigh(sources) for sources, _ in judged[:2])
    assert sure["bm25"].weight / sure["dense"].weight > unsure["bm25"].weight / unsure["dense"].weight


def test_without_parameters_it_is_the_fusion_by_shape() -> None:
    zero = LearnedFusion(np.zeros((len(SOURCES), len(FEATURES))), np.zeros(len(SOURCES)), 0)
    sources, _ = queries(1)[0]
    learned, shape = fuse(zero.weigh(sources), 3, fusion="learned"), fuse(sources, 3, fusion="shape")
    assert learned[0].tolist() == shape[0].tolist()
    assert learned[1] == pytest.approx(shape[1])


def test_it_is_saved_and_opened(tmp_path: Path) -> None:
    learned = learn_fusion(queries(10))
    learned.save(tmp_path / "index")
    opened = LearnedFusion.load(tmp_path / "index")
    assert np.array_equal(opened.weights, learned.weights)
    assert np.array_equal(opened.biases, learned.biases)
    assert opened.queries == 10


def test_what_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="ragmtl learn"):
        LearnedFusion.load(tmp_path / "index")
    for content, message in (
        ('{"weights": [[1.0]], "biases": [0.0]}', "4 x 5 weights"),
        ('{"weights": [[1.0], [1.0, 2.0]], "biases": [0.0]}', "inhomogeneous"),
        ("{}", "KeyError"),
    ):
        fusion_file(tmp_path / "index").write_text(content, encoding="utf-8")
        with pytest.raises(MismatchError, match=message):
            LearnedFusion.load(tmp_path / "index")


def test_a_fusion_learned_with_another_encoder_or_other_weights_is_refused(tmp_path: Path) -> None:
    learn_fusion(queries(10)).save(tmp_path / "index", {"encoder": "a", "weights": {"bm25": 0.5}})
    assert LearnedFusion.load(tmp_path / "index", {"encoder": "a", "weights": {"bm25": 0.5}}).queries == 10
    with pytest.raises(MismatchError, match="the encoder of this index"):
        LearnedFusion.load(tmp_path / "index", {"encoder": "b", "weights": {"bm25": 0.5}})
    with pytest.raises(MismatchError, match="the weights of this index"):
        LearnedFusion.load(tmp_path / "index", {"encoder": "a", "weights": {"bm25": 1.0}})


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(DataError, match="found none among 1"):
        learn_fusion([({"bm25": of({0: 1.0})}, frozenset({7}))])


def test_sources_that_propose_nothing_have_no_features() -> None:
    assert not shape_of({"bm25": of({})}).any()


def test_a_retriever_weighs_as_learned(index: Index) -> None:
    texts = {"a sour red berry": "p-sumac", "thyme and sesame": "p-zaatar", "stale bread": "p-bread"}
    places = {identity: place for place, identity in enumerate(index.corpus.ids)}
    plain = Retriever(index)
    proposed = plain.candidates([Query(text) for text in texts])
    learned = learn_fusion(zip(proposed, [frozenset({places[i]}) for i in texts.values()], strict=True))
    learned.save(index.directory)
    try:
        retriever = Retriever(index, RetrievalSettings(passages=2, fusion="learned"))
        evidence = retriever(Query("a sour red berry"))
    finally:
        fusion_file(index.directory).unlink()
    assert index.corpus.ids[evidence.passages[0].passage] == "p-sumac"
    assert evidence.passages[0].reason
