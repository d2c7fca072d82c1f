from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus, Passage

X = "http://x/"


def place(corpus: Corpus, identity: str) -> int:
    return list(corpus.ids).index(identity)


def test_passages_are_linked_both_ways(graph: KnowledgeGraph, corpus: Corpus) -> None:
    zaatar = place(corpus, "p-zaatar")
    nodes = graph.nodes.find_all([X + "sumac", X + "zaatar"]).tolist()
    assert corpus.entities_of(zaatar).tolist() == sorted(nodes)
    sumac = graph.nodes.find(X + "sumac")
    assert sumac is not None
    assert {corpus.ids[p] for p in corpus.passages_of(sumac)} == {"p-sumac", "p-zaatar"}


def test_the_order_of_the_file_leaves_no_trace(graph: KnowledgeGraph, corpus: Corpus, passages: list[Passage]) -> None:
    turned = Corpus.of(passages[::-1], graph)
    assert list(turned.ids) == list(corpus.ids) != sorted(corpus.ids)
    assert turned.digest == corpus.digest


def test_groups_default_to_the_passage_itself(corpus: Corpus) -> None:
    assert corpus.group(place(corpus, "p-sumac")) == "spices"
    assert corpus[place(corpus, "p-rice")].group == "p-rice"


def test_the_title_is_read_once(graph: KnowledgeGraph) -> None:
    corpus = Corpus.of([Passage("a", "Rice is a grain.", "Rice"), Passage("b", "It grows.", "Rice")], graph)
    assert sorted(corpus.readings()) == ["Rice is a grain.", "Rice. It grows."]
    assert [corpus.reading(row) for row in range(2)] == corpus.readings()


def test_rows_without_entities_are_linked_by_name(graph: KnowledgeGraph) -> None:
    passages = [Passage("a", "Paella wants smoked paprika."), Passage("b", "Nothing here.")]
    corpus = Corpus.of(passages, graph)
    found = [graph.label(node) for node in corpus.entities_of(place(corpus, "a"))]
    assert found == ["paella", "smoked paprika"]
    assert (corpus.report.given, corpus.report.found, corpus.report.unlinked) == (0, 1, 1)
    bare = Corpus.of(passages, graph, link=False)
    assert not len(bare.entities)


def test_entities_that_the_graph_lacks_are_counted(corpus: Corpus) -> None:
    assert (corpus.report.given, corpus.report.unlinked, corpus.report.unknown) == (6, 1, 1)
    assert X + "unknownThing" in str(corpus.report)


def test_saved_and_loaded_it_is_the_same(corpus: Corpus, tmp_path: Path) -> None:
    corpus.save(tmp_path)
    loaded = Corpus.load(tmp_path)
    assert isinstance(loaded.entities.base, np.memmap)
    assert [loaded[row] for row in range(len(loaded))] == [corpus[row] for row in range(len(corpus))]
    assert np.array_equal(loaded.mentions, corpus.mentions)
    assert (loaded.digest, loaded.report, loaded.sources) == (corpus.digest, corpus.report, corpus.sources)


def test_a_truncated_array_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    corpus.save(tmp_path)
    path = tmp_path / "texts_blob.npy"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(MismatchError, match="texts_blob"):
        Corpus.load(tmp_path)
    path.unlink()
    with pytest.raises(MismatchError, match="ragmtl index"):
        Corpus.load(tmp_path)


def test_other_links_change_the_digest_and_nothing_else(graph: KnowledgeGraph, corpus: Corpus) -> None:
    other = corpus.with_links(corpus.indptr, np.zeros_like(corpus.entities))
    assert other.digest != corpus.digest
    assert len(other.passages_of(0)) == len(corpus.entities)
    assert other.with_links(corpus.indptr, corpus.entities).digest == corpus.digest


def test_no_passages_and_repeated_ids_are_refused(graph: KnowledgeGraph) -> None:
    with pytest.raises(DataError, match="at least one passage"):
        Corpus.of([], graph)
    with pytest.raises(DataError, match="'a' twice"):
        Corpus.of([Passage("a", "x"), Passage("a", "y")], graph)


def test_read(graph: KnowledgeGraph, tmp_path: Path, passages: list[Passage]) -> None:
    path = tmp_path / "corpus.jsonl"
    rows = [{"id": p.id, "title": p.title, "text": p.text, "entities": p.entities, "group": p.group} for p in passages]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    read = Corpus.read(path, graph)
    assert read.digest == Corpus.of(passages, graph).digest
    assert read.sources[0].path == str(path)
