from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.hybrid import NOTHING_LINKS, Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights

X = "http://x/"
QUERIES = [
    Query("a red berry such as sumac"),
    Query("", (X + "paella",)),
    Query("", (), (X + "fattoush", X + "romesco")),
    Query("a knife"),
    Query("tomatoes", hide=frozenset({X + "typicalOf"}), exclude=frozenset({"p-tomato"})),
    Query(),
]


@pytest.fixture(scope="module")
def retriever(index: Index) -> Retriever:
    targets = [index.graph.nodes.find(X + name) for name in ("zaatar", "fattoush", "paella", "romesco", "gazpacho")]
    return Retriever(index, RetrievalSettings(passages=3, nodes=6), np.array(targets))


def labels(retriever: Retriever, nodes: np.ndarray) -> list[str]:
    return [retriever.index.graph.label(int(node)) for node in nodes]


def ids(retriever: Retriever, evidence: Evidence) -> list[str]:
    return [retriever.index.corpus.ids[passage.passage] for passage in evidence.passages]


def assert_equal(one: Evidence, other: Evidence) -> None:
    assert (one.passages, one.reasons, one.notes, one.mentions) == (
        other.passages, other.reasons, other.notes, other.mentions,
    )  # fmt: skip
    for part in ("nodes", "scores", "seeds", "triples", "weights"):
        assert np.array_equal(getattr(one.subgraph, part), getattr(other.subgraph, part))
    assert np.array_equal(one.targets.nodes, other.targets.nodes)
    assert np.array_equal(one.targets.scores, other.targets.scores)


def test_text_is_linked_walked_from_and_searched(retriever: Retriever) -> None:
    evidence = retriever(QUERIES[0])
    assert labels(retriever, evidence.subgraph.nodes[:1]) == ["sumac"]
    assert evidence.subgraph.seeds.tolist() == [True] + [False] * (len(evidence.subgraph.nodes) - 1)
    assert len(evidence.reasons) == len(evidence.subgraph.nodes) <= 6
    assert evidence.reasons[0] == "named in the text as 'sumac'"
    assert ids(retriever, evidence)[0] == "p-sumac"
    assert evidence.passages[0].score == 1.0
    assert set(evidence.passages[0].sources) == {"bm25", "dense", "graph"}
    assert "speaks of sumac" in evidence.passages[0].reason
    assert evidence.notes == ()


def test_scores_fall_and_stay_within_bounds(retriever: Retriever) -> None:
    for evidence in retriever.many(QUERIES):
        scores = [passage.score for passage in evidence.passages]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score <= 1 for score in scores)
        assert len(scores) <= 3


def test_targets_are_those_the_walk_reached_seeds_among_them(retriever: Retriever) -> None:
    targets = retriever(QUERIES[2]).targets
    assert labels(retriever, targets.nodes[:2]) == ["romesco", "fattoush"]
    assert set(labels(retriever, targets.nodes)) == {"romesco", "fattoush", "za'atar", "paella", "gazpacho"}
    assert (np.diff(targets.scores) <= 0).all()
    assert targets.scores.sum() < 1


def test_without_targets_there_are_none_and_there_is_a_limit(index: Index, retriever: Retriever) -> None:
    assert len(Retriever(index)(QUERIES[2]).targets.nodes) == 0
    targets = np.arange(len(index.graph.nodes))
    few = Retriever(index, RetrievalSettings(targets=2), targets)(QUERIES[2]).targets
    assert labels(retriever, few.nodes) == ["romesco", "fattoush"]


def test_entities_alone_bring_passages_through_the_graph(retriever: Retriever) -> None:
    evidence = retriever(Query("", (X + "rice",)))
    assert ids(retriever, evidence)[0] == "p-rice"
    assert evidence.passages[0].sources.keys() == {"graph"}
    assert evidence.passages[0].reason == "speaks of rice"


def test_hidden_relations_are_neither_walked_nor_shown(retriever: Retriever) -> None:
    graph = retriever.index.graph
    hidden = graph.relations.find(X + "typicalOf")
    shown, without = retriever(Query("tomatoes")), retriever(Query("tomatoes", hide=frozenset({X + "typicalOf"})))
    assert hidden in shown.subgraph.relations
    assert hidden not in without.subgraph.relations
    assert "Spain" in labels(retriever, shown.subgraph.nodes)
    assert "Spain" not in labels(retriever, without.subgraph.nodes)


def test_excluded_groups_are_never_retrieved(retriever: Retriever) -> None:
    query = Query("sumac, smoked paprika, a sour red berry")
    assert {"p-sumac", "p-paprika"} <= set(ids(retriever, retriever(query)))
    evidence = retriever(Query(query.text, exclude=frozenset({"spices", "unknown group"})))
    assert evidence.passages
    assert not {"p-sumac", "p-paprika"} & set(ids(retriever, evidence))


def test_a_query_in_which_nothing_links_is_answered_from_text(retriever: Retriever) -> None:
    evidence = retriever(Query("a knife"))
    assert len(evidence.subgraph.nodes) == 0
    assert evidence.reasons == ()
    assert evidence.notes == (NOTHING_LINKS,)
    assert ids(retriever, evidence)[0] == "p-knife"


def test_an_empty_query_finds_nothing(retriever: Retriever) -> None:
    evidence = retriever(Query())
    assert evidence.passages == ()
    assert evidence.notes == (NOTHING_LINKS,)


def test_what_the_graph_lacks_is_told(retriever: Retriever) -> None:
    notes = retriever(Query("sumac", (X + "nope",), hide=frozenset({X + "noRelation"}))).notes
    assert notes == (
        f"1 of the given entities is not in the graph: {X}nope",
        f"the relation to hide is not in the graph: {X}noRelation",
    )


def test_one_by_one_and_together_are_the_same(retriever: Retriever) -> None:
    steps: list[tuple[int, int]] = []
    for query, evidence in zip(QUERIES, retriever.many(QUERIES, lambda *step: steps.append(step)), strict=True):
        assert evidence.query is query
        assert_equal(evidence, retriever(query))
    assert steps == [(done, len(QUERIES)) for done in range(1, len(QUERIES) + 1)]
    assert retriever.many([]) == []


def test_k_hop_stays_within_the_hops(index: Index, retriever: Retriever) -> None:
    near = Retriever(index, RetrievalSettings(walk="k-hop", hops=1, nodes=20), np.arange(len(index.graph.nodes)))
    evidence = near(Query("", (X + "sumac",)))
    assert set(labels(retriever, evidence.subgraph.nodes)) == {"sumac", "za'atar", "fattoush", "The Levant Coast"}
    assert set(evidence.targets.nodes.tolist()) == set(evidence.subgraph.nodes.tolist())


def test_a_source_of_weight_zero_is_not_asked(index: Index) -> None:
    weights = SourceWeights(bm25=0.0, tfidf=1.0, dense=0.0, graph=0.0)
    evidence = Retriever(index, RetrievalSettings(weights=weights))(Query("stale bread, sumac"))
    assert {name for passage in evidence.passages for name in passage.sources} == {"tfidf"}


def test_many_seeds_leave_room_for_what_they_share(retriever: Retriever) -> None:
    names = ("sumac", "zaatar", "fattoush", "paella", "romesco", "gazpacho", "ratatouille", "rice", "bread")
    subgraph = retriever(Query("", tuple(X + name for name in names))).subgraph
    assert len(subgraph.nodes) == 6
    assert subgraph.seeds.sum() == 3


def test_walks_stop_before_hubs_when_asked(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    typical = index.graph.relations.find(X + "typicalOf")
    assert typical is not None
    monkeypatch.setattr("ragmtl.retrieval.hybrid.quiet_relations", lambda graph: frozenset({typical}))
    query = Query("", (X + "paella",))
    for hubs, reached in (("pass", True), ("stop", False)):
        found = Retriever(index, RetrievalSettings(nodes=20, hubs=hubs))(query).subgraph  # type: ignore[arg-type]
        assert (typical in found.relations) is reached
        assert (index.graph.nodes.find(X + "gazpacho") in found.nodes) is reached
