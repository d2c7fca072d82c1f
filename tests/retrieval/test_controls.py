from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.controls import AT_RANDOM, NoRetrieval, RandomPassages, shuffle_graph, shuffle_links
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.hybrid import Retriever, Retrieves
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query

QUERIES = [Query(f"sumac and bread {i}", exclude=frozenset({"g3"})) for i in range(30)]


@pytest.fixture(scope="module")
def retriever(graph: KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    passages = [Passage(f"p{i}", "bread " + "crumb " * (i % 100), group=f"g{i % 7}") for i in range(400)]
    corpus = Corpus.of(passages, graph)
    return Retriever(Index.build(graph, corpus, HashingEncoder(), tmp_path_factory.mktemp("controls") / "index"))


def test_all_are_retrievers(retriever: Retriever) -> None:
    for each in (retriever, NoRetrieval(), RandomPassages(retriever, 0)):
        assert isinstance(each, Retrieves)


def test_no_retrieval_is_empty_and_says_so() -> None:
    (evidence,) = NoRetrieval().many([Query("sumac")])
    assert len(evidence.subgraph.nodes) == len(evidence.passages) == len(evidence.targets.nodes) == 0
    assert evidence.notes == ("retrieval is off",)


def test_random_passages_are_as_many_and_as_long_and_the_graph_part_stays(retriever: Retriever) -> None:
    corpus = retriever.index.corpus
    for real, drawn in zip(retriever.many(QUERIES), RandomPassages(retriever, 0).many(QUERIES), strict=True):
        assert len(drawn.passages) == len(real.passages) == 5
        assert len({p.passage for p in drawn.passages}) == 5
        assert [p.score for p in drawn.passages] == [p.score for p in real.passages]
        assert {p.reason for p in drawn.passages} == {AT_RANDOM}
        assert np.array_equal(drawn.subgraph.nodes, real.subgraph.nodes)
        for one, other in zip(real.passages, drawn.passages, strict=True):
            assert abs(len(corpus.texts[one.passage]) - len(corpus.texts[other.passage])) <= 6 * 6
            assert corpus.group(other.passage) != "g3"


def test_random_passages_depend_on_seed_and_query_only(retriever: Retriever) -> None:
    def drawn(seed: int, queries: list[Query]) -> list[list[int]]:
        return [[p.passage for p in each.passages] for each in RandomPassages(retriever, seed).many(queries)]

    assert drawn(0, QUERIES) == drawn(0, QUERIES[::-1])[::-1]
    assert drawn(0, QUERIES) != drawn(1, QUERIES)
    assert drawn(0, QUERIES[:1]) != drawn(0, QUERIES[1:2])
    assert [p.passage for p in RandomPassages(retriever, 0)(QUERIES[4]).passages] == drawn(0, QUERIES)[4]


def test_few_passages_are_enough(index: Index) -> None:
    evidence = RandomPassages(Retriever(index), 0)(Query("bread", exclude=frozenset({"spices"})))
    assert 0 < len(evidence.passages) <= len(index.corpus) - 2


def test_a_shuffled_graph_keeps_counts_and_names_and_nothing_else(graph: KnowledgeGraph) -> None:
    shuffled = shuffle_graph(graph, 0)
    assert len(shuffled) == len(graph)
    assert Counter(shuffled.relation_ids.tolist()) == Counter(graph.relation_ids.tolist())
    nodes = range(len(graph.nodes))
    assert [shuffled.degree(node) for node in nodes] == [graph.degree(node) for node in nodes]
    for relation in range(len(graph.relations)):
        for ends in ("heads", "tails"):
            of = [getattr(g, ends)[g.relation_ids == relation].tolist() for g in (graph, shuffled)]
            assert Counter(of[0]) == Counter(of[1])
    assert [shuffled.names(node) for node in nodes] == [graph.names(node) for node in nodes]
    assert shuffled.tails.tolist() != graph.tails.tolist()


def test_literals_are_shuffled_too(graph: KnowledgeGraph) -> None:
    sumac = graph.nodes.find("http://x/sumac")
    assert sumac is not None
    seasons = {shuffle_graph(graph, seed).describe(sumac) for seed in range(10)}
    assert seasons == {"sumac; season autumn", "sumac; season summer"}


def test_shuffles_depend_on_the_seed_only(graph: KnowledgeGraph, corpus: Corpus) -> None:
    assert shuffle_graph(graph, 3).digest == shuffle_graph(graph, 3).digest != shuffle_graph(graph, 4).digest
    assert shuffle_links(corpus, 3).digest == shuffle_links(corpus, 3).digest != shuffle_links(corpus, 4).digest


def test_shuffled_links_keep_the_counts_of_passages_and_nodes(corpus: Corpus) -> None:
    shuffled = shuffle_links(corpus, 0)
    assert np.array_equal(shuffled.indptr, corpus.indptr)
    assert Counter(shuffled.entities.tolist()) == Counter(corpus.entities.tolist())
    assert shuffled.entities.tolist() != corpus.entities.tolist()
    for passage in range(len(shuffled)):
        assert sorted(shuffled.entities_of(passage)) == shuffled.entities_of(passage).tolist()
