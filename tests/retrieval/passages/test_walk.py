from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.passages.walk import ABOUT, PassageWalk

X = "http://x/"


def exact(graph: KnowledgeGraph, corpus: Corpus, seed: int, damping: float, without: list[int]) -> np.ndarray:
    """PageRank of passages by iteration over the whole matrix."""
    nodes, size = len(graph.nodes), len(graph.nodes) + len(corpus)
    walk = np.zeros((size, size))
    for head, tail in zip(graph.heads, graph.tails, strict=True):
        walk[head, tail] += 1
        walk[tail, head] += 1
    for passage in set(range(len(corpus))) - set(without):
        for node in corpus.entities_of(passage):
            times = ABOUT if corpus.about[passage] == node else 1.0
            walk[nodes + passage, node] += times
            walk[node, nodes + passage] += times
    sums = walk.sum(axis=1, keepdims=True)
    walk = np.where(sums > 0, walk / np.where(sums > 0, sums, 1), np.eye(size))
    start = np.eye(size)[seed]
    scores = start
    for _ in range(300):
        scores = (1 - damping) * start + damping * scores @ walk
    return np.asarray(scores[nodes:])


def node(graph: KnowledgeGraph, name: str) -> int:
    found = graph.nodes.find(X + name)
    assert found is not None
    return found


@pytest.mark.parametrize("without", [[], [0, 3]])
@pytest.mark.parametrize("name", ["sumac", "Spain", "bread"])
def test_it_is_pagerank_with_passages_as_nodes(
    graph: KnowledgeGraph, corpus: Corpus, name: str, without: list[int]
) -> None:
    seeds = np.array([node(graph, name)])
    rank = PassageWalk(graph, corpus).rank
    passages, scores = rank(seeds, np.ones(1), epsilon=1e-9, most=10**6, without=np.array(without, np.int64))
    found = np.zeros(len(corpus))
    found[passages] = scores
    assert found == pytest.approx(exact(graph, corpus, int(seeds[0]), 0.85, without), abs=1e-5)
    assert not found[without].any()


def test_what_a_passage_is_about_counts_more(graph: KnowledgeGraph, corpus: Corpus) -> None:
    passages, scores = PassageWalk(graph, corpus).rank(np.array([node(graph, "sumac")]), np.ones(1))
    ids = [corpus.ids[int(passage)] for passage in passages[np.argsort(-scores)]]
    assert ids[:2] == ["p-sumac", "p-zaatar"]


def test_hidden_relations_are_not_walked(graph: KnowledgeGraph, corpus: Corpus) -> None:
    relations = [graph.relations.find(X + name) for name in ("contains", "typicalOf", "setIn")]
    hide = frozenset(relation for relation in relations if relation is not None)
    passages, _ = PassageWalk(graph, corpus).rank(np.array([node(graph, "rice")]), np.ones(1), hide=hide)
    assert [corpus.ids[int(passage)] for passage in passages] == ["p-rice"]


def test_an_excluded_passage_changes_the_rest_as_if_it_were_gone(graph: KnowledgeGraph, corpus: Corpus) -> None:
    bread = corpus.ids
    place = next(p for p in range(len(corpus)) if bread[p] == "p-bread")
    fewer = Corpus.of([corpus[p] for p in range(len(corpus)) if p != place], graph, link=False)
    owners = [p for p in range(len(corpus)) if p != place]
    indptr = np.concatenate(([0], np.cumsum([len(corpus.entities_of(p)) for p in owners])))
    fewer = fewer.with_links(indptr, np.concatenate([corpus.entities_of(p) for p in owners]))
    seeds = np.array([node(graph, "bread"), node(graph, "sumac")])
    without = np.array([place])
    passages, scores = PassageWalk(graph, corpus).rank(seeds, np.ones(2), epsilon=1e-9, without=without)
    others, values = PassageWalk(graph, fewer).rank(seeds, np.ones(2), epsilon=1e-9)
    about = {corpus.ids[int(p)]: s for p, s in zip(passages, scores, strict=True)}
    assert set(about) == {fewer.ids[int(p)] for p in others}
    assert "p-bread" not in about
    assert scores.sum() > 0
    assert values.sum() > 0


def test_nothing_leads_nowhere(graph: KnowledgeGraph, corpus: Corpus) -> None:
    passages, scores = PassageWalk(graph, corpus).rank(np.zeros(0, np.int64), np.zeros(0))
    assert len(passages) == len(scores) == 0
