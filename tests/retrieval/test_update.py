from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jaxtyping import Float32

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.encoder import CachedEncoder
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.encoders.vectors import keys_of, vectors_beside
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.generations import PARTS
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import MANIFEST, Index, files_in, place_of
from ragmtl.retrieval.linking.name_vectors import NameVectors
from ragmtl.retrieval.linking.titles import titles_graph
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.quality.questions import Question
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.routes.learning import learn_triples
from ragmtl.retrieval.routes.scorer import learned_folder
from ragmtl.retrieval.routes.training import RouteTraining
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights
from ragmtl.retrieval.update import add_names, update_index
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


def files_of(index: Index) -> dict[str, bytes]:
    """Every file of every part, by its place in the part."""
    return {
        f"{part}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for part in PARTS
        for folder in [place_of(part, index.directory, index.manifest)]
        for path in files_in(folder)
        if path.name != "terms.json" and path.parent.name != "graph"
    }


def assert_same_arrays(updated: Index, anew: Index) -> None:
    """All arrays are the same; a graph says besides how it was read, and its digest is compared."""
    assert updated.graph.digest == anew.graph.digest
    ours, theirs = files_of(updated), files_of(anew)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    for part in ("bm25", "tfidf"):
        assert dict(getattr(updated, part).vocabulary) == dict(getattr(anew, part).vocabulary)
    assert updated.manifest["dense"] == anew.manifest["dense"]


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


def test_vectors_beside_the_index_leave_no_trace_either(copy: Path) -> None:
    encoder = CachedEncoder(HashingEncoder(), vectors_beside(copy))
    index = Index.load(copy, encoder=encoder)
    twin = Passage("p-twin", *(getattr(index.corpus[0], name) for name in ("text", "title")))
    gone = [index.corpus.reading(place) for place in range(2)]
    encoder.encode(index.corpus.readings())
    update_index(copy, add=[twin], delete=list(index.corpus.ids)[:2])
    kept = b"".join(path.read_bytes() for path in vectors_beside(copy).rglob("*") if path.is_file())
    hashed = HashingEncoder().encode(gone)
    assert keys_of(gone[1:]).tobytes() not in kept
    assert hashed[1].tobytes() not in kept
    assert keys_of(gone[:1]).tobytes() in kept, "another passage has the same text"


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


def test_an_entity_is_deleted_with_all_that_is_said_of_it(copy: Path) -> None:
    index, report = update_index(copy, delete_entities=[X + "sumac"])
    assert report.removed == 5
    assert index.graph.nodes.find(X + "sumac") is None
    assert index.linker.link("sumac") == ()
    place = index.corpus.place("p-sumac")
    assert place is not None
    assert len(index.corpus.entities_of(place)) == 0
    with pytest.raises(DataError, match=r"to delete, found 'http://x/Levantt'; did you mean 'http://x/Levant'"):
        update_index(copy, delete_entities=[X + "Levantt"])


def test_passages_that_are_there_already_are_not_changed(copy: Path) -> None:
    encoder = Counting()
    before = (copy / MANIFEST).read_bytes()
    _, report = update_index(copy, add=PASSAGES, encoder=encoder)
    assert (report.unchanged, report.changed, report.added) == (len(PASSAGES), 0, 0)
    assert (copy / MANIFEST).read_bytes() == before
    _, report = update_index(copy, add=[*PASSAGES[1:], replace(PASSAGES[0], text="Other.")], encoder=encoder)
    assert (report.unchanged, report.changed) == (len(PASSAGES) - 1, 1)
    assert encoder.texts == ["Sumac. Other."]


def test_names_are_kept_up_to_date(copy: Path) -> None:
    add_names(copy)
    label = graph_of([(X + "aioli", LABEL, Literal("aioli", "", "en"))])
    index, _ = update_index(copy, graph_add=label, add=[NEW])
    names, anew = index.names(), NameVectors.build(index.graph, HashingEncoder())
    assert names is not None
    assert np.array_equal(names.nodes, anew.nodes)
    assert np.array_equal(names.dense.vectors, anew.dense.vectors)
    index, _ = update_index(copy, delete=["p-new"])
    assert index.has_names


def test_the_learned_scorer_beside_an_index_follows_a_changed_graph(copy: Path) -> None:
    index = Index.load(copy)
    questions = [Question(str(n), Query(f"where is {n} {name} typical"), answers=frozenset([node]))
                 for n, (name, place) in enumerate([("sumac", "Levant"), ("paella", "Spain"), ("romesco", "Spain")])
                 if (node := index.graph.nodes.find(X + place)) is not None]  # fmt: skip
    scorer, _ = learn_triples(index.graph, index.linker, questions, training=RouteTraining(epochs=3))
    scorer.save(learned_folder(copy))
    settings = RetrievalSettings(walk="learned")
    before = triples_of(Retriever(index, settings)(Query("where is sumac typical")), index)
    more = graph_of([(X + "aaa", X + "aaaBefore", X + "aab"), (X + "sumac", LABEL, Literal("sumach", "", "en"))])
    updated, _ = update_index(copy, graph_add=more)
    assert updated.graph.relations.find(X + "contains") != index.graph.relations.find(X + "contains")
    assert triples_of(Retriever(updated, settings)(Query("where is sumac typical")), updated) == before


def triples_of(evidence: Evidence, index: Index) -> list[tuple[str, str, str]]:
    names, relations = index.graph.nodes, index.graph.relations
    ids = map(index.graph.triple, evidence.subgraph.triples.tolist())
    return [(names[head], relations[relation], names[tail]) for head, relation, tail in ids]


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
    st.tuples(
        st.lists(passages, max_size=2, unique_by=lambda row: row[0]),
        st.booleans(),
        statements,
        statements,
        st.sets(iris, max_size=1),
    ),
    min_size=1,
    max_size=4,
)
Drawing = tuple[list[tuple[str, str, str, tuple[str, ...]]], bool, set[Drawn], set[Drawn], set[str]]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits)
def test_random_edits_give_what_building_anew_gives(
    index: Index,
    tmp_path: Path,
    edits: list[Drawing],
) -> None:
    for name in ("copy", "anew"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    folder = Path(shutil.copytree(index.directory, tmp_path / "copy"))
    stated = stated_in(index.graph)
    held = {passage.id: passage for passage in PASSAGES}
    for rows, deletes, drawn, less_drawn, entities in edits:
        add = [Passage(*row) for row in rows]
        more, less = stated_by(drawn), stated_by(less_drawn)
        delete = sorted(held.keys() - {passage.id for passage in add})[:1] if deletes and len(held) > 2 else []
        gone = {iri for iri in entities if iri in {end for triple in stated for end in (triple[0], triple[2])}}
        stated = {triple for triple in stated - less if not gone & {triple[0], triple[2]}} | more
        held = {name: passage for name, passage in held.items() if name not in delete} | {p.id: p for p in add}
        updated, _ = update_index(
            folder,
            add=add,
            delete=delete,
            graph_add=graph_of(sorted(more, key=str)) if more else None,
            graph_remove=graph_of(sorted(less, key=str)) if less else None,
            delete_entities=gone,
        )
    graph = graph_of(sorted(stated, key=str))
    anew = Index.build(graph, Corpus.of(list(held.values()), graph), HashingEncoder(), tmp_path / "anew")
    assert_same(updated, anew)
    assert_same_arrays(updated, anew)


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


TITLED = [
    Passage("1", "Ada Lovelace wrote of Babbage's Analytical Engine.", "Ada Lovelace"),
    Passage("2", "The Analytical Engine was never built.", "Analytical Engine"),
    Passage("3", "Charles Babbage drew the Analytical Engine.", "Charles Babbage"),
    Passage("4", "A loom weaves what its cards say.", "Jacquard Loom"),
]


def titled_index(passages: Sequence[Passage], folder: Path) -> Index:
    graph, linked = titles_graph(passages)
    return Index.build(graph, Corpus.of(linked, graph, link=False), HashingEncoder(), folder)


def test_titles_come_and_go_with_their_passages(tmp_path: Path) -> None:
    titled_index(TITLED, tmp_path / "index")
    more = Passage("5", "Luigi Menabrea wrote what Ada Lovelace translated.", "Luigi Menabrea")
    changed = replace(TITLED[3], text="Luigi Menabrea saw a loom.")
    updated, report = update_index(tmp_path / "index", add=[more, changed, TITLED[1]], delete=["3"])
    assert (report.added, report.changed, report.deleted, report.unchanged) == (1, 1, 1, 1)
    anew = titled_index([TITLED[0], TITLED[1], changed, more], tmp_path / "anew")
    assert_same(updated, anew)
    assert_same_arrays(updated, anew)
    for path in (tmp_path / "index").rglob("*"):
        assert not path.is_file() or b"Charles" not in path.read_bytes(), path
    evidence = Retriever(updated, RetrievalSettings(passages=3))(Query("Who was Luigi Menabrea?"))
    assert {"4", "5"} <= {updated.corpus.ids[scored.passage] for scored in evidence.passages}


def test_a_graph_of_titles_is_not_changed_by_hand(tmp_path: Path) -> None:
    titled_index(TITLED, tmp_path / "index")
    more = graph_of([(X + "a", X + "b", X + "c")])
    with pytest.raises(DataError, match="expected passages only"):
        update_index(tmp_path / "index", graph_add=more)
    with pytest.raises(DataError, match="expected passages only"):
        update_index(tmp_path / "index", delete_entities=["urn:ragmtl:title:Jacquard%20Loom"])
    with pytest.raises(DataError, match="expected titles"):
        update_index(tmp_path / "index", add=[Passage("5", "no title")], delete=["1", "2", "3", "4"])
    assert len(Index.load(tmp_path / "index").corpus) == 4
