from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.batch import Reading, Vectors
from ragmtl.read import (
    evidence_signals,
    item_table,
    known_nodes,
    neighbours,
    read_queries,
    segment_scale,
    used_nodes,
)
from ragmtl.retrieval.controls import NoRetrieval
from ragmtl.retrieval.encoders.encoder import load_encoder
from ragmtl.retrieval.evidence import Evidence, NodeScores, ScoredPassage
from ragmtl.retrieval.hybrid import RetrievalSettings, Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query

T = "https://tea.example/"


@pytest.fixture
def star() -> KnowledgeGraph:
    """A hub with 40 leaves, one of them hidden, and one that is well connected itself."""
    leaves = [(T + "hub", T + "has", f"{T}leaf{number:02}") for number in range(40)]
    others = [(T + "leaf00", T + "has", f"{T}far{number}") for number in range(9)]
    return KnowledgeGraph.from_triples(
        [*leaves, *others, (T + "secret", T + "states", T + "hub"), (T + "hub", T + "has", T + "hub")]
    )


def names(graph: KnowledgeGraph, nodes: np.ndarray) -> set[str]:
    return {graph.nodes[node].removeprefix(T) for node in nodes.tolist()}


def node_of(graph: KnowledgeGraph, name: str) -> int:
    node = graph.nodes.find(T + name)
    assert node is not None
    return node


def test_neighbours_are_few_and_telling(star: KnowledgeGraph) -> None:
    found = names(star, neighbours(star, node_of(star, "hub")))
    assert len(found) == 32
    assert "hub" not in found
    assert "leaf00" not in found, "the best connected comes last"


def test_hidden_relations_have_no_neighbours(star: KnowledgeGraph) -> None:
    relation = star.relations.find(T + "states")
    assert relation is not None
    for name, found in (("secret", {"hub"}), ("hub", {"secret"})):
        near = neighbours(star, node_of(star, name), frozenset(range(len(star.relations))) - {relation})
        assert names(star, near) == found
        assert not names(star, neighbours(star, node_of(star, name), frozenset({relation}))) & found


def reading(nodes: list[int], history: list[int], segments: np.ndarray | None = None) -> Reading:
    empty = Subgraph.empty()
    count = len(nodes)
    subgraph = Subgraph(
        np.array(nodes, empty.nodes.dtype),
        np.zeros(count, empty.scores.dtype),
        np.zeros(count, empty.seeds.dtype),
        empty.triples,
        empty.heads,
        empty.tails,
        empty.relations,
        empty.weights,
    )
    nothing = NodeScores(np.zeros(0, np.int64), np.zeros(0, np.float32))
    evidence = Evidence(Query(), subgraph, ("",) * count, (), (), nothing)
    vectors = np.zeros((0, 2), np.float32) if segments is None else segments
    return Reading(vectors, evidence, np.array(history, np.int64), {})


def test_all_nodes_that_are_read_are_used() -> None:
    assert used_nodes([reading([4, 1], [2])], [np.array([7, 1])]).tolist() == [1, 2, 4, 7]
    assert used_nodes([], []).tolist() == []


def test_the_scale_is_that_of_all_segments() -> None:
    first, second = np.array([[0.0, 2.0], [2.0, 2.0]], np.float32), np.array([[4.0, 2.0]], np.float32)
    mean, spread = segment_scale([reading([], [], first), reading([], []), reading([], [], second)])
    assert mean.tolist() == [2.0, 2.0]
    assert spread == pytest.approx([np.std([0, 2, 4]), 0])
    mean, spread = segment_scale([reading([], [])])
    assert (mean.tolist(), spread.tolist()) == ([0, 0], [1, 1])


def test_queries_are_read_in_order(index: Index) -> None:
    queries = [
        Query("One sentence. " * 60),
        Query(""),
        Query("short", history=(T + "sencha", "http://elsewhere/x", T + "matcha")),
    ]
    reader = load_encoder("hashing")
    found = read_queries(queries, Retriever(index, RetrievalSettings()), index, reader)
    assert [len(one.segments) > 1 for one in found] == [True, False, False]
    assert found[1].segments.shape == (0, reader.dim)
    assert found[2].history.tolist() == known_nodes(index.graph, [T + "sencha", T + "matcha"]).tolist()
    alone = read_queries(queries[2:], NoRetrieval(), index, reader)[0]
    assert alone.segments == pytest.approx(found[2].segments)
    assert alone.evidence is not None
    assert len(alone.evidence.passages) == len(alone.evidence.subgraph.nodes) == 0


def test_nothing_is_read_of_no_queries(index: Index) -> None:
    assert read_queries([], NoRetrieval(), index, load_encoder("hashing")) == []


def test_items_without_a_node_have_no_text() -> None:
    vectors = Vectors(np.array([[1.0, 1.0], [2.0, 2.0]], np.float32), np.array([0, 5]), np.zeros((0, 2), np.float32))
    alone = item_table(np.array([1, -1]), [True, False], vectors, None)
    assert alone.vectors.tolist() == [[2, 2], [0, 0]]
    assert alone.neighbours is None
    beside = item_table(np.array([1, -1]), [True, False], vectors, [np.array([0, 1]), np.zeros(0, np.int64)])
    assert beside.neighbours is not None
    assert beside.neighbours.tolist() == [[1.5, 1.5], [0, 0]]


def test_evidence_says_which_items_are_near() -> None:
    near = NodeScores(np.array([7, 9]), np.array([0.4, 0.1], np.float32))
    passages = (ScoredPassage(0, 1.0, {}, ""), ScoredPassage(1, 0.5, {}, ""))
    evidence = Evidence(Query(), Subgraph.empty(), (), passages, (), near)
    columns = np.full(10, -1)
    columns[[7, 8]] = [0, 1]  # node 9 is no item
    found = evidence_signals([evidence, None], columns, 2, lambda passage: np.array([[7], [7, 8, 9]][passage]))
    assert found[0, :, 0] == pytest.approx([1, 0])
    assert found[0, :, 1] == pytest.approx([1.5, 0.5])
    assert not found[1].any()
