from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import MismatchError
from ragmtl.kg.changes.edited import edit_graph
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.context import mentions_in
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.name_vectors import NameVectors
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings
from ragmtl.retrieval.update import add_names, update_index
from tests.retrieval.conftest import LABEL, X

SAME = {"loaf": "bread", "grains": "rice"}


class Thesaurus:
    """An encoder that knows which words mean the same."""

    name, dim, fingerprint = "thesaurus", 512, "thesaurus"

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        return HashingEncoder().encode([SAME.get(text, text) for text in texts], progress)


class Counting(Thesaurus):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        self.texts += texts
        return super().encode(texts, progress)


@pytest.fixture(scope="module")
def names(graph: KnowledgeGraph) -> NameVectors:
    return NameVectors.build(graph, Thesaurus())


def test_what_means_the_same_is_found_with_its_place(graph: KnowledgeGraph, names: NameVectors) -> None:
    text = "a loaf with sumac"
    mentions = mentions_in(text, graph, Linker.build(graph), "full", aid=names)
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
    with pytest.raises(MismatchError, match="found those of another"):
        NameVectors.load(tmp_path / "names", Thesaurus(), 3)
    with pytest.raises(MismatchError, match="expected an array"):
        NameVectors.load(tmp_path / "nothing", Thesaurus(), 3)


def test_edited_is_the_same_as_built_anew_and_only_new_labels_are_encoded(graph: KnowledgeGraph) -> None:
    encoder = Counting()
    names = NameVectors.build(graph, encoder)
    added: list[tuple[str, str, str | Literal]] = [
        (X + "aioli", LABEL, Literal("aioli", "", "en")),
        (X + "loaf", LABEL, Literal("bread", "", "en")),
    ]
    removed = KnowledgeGraph.from_triples([(X + "rice", LABEL, Literal("rice", "", "en"))])
    other = edit_graph(graph, add=KnowledgeGraph.from_triples(added), remove=removed).graph
    encoder.texts.clear()
    edited, anew = names.edited(graph, other), NameVectors.build(other, Thesaurus())
    assert encoder.texts == ["aioli"]
    assert np.array_equal(edited.nodes, anew.nodes)
    assert np.array_equal(edited.dense.vectors, anew.dense.vectors)


def test_a_graph_without_names_has_no_vectors() -> None:
    bare = KnowledgeGraph.from_triples([(X + "a", X + "r", X + "b")])
    names = NameVectors.build(bare, Thesaurus())
    assert names.find("a loaf", ()) == ()


def test_the_retriever_uses_those_of_the_index(graph: KnowledgeGraph, corpus: Corpus, tmp_path: Path) -> None:
    bare = Index.build(graph, corpus, Thesaurus(), tmp_path / "index")
    settings, query = RetrievalSettings(linking="full"), Query("a loaf")
    assert not bare.has_names
    assert Retriever(bare, settings)(query).mentions == ()
    with_names = add_names(tmp_path / "index", encoder=Thesaurus())
    found = Retriever(with_names, settings)(query).mentions
    assert [(graph.label(mention.node), mention.how) for mention in found] == [("bread", "by meaning (cosine 1.00)")]


def test_names_that_an_update_replaced_are_asked_of_the_newest_index(index: Index, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(index.directory, tmp_path / "copy"))
    opened = add_names(folder)
    new = KnowledgeGraph.from_triples([(X + "aioli", LABEL, Literal("aioli", "", "en"))])
    update_index(folder, graph_add=new)
    with pytest.raises(MismatchError, match="updated meanwhile; open it again"):
        Retriever(opened, RetrievalSettings(linking="full"))
    names = opened.newest().names()
    assert names is not None
    assert len(names.nodes) == 1 + len(NameVectors.build(index.graph, HashingEncoder()).nodes)
