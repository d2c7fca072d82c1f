from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.spelling import Spelling, one_edit_apart
from ragmtl.retrieval.linking.tokens import tokenise
from ragmtl.retrieval.linking.written import Written

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"


@pytest.fixture(scope="module")
def spelling(graph: KnowledgeGraph) -> Spelling:
    return Spelling.of(graph, Written.of(["a papriko and a papriko", "a sumak"]))


@pytest.mark.parametrize("wrong", ["papprika", "paprka", "paprica", "parpika", "apprika", "paprikaa"])
def test_each_kind_of_edit_is_undone(spelling: Spelling, wrong: str) -> None:
    assert spelling.corrections(wrong) == ["paprika"]


def test_two_edits_are_too_many(spelling: Spelling) -> None:
    assert spelling.corrections("paapprika") == []
    assert not one_edit_apart("abcd", "abdce")
    assert not one_edit_apart("same", "same")


def test_words_of_the_corpus_are_right(spelling: Spelling) -> None:
    """Those that it holds twice; one that it holds once may be misspelt there."""
    assert list(spelling.corrected(tokenise("papriko"), 3)) == []
    ((tokens, changed),) = spelling.corrected(tokenise("the sumak"), 3)
    assert tokens.words == ["the", "sumac"]
    assert changed.tolist() == [False, True]


def test_names_with_misspelt_words_are_found(graph: KnowledgeGraph) -> None:
    linker = Linker.build(graph)
    text = "smokd paprika with fatoush"
    assert [mention for mention in linker.link(text) if mention.node] == []
    found = {text[m.start : m.end]: (graph.label(m.node), m.how) for m in linker.link(text, fuzzy=True)}
    assert found == {
        "smokd paprika": ("smoked paprika", "misspelt, meant as 'smoked paprika'"),
        "fatoush": ("fattoush", "misspelt, meant as 'fattoush'"),
    }
    exact = linker.link("smoked paprika")[0].weight
    assert linker.link("smokd paprika", fuzzy=True)[0].weight == pytest.approx(0.8 * exact, abs=1e-5)


def test_what_is_written_right_is_found_as_before(graph: KnowledgeGraph) -> None:
    linker = Linker.build(graph)
    text = "Fattoush with sumac, Heat (1995) and ratatouille"
    assert linker.link(text, fuzzy=True) == linker.link(text)


def test_any_script(tmp_path: Path) -> None:
    names = ("Москва", "Αθήνα", "Zürich")
    graph = KnowledgeGraph.from_triples([(f"http://x/{i}", LABEL, Literal(name)) for i, name in enumerate(names)])
    linker = Linker.build(graph)
    for wrong, node in (("Москвва", 0), ("Αθηναα", 1), ("Zurihc", 2)):
        assert [mention.node for mention in linker.link(wrong, fuzzy=True)] == [node]


def test_long_texts_are_read_to_their_end(graph: KnowledgeGraph) -> None:
    linker = Linker.build(graph)
    generator = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnoprstu"))
    text = " ".join("".join(generator.choice(letters, 7)) for _ in range(12_500)) + " paprica smoked paprica"
    assert len(text) >= 100_000
    assert linker.link(text, fuzzy=True)[-1].end == len(text)


def test_saved_and_loaded_it_is_the_same(graph: KnowledgeGraph, tmp_path: Path) -> None:
    linker = Linker.build(graph)
    linker.save(tmp_path)
    assert Linker.load(tmp_path).link("smokd paprika", fuzzy=True) == linker.link("smokd paprika", fuzzy=True)
    (tmp_path / "spelling" / "keys.npy").write_bytes(b"")
    with pytest.raises(MismatchError):
        Linker.load(tmp_path)


def test_a_graph_without_long_words_has_nothing_to_correct() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/r", "http://x/b")])
    assert Spelling.of(graph).corrections("paprika") == []
    assert Linker.build(graph).link("some paprika", fuzzy=True) == ()


def test_other_texts_on_the_same_graph_do_not_read_names_again(
    graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = Spelling.of(graph, Written.of(["sumca sumca", "a paella"]))
    texts = Written.of(["papelon papelon of rice", "a paella"])
    anew = Spelling.of(graph, texts)
    assert not np.array_equal(before.known, anew.known)
    before.save(tmp_path)
    opened = Spelling.load(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(KnowledgeGraph, "names", None)
        edited = opened.edited(graph, texts, same=True)
    for name in ("blob", "offsets", "counts", "keys", "rows", "known", "named"):
        assert np.array_equal(getattr(edited, name), getattr(anew, name)), name
    (tmp_path / "named.npy").unlink()
    old = Spelling.load(tmp_path)
    assert old.named is None
    assert np.array_equal(old.edited(graph, texts, same=True).known, anew.known)
