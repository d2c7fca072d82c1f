"""The bad input of retrieval: each is answered, or refused with a message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.hybrid import NOTHING_LINKS, Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights
from ragmtl.retrieval.update import update_index
from tests.retrieval.conftest import X

EVERYTHING = RetrievalSettings(weights=SourceWeights(0.5, 0.5, 0.5, 1.0))


class Other(HashingEncoder):
    fingerprint = "other"


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b", "?!", "the"])
def test_an_empty_query_finds_nothing_in_the_graph_and_says_so(index: Index, text: str) -> None:
    evidence = Retriever(index, EVERYTHING)(Query(text))
    assert len(evidence.subgraph.nodes) == 0
    assert evidence.notes == (NOTHING_LINKS,)
    if not text.strip():
        assert evidence.passages == ()


def test_a_query_of_100_000_characters_is_answered(index: Index) -> None:
    text = ("sumac and thyme, stale bread; " * 4000)[:100_000]
    evidence = Retriever(index, EVERYTHING)(Query(text))
    labels = {index.graph.label(int(node)) for node in evidence.subgraph.nodes}
    assert {"sumac", "thyme", "bread"} <= labels
    assert Retriever(index, EVERYTHING)(Query("x" * 100_000)).notes == (NOTHING_LINKS,)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), max_size=60))
def test_any_unicode_is_answered(index: Index, text: str) -> None:
    for asked in (text, f"{text} sumac {text}"):
        evidence = Retriever(index, EVERYTHING)(Query(asked))
        assert all(np.isfinite(passage.score) for passage in evidence.passages)
        assert all(asked[mention.start : mention.end] for mention in evidence.mentions)


@pytest.mark.parametrize(
    "text", ["sumac \ud800", "\udfff", "\x00 sumac \x00", "s\u0301umac", "🍋 السماق 漆樹", "ﬁsh İI"]
)
def test_halves_of_pairs_zeros_and_other_scripts_are_answered(index: Index, text: str) -> None:
    assert Retriever(index, EVERYTHING)(Query(text)).query.text == text


def test_a_passage_without_entities_is_found_by_its_words(graph: KnowledgeGraph, tmp_path: Path) -> None:
    corpus = Corpus.of([Passage("bare", "A knife, sharpened.", ""), Passage("other", "Sumac.", "")], graph)
    index = Index.build(graph, corpus, HashingEncoder(), tmp_path / "index")
    place = corpus.place("bare")
    assert place is not None
    assert len(corpus.entities_of(place)) == 0
    (first, *_) = Retriever(index, EVERYTHING)(Query("a sharpened knife")).passages
    assert first.passage == place
    assert "graph" not in first.sources


def test_an_entity_without_passages_has_its_subgraph(index: Index) -> None:
    node = index.graph.nodes.find(X + "almond")
    assert node is not None
    assert len(index.corpus.passages_of(node)) == 0
    evidence = Retriever(index, EVERYTHING)(Query(entities=(X + "almond",)))
    assert node in evidence.subgraph.nodes
    assert len(evidence.subgraph.triples) > 0
    assert all("almond" not in passage.reason for passage in evidence.passages)


def test_an_index_of_another_encoder_is_refused_also_for_updates(index: Index) -> None:
    with pytest.raises(MismatchError, match="found 'hashing' \\(other\\)"):
        Index.load(index.directory, encoder=Other())
    with pytest.raises(MismatchError, match="found 'hashing' \\(other\\)"):
        update_index(index.directory, add=[Passage("new", "text")], encoder=Other())
