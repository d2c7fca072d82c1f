from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.context import mentions_in
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.name_vectors import NameVectors, names_folder
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings

SAME = {"loaf": "bread", "grains": "rice"}


class Thesaurus:
    """An encoder that knows which words mean the same."""

    name, dim, fingerprint = "thesaurus", 512, "thesaurus"

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        return HashingEncoder().encode([SAME.get(text, text) for text in texts], progress)


@pytest.fixture(scope="module")
def names(graph: KnowledgeGraph) -> NameVectors:
    return NameVectors.build(graph, Thesaurus())


def test_what_means_the_same_is_found_with_its_place(graph: KnowledgeGraph, names: NameVectors) -> None:
    text = "a loaf with sumac"
    mentions = mentions_in(text, graph, Linker.build(graph), "full", names=names)
    found = {text[m.start : m.end]: (graph.label(m.node), m.how) for m in mentions}
    assert found == {"loaf": ("bread", "by meaning (cosine 1.00)"), "sumac": ("sumac", "as written")}
    weights = {graph.label(m.node): m.weight for m in mentions}
    assert weights["bread"] <= 0.5


def test_what_is_named_is_not_looked_for_again(graph: KnowledgeGraph, names: NameVectors) -> None:
    assert names.find("sumac", Linker.build(graph).link("sumac")) == ()
    assert names.find("", ()) == names.find("the and of", ()) == ()
    assert names.find("xylophone", ()) == ()


def test_long_texts_are_cut(names: NameVectors) -> None:
    assert len(names.find("loaf the " * 12_500, ())) <= 16


def test_saved_and_loaded_it_finds_the_same(graph: KnowledgeGraph, names: NameVectors, tmp_path: Path) -> None:
    names.save(tmp_path / "names")
    again = NameVectors.load(tmp_path / "names", Thesaurus(), len(graph.nodes))
    assert again.find("a loaf of grains", ()) == names.find("a loaf of grains", ())
    with pytest.raises(MismatchError, match="found another's"):
        NameVectors.load(tmp_path / "names", HashingEncoder(), len(graph.nodes))
    with pytest.raises(MismatchError, match="found those of another"):
        NameVectors.load(tmp_path / "names", Thesaurus(), 3)
    with pytest.raises(MismatchError, match="found none"):
        NameVectors.load(tmp_path / "nothing", Thesaurus(), 3)
    (tmp_path / "other").mkdir()
    with pytest.raises(MismatchError, match="move it away"):
        names.save(tmp_path / "other")


def test_the_retriever_uses_those_beside_the_index(index: Index) -> None:
    settings = RetrievalSettings(linking="full")
    query = Query("breads and gazpachoes")
    before = Retriever(index, settings)(query).mentions
    NameVectors.build(index.graph, index.encoder).save(names_folder(index.directory))
    assert Retriever(index, settings)(query).mentions[:1] == before[:1]
