from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.servers.local import IndexPassages, read_without_graph
from ragmtl.retrieval.servers.passages import ByEntities, ByVector, ByWords, Counts, Some
from tests.retrieval.conftest import X
from tests.retrieval.servers.conftest import KITCHEN, K


def ids(passages: IndexPassages, question: ByWords | ByVector | ByEntities | Some) -> list[str]:
    (hits,) = passages.ask([question])
    assert hits.matches >= len(hits.passages) == len(hits.scores)
    return [passage.id for passage in hits.passages]


def test_an_index_is_asked_like_a_server(index: Index) -> None:
    passages = IndexPassages(index)
    assert ids(passages, ByWords("sour berry", 3)) == ["p-sumac"]
    assert ids(passages, ByWords("sour berry", 3, frozenset({"spices"}))) == []
    vector = tuple(index.encoder.encode(["Peppers dried over oak smoke."])[0].tolist())
    assert ids(passages, ByVector(vector, 1)) == ["p-paprika"]
    assert "p-paprika" not in ids(passages, ByVector(vector, 9, frozenset({"spices"})))
    assert ids(passages, ByEntities(((X + "sumac", "sumac", 1.0), (X + "zaatar", "za'atar", 0.5)), 9)) == [
        "p-zaatar",
        "p-sumac",
    ]
    assert len(ids(passages, Some(4))) == 4
    assert passages.count(["sumac", "flat bread", "bread flat"]) == Counts(7, (2, 1, 0))


def test_names_are_looked_for_where_no_row_names_the_entity(index: Index) -> None:
    passages = IndexPassages(index)
    assert ids(passages, ByEntities((("http://elsewhere/knife", "Sharp Knife", 1.0),), 9)) == ["p-knife"]


def test_passages_come_with_the_entities_of_their_rows(index: Index) -> None:
    (hits,) = IndexPassages(index).ask([ByWords("thyme sesame", 1)])
    assert hits.passages[0].entities == (X + "zaatar", X + "sumac")


@pytest.mark.parametrize("text", ["", "\ud800", "the", "x" * 1000])
def test_no_text_is_an_error(index: Index, text: str) -> None:
    passages = IndexPassages(index)
    assert ids(passages, ByWords(text, 3)) == []
    assert passages.count([text]).held in ((0,), (7,))


def test_passages_are_indexed_without_their_graph(tmp_path: Path) -> None:
    graph, corpus = read_without_graph(KITCHEN / "passages.jsonl")
    assert len(corpus) == 280
    built = Index.build(graph, corpus, HashingEncoder(), tmp_path / "index")
    found = IndexPassages(built)
    (hits,) = found.ask([ByEntities(((K + "sumac", "sumac", 1.0),), 50)])
    assert "p-sumac" in [passage.id for passage in hits.passages]
