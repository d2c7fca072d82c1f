from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jaxtyping import Float32

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import MANIFEST, Index
from ragmtl.retrieval.passages.lexical import Lexical
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights
from ragmtl.retrieval.update import update_index
from tests.retrieval.conftest import LABEL, PASSAGES, X

Statement = tuple[str, str, str | Literal]

NEW = Passage("p-new", "Harissa is a paste of roasted peppers.", "Harissa")
EVERYTHING = RetrievalSettings(weights=SourceWeights(0.5, 0.5, 0.5, 1.0))
QUERIES = ["stale bread", "sumac and thyme", "harissa", "a paste of peppers", "Spain", "tomatoes", ""]


@pytest.fixture
def copy(index: Index, tmp_path: Path) -> Path:
    return Path(shutil.copytree(index.directory, tmp_path / "copy"))


class Counting(HashingEncoder):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        self.texts += texts
        return super().encode(texts, progress)


def graph_of(statements: Sequence[Statement]) -> KnowledgeGraph:
    return KnowledgeGraph.from_triples(statements)


def found(index: Index, query: Query) -> object:
    evidence = Retriever(index, EVERYTHING)(query)
    nodes = [index.graph.nodes[int(node)] for node in evidence.subgraph.nodes]
    passages = [(index.corpus.ids[p.passage], p.score, dict(p.sources), p.reason) for p in evidence.passages]
    mentions = [(m.start, m.end, index.graph.nodes[m.node], m.weight) for m in evidence.mentions]
    triples = [index.graph.triple(int(triple)) for triple in evidence.subgraph.triples]
    return nodes, evidence.subgraph.scores.tolist(), evidence.reasons, passages, mentions, triples, evidence.notes


def assert_same(updated: Index, anew: Index) -> None:
    assert updated.graph.digest == anew.graph.digest
    assert updated.corpus.digest == anew.corpus.digest
    assert updated.corpus.report == anew.corpus.report
    for text in QUERIES:
        assert found(updated, Query(text)) == found(anew, Query(text))


def test_a_new_passage_is_found_and_only_it_is_encoded(copy: Path) -> None:
    encoder = Counting()
    index, report = update_index(copy, add=[NEW], encoder=encoder)
    assert encoder.texts == ["Harissa is a paste of roasted peppers."]
    assert (report.added, report.changed, report.deleted) == (1, 0, 0)
    assert index.corpus.ids[Retriever(index)(Query("harissa")).passages[0].passage] == "p-new"


def test_a_deleted_passage_leaves_no_trace(copy: Path) -> None:
    before = Index.load(copy)
    index, report = update_index(copy, delete=["p-sumac"])
    assert report.deleted == 1
    assert index.corpus.place("p-sumac") is None
    assert "berri" in before.bm25.vocabulary
    assert not [part for part in (index.bm25, index.tfidf) if "berri" in part.vocabulary]
    assert len(index.dense.vectors) == len(before.dense.vectors) - 1
    for path in copy.rglob("*"):
        assert not path.is_file() or b"sour red berry" not in path.read_bytes(), path


def test_a_changed_passage_is_as_it_is_now(copy: Path) -> None:
    index, report = update_index(copy, add=[Passage("p-rice", "Long grains stay apart.", "Rice", (X + "rice",))])
    assert (report.added, report.changed) == (0, 1)
    place = index.corpus.place("p-rice")
    assert place is not None
    assert index.corpus.texts[place] == "Long grains stay apart."


def test_statements_come_and_go_with_their_nodes_and_names(copy: Path) -> None:
    add = graph_of(
        [(X + "harissa", X + "contains", X + "tomato"), (X + "harissa", LABEL, Literal("harissa", "", "en"))]
    )
    gone = graph_of(
        [(X + "heat1986", X + "setIn", X + "France"), (X + "heat1986", LABEL, Literal("Heat (1986 film)", "", "en"))]
    )
    index, report = update_index(copy, add=[NEW], graph_add=add, graph_remove=gone)
    assert (report.stated, report.removed, report.absent) == (2, 2, 0)
    harissa = index.graph.nodes.find(X + "harissa")
    assert [mention.node for mention in index.linker.link("with harissa")] == [harissa]
    assert index.graph.nodes.find(X + "heat1986") is None
    place = index.corpus.place("p-new")
    assert place is not None
    assert harissa in index.corpus.entities_of(place)


def test_an_entity_that_was_unknown_is_linked_when_it_comes(copy: Path) -> None:
    index, _ = update_index(copy, graph_add=graph_of([(X + "unknownThing", X + "cuts", X + "bread")]))
    place = index.corpus.place("p-knife")
    assert place is not None
    assert index.corpus.entities_of(place).tolist() == [index.graph.nodes.find(X + "unknownThing")]


def test_readers_keep_their_generation_and_can_move_on(copy: Path) -> None:
    reader = Index.load(copy)
    before = found(reader, Query("sumac"))
    assert reader.newest() is reader
    update_index(copy, delete=["p-sumac"])
    assert found(reader, Query("sumac")) == before
    assert found(reader.newest(), Query("sumac")) != before


def test_nothing_to_do_does_nothing(copy: Path) -> None:
    before = (copy / MANIFEST).read_bytes()
    update_index(copy)
    assert (copy / MANIFEST).read_bytes() == before


@pytest.mark.parametrize(
    ("add", "delete", "message"),
    [
        ([], ["p-sumak"], "did you mean 'p-sumac'"),
        ([NEW], ["p-new"], "either to add or to delete"),
        ([NEW, Passage("p-new", "again")], [], "'p-new' twice"),
        ([], [passage.id for passage in PASSAGES], "at least one passage"),
    ],
)
def test_mistakes_change_nothing(copy: Path, add: list[Passage], delete: list[str], message: str) -> None:
    before = sorted(copy.rglob("*"))
    with pytest.raises(DataError, match=message):
        update_index(copy, add=add, delete=delete)
    assert sorted(copy.rglob("*")) == before


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="ragmtl index"):
        update_index(tmp_path / "nowhere", add=[NEW])


names = st.sampled_from(["sumac", "bread", "tomato", "Spain", "harissa"])
entities = st.sets(names.map(lambda name: X + name), max_size=2).map(sorted).map(tuple)
texts = st.lists(st.sampled_from(["sumac", "Harissa", "bread", "red", "the", "peppers"]), min_size=1, max_size=6)
passages = st.tuples(
    st.sampled_from(["a", "b", "c", "p-sumac"]), texts.map(" ".join), st.sampled_from(["", "T"]), entities
)
iris = names.map(lambda name: X + name)
statements = st.sets(st.tuples(iris, st.sampled_from([X + "contains", LABEL]), names), max_size=3)
Drawn = tuple[str, str, str]


def stated_by(drawn: set[Drawn]) -> set[Statement]:
    """Triples between nodes, and labels."""
    return {(h, r, Literal(name, "", "en") if r == LABEL else X + name) for h, r, name in drawn}


edits = st.lists(
    st.tuples(st.lists(passages, max_size=2, unique_by=lambda row: row[0]), st.booleans(), statements, statements),
    min_size=1,
    max_size=4,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits)
def test_random_edits_give_what_building_anew_gives(
    index: Index,
    tmp_path: Path,
    edits: list[tuple[list[tuple[str, str, str, tuple[str, ...]]], bool, set[Drawn], set[Drawn]]],
) -> None:
    for name in ("copy", "anew"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    folder = Path(shutil.copytree(index.directory, tmp_path / "copy"))
    stated = stated_in(index.graph)
    held = {passage.id: passage for passage in PASSAGES}
    for rows, deletes, drawn, less_drawn in edits:
        add = [Passage(*row) for row in rows]
        more, less = stated_by(drawn), stated_by(less_drawn)
        delete = sorted(held.keys() - {passage.id for passage in add})[:1] if deletes and len(held) > 2 else []
        stated = (stated - less) | more
        held = {name: passage for name, passage in held.items() if name not in delete} | {p.id: p for p in add}
        updated, _ = update_index(
            folder,
            add=add,
            delete=delete,
            graph_add=graph_of(sorted(more, key=str)) if more else None,
            graph_remove=graph_of(sorted(less, key=str)) if less else None,
        )
    graph = graph_of(sorted(stated, key=str))
    anew = Index.build(graph, Corpus.of(list(held.values()), graph), HashingEncoder(), tmp_path / "anew")
    assert_same(updated, anew)


def stated_in(graph: KnowledgeGraph) -> set[Statement]:
    nodes, relations = list(graph.nodes), list(graph.relations)
    triples: set[Statement] = {
        (nodes[head], relations[relation], nodes[tail]) for head, relation, tail in map(graph.triple, range(len(graph)))
    }
    return triples | {
        (nodes[node], relations[relation], literal)
        for node in range(len(nodes))
        for relation, literal in graph.literals_of(node)
    }


EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}


def killed_at(step: int, folder: Path) -> bool:
    """Update in a child that dies at a step: the n-th time it changes a file of the index. Whether it died."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads, which the child does not use
        child = os.fork()
    if child == 0:
        left = [step]

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            reads = event == "open" and not int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if event in EVENTS and not reads and str(folder) in str(arguments[0]):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)

        sys.addaudithook(watch)
        code = 1
        try:
            add = graph_of([(X + "harissa", X + "contains", X + "tomato")])
            update_index(folder, add=[NEW], delete=["p-sumac"], graph_add=add)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_killed_at_any_step_the_index_is_the_old_or_the_new_one(index: Index, tmp_path: Path) -> None:
    Lexical.build(["warm"])
    seen: list[bool] = []
    step, died = 0, True
    while died:
        folder = Path(shutil.copytree(index.directory, tmp_path / f"step{step}"))
        died = killed_at(step, folder)
        opened = Index.load(folder)
        is_new = opened.corpus.place("p-new") is not None
        assert (
            is_new == (opened.corpus.place("p-sumac") is None) == (opened.graph.nodes.find(X + "harissa") is not None)
        )
        assert (opened.corpus.digest == index.corpus.digest) == (not is_new)
        Retriever(opened, EVERYTHING)(Query("harissa and sumac"))
        if step % 4 == 0:
            update_index(folder, delete=["p-rice"])
            opened = Index.load(folder)
            assert opened.corpus.place("p-rice") is None
            files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
            assert files == {*opened.manifest["files"], MANIFEST}
        shutil.rmtree(folder)
        seen.append(is_new)
        step += 1
    assert step > 20
    assert seen == sorted(seen), "old until it is published, new from then on"
    assert True in seen
