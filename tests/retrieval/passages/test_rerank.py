from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import Float32

from ragmtl.errors import ConfigError
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings

TEXT = "a sour red berry, thyme for flat bread; a sharp knife, stock for rice, peppers dried over smoke, tomatoes"


class Knives:
    """Likes what speaks of knives, then what is long; remembers what it was asked."""

    name = "knives"

    def __init__(self) -> None:
        self.calls: list[list[tuple[str, str]]] = []

    def scores(self, pairs: Sequence[tuple[str, str]]) -> Float32[np.ndarray, " pair"]:
        self.calls.append(list(pairs))
        return np.array([("knife" in text) * 1000.0 + len(text) for _, text in pairs], np.float32)


def ids(index: Index, evidence: Evidence) -> list[str]:
    return [index.corpus.ids[found.passage] for found in evidence.passages]


def settings(**given: object) -> RetrievalSettings:
    return replace(RetrievalSettings(passages=3, reranked=7, rerank_weight=1.0), **given)  # type: ignore[arg-type]


def test_the_order_is_that_of_the_reranker_among_what_fusion_proposed(index: Index) -> None:
    plain = Retriever(index, settings(passages=7))(Query(TEXT))
    evidence = Retriever(index, settings(), reranker=Knives())(Query(TEXT))
    assert len(plain.passages) > 3
    lengths = {identity: len(index.corpus.reading(place)) for place, identity in enumerate(index.corpus.ids)}
    rest = sorted(set(ids(index, plain)) - {"p-knife"}, key=lambda identity: -lengths[identity])
    first = ["p-knife"] if "p-knife" in ids(index, plain) else []
    assert ids(index, evidence) == [*first, *rest][:3] != ids(index, plain)[:3]


def test_its_score_is_kept_beside_the_others_and_in_the_reason(index: Index) -> None:
    plain = {found.passage: found for found in Retriever(index, settings(passages=7))(Query(TEXT)).passages}
    evidence = Retriever(index, settings(), reranker=Knives())(Query(TEXT))
    for found in evidence.passages:
        before = plain[found.passage]
        assert {name: score for name, score in found.sources.items() if name != "rerank"} == before.sources
        assert found.sources["rerank"] >= len(index.corpus.reading(found.passage))
        assert found.reason.startswith(before.reason)
        assert "read together with the text: place " in found.reason
    assert evidence.passages[0].score == 1.0
    assert [found.score for found in evidence.passages] == sorted((p.score for p in evidence.passages), reverse=True)


def test_a_weight_of_zero_changes_no_order_and_only_so_many_are_read(index: Index) -> None:
    plain = Retriever(index, settings())(Query(TEXT))
    unweighed = Retriever(index, settings(rerank_weight=0.0), reranker=Knives())
    assert ids(index, unweighed(Query(TEXT))) == ids(index, plain)
    reads = Knives()
    evidence = Retriever(index, settings(reranked=2), reranker=reads)(Query(TEXT))
    assert [len(call) for call in reads.calls] == [3], "as many as are returned, at least"
    assert set(ids(index, evidence)) == set(ids(index, plain))


def test_queries_are_read_together_and_as_one_by_one(index: Index) -> None:
    queries = [Query(TEXT), Query("", ("http://x/rice",)), Query("Tomatoes came to Europe"), Query("x" * 100_000)]
    reads = Knives()
    retriever = Retriever(index, settings(), reranker=reads)
    together = retriever.many(queries)
    assert len(reads.calls) == 1
    assert all(len(query) < 1000 for query, _ in reads.calls[0])
    for query, evidence in zip(queries, together, strict=True):
        assert ids(index, retriever(query)) == ids(index, evidence)
    assert "rerank" not in together[1].passages[0].sources, "there is no text to read"


def test_excluded_groups_are_never_read(index: Index) -> None:
    reads = Knives()
    evidence = Retriever(index, settings(), reranker=reads)(Query(TEXT, exclude=frozenset({"spices"})))
    spices = {index.corpus.reading(index.corpus.place(name) or 0) for name in ("p-sumac", "p-paprika")}
    assert not spices & {text for _, text in reads.calls[0]}
    assert not {"p-sumac", "p-paprika"} & set(ids(index, evidence))


def test_a_reranker_that_gives_no_numbers_is_refused(index: Index) -> None:
    class Broken(Knives):
        def scores(self, pairs: Sequence[tuple[str, str]]) -> Float32[np.ndarray, " pair"]:
            return np.full(len(pairs), np.nan, np.float32)

    with pytest.raises(ConfigError, match="expected a number from 'knives'"):
        Retriever(index, settings(), reranker=Broken())(Query(TEXT))


def test_no_passages_no_reading_and_a_name_that_is_no_model(index: Index) -> None:
    reads = Knives()
    assert Retriever(index, settings(passages=0), reranker=reads)(Query(TEXT)).passages == ()
    assert not reads.calls
    with pytest.raises(ConfigError, match="rerank_weight"):
        settings(rerank_weight=2.0)
    with pytest.raises(ConfigError, match="no such"):
        Retriever(index, settings(rerank="no such"))
