from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.titles import MENTIONS, TITLE, read_titled, titles_graph
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings

PASSAGES = [
    Passage("a", "Night Ferry is a 1931 drama directed by Ilse Brandt.", "Night Ferry (film)"),
    Passage("b", "Ilse Marie Brandt (1890 – 1961) was a film director from Bremen.", "Ilse Brandt"),
    Passage("c", "Otto Kern was an actor. He was in many films.", "Otto Kern"),
    Passage("d", "The ferry between the islands runs at night.", "Ferries of the islands"),
    Passage("e", "Bertha II, who was queen twice, was a daughter of Otto Kern.", "Bertha II, Queen of the North"),
    Passage("f", "A text without a title that names Otto Kern."),
]


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    graph, linked = titles_graph(PASSAGES)
    corpus = Corpus.of(linked, graph, link=False)
    index = Index.build(graph, corpus, HashingEncoder(), tmp_path_factory.mktemp("titles") / "index")
    return Retriever(index, RetrievalSettings(passages=3))


def test_titles_are_entities_and_texts_link_them() -> None:
    graph, linked = titles_graph(PASSAGES)
    triples = {
        (graph.label(head), graph.label(tail)) for head, tail in zip(graph.heads, graph.tails, strict=True)
    }  # fmt: skip
    assert triples == {("Night Ferry (film)", "Ilse Brandt"), ("Bertha II, Queen of the North", "Otto Kern")}
    assert list(graph.relations)[-1] == MENTIONS or MENTIONS in list(graph.relations)
    assert linked[0].entities == (TITLE + "Night%20Ferry%20%28film%29", TITLE + "Ilse%20Brandt")
    assert linked[5].entities == (TITLE + "Otto%20Kern",)


def test_an_entity_is_also_called_as_its_text_begins_and_without_what_follows_a_comma() -> None:
    graph, _ = titles_graph(PASSAGES)
    names = {name for node in range(len(graph.nodes)) for name in graph.names(node)}
    assert {"Ilse Marie Brandt", "Bertha II"} <= names
    assert "The ferry between the islands runs at night" not in names


def test_passages_know_what_they_are_about() -> None:
    graph, linked = titles_graph(PASSAGES)
    corpus = Corpus.of(linked, graph, link=False)
    about = {corpus.ids[p]: graph.label(int(n)) if n >= 0 else None for p, n in enumerate(corpus.about)}
    assert about["a"] == "Night Ferry (film)"
    assert about["f"] is None


def test_a_question_leads_to_its_passage_and_the_one_behind_it(retriever: Retriever) -> None:
    evidence = retriever(Query("Where was the director of film Night Ferry born?"))
    found = [retriever.index.corpus.ids[passage.passage] for passage in evidence.passages]
    assert set(found[:2]) == {"a", "b"}
    assert "speaks of" in evidence.passages[0].reason


def test_possessives_are_linked_however_short_the_last_word(retriever: Retriever) -> None:
    evidence = retriever(Query("When did Bertha II's father die?"))
    found = [retriever.index.corpus.ids[passage.passage] for passage in evidence.passages]
    assert found[0] == "e"
    assert [retriever.index.graph.label(m.node) for m in evidence.mentions] == ["Bertha II, Queen of the North"]


def test_without_titles_there_is_no_graph(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"id": "1", "text": "A text."}\n', encoding="utf-8")
    with pytest.raises(DataError, match="expected titles of passages"):
        read_titled(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"id": "1", "text": "Salt is mined.", "title": "Salt"}\n', encoding="utf-8")
    graph, corpus = read_titled(path)
    assert (graph.label(0), len(corpus), corpus.sources[0].path) == ("Salt", 1, str(path))


def test_half_of_a_surrogate_pair_in_a_title_is_refused() -> None:
    with pytest.raises(DataError, match="half of a surrogate pair"):
        titles_graph([Passage("a", "text", "T\ud800")])
