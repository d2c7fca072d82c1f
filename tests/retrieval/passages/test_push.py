"""The compiled loops, against the sum over all walks that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from jaxtyping import Float64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.terms import frozen
from ragmtl.kg.walks.terrain import shown_relations
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.passages.push import push
from ragmtl.retrieval.passages.walk import ABOUT, PassageWalk

DAMPING = 0.85


def matrix(graph: KnowledgeGraph, corpus: Corpus, hide: frozenset[int] = frozenset()) -> Float64[np.ndarray, "n n"]:
    """How often one goes from each node or passage to each other."""
    nodes = len(graph.nodes)
    table = np.zeros((nodes + len(corpus),) * 2)
    for triple in range(len(graph)):
        head, relation, tail = graph.triple(triple)
        if relation not in hide:
            table[head, tail] += 1
            table[tail, head] += 1
    for passage in range(len(corpus)):
        for entity in corpus.entities_of(passage).tolist():
            times = ABOUT if corpus.about[passage] == entity else 1.0
            table[nodes + passage, entity] += times
            table[entity, nodes + passage] += times
    return table


def personalised(table: Float64[np.ndarray, "n n"], seeds: dict[int, float]) -> Float64[np.ndarray, " n"]:
    """(1 - d) Σ dⁿ · share of the mass after n steps; what cannot go on stays."""
    widths = table.sum(axis=1)
    steps = np.divide(table, widths[:, None], out=np.zeros_like(table), where=widths[:, None] > 0)
    mass, total = np.zeros(len(table)), np.zeros(len(table))
    mass[list(seeds)] = list(seeds.values())
    for _ in range(400):
        total += np.where(widths > 0, (1 - DAMPING) * mass, mass)
        mass = DAMPING * (mass @ steps)
    return total


def pushed(
    graph: KnowledgeGraph,
    corpus: Corpus,
    seeds: dict[int, float],
    hide: frozenset[int] = frozenset(),
    most: float = 1e9,
) -> dict[int, float]:
    sides = (graph.outgoing, graph.incoming)
    edges = tuple((frozen(way.indptr), frozen(way.neighbours), frozen(way.relations)) for way in sides)
    columns = (corpus.mention_indptr, corpus.mentions, corpus.indptr, corpus.entities, corpus.about)
    nodes, scores = push(
        edges,
        shown_relations(graph, hide),
        tuple(map(frozen, columns)),
        PassageWalk(graph, corpus)._widths(hide),
        (np.array(list(seeds), np.int64), np.array(list(seeds.values()))),
        (DAMPING, 1e-9, most, ABOUT),
    )
    return dict(zip(nodes.tolist(), scores.tolist(), strict=True))


@pytest.mark.parametrize("hidden", [False, True])
def test_pushed_mass_is_that_of_all_walks(graph: KnowledgeGraph, corpus: Corpus, *, hidden: bool) -> None:
    relation = graph.relations.find("http://x/typicalOf")
    assert relation is not None
    hide = frozenset([relation]) if hidden else frozenset[int]()
    seeds = {graph.nodes.find("http://x/sumac") or 0: 0.75, graph.nodes.find("http://x/rice") or 0: 0.25}
    expected = personalised(matrix(graph, corpus, hide), seeds)
    found = pushed(graph, corpus, seeds, hide)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-3)
    for place, score in enumerate(expected.tolist()):
        assert found.get(place, 0.0) == pytest.approx(score, abs=1e-4)


def test_little_work_finds_less_and_invents_nothing(graph: KnowledgeGraph, corpus: Corpus) -> None:
    seeds = {graph.nodes.find("http://x/sumac") or 0: 1.0}
    few, many = pushed(graph, corpus, seeds, most=12), pushed(graph, corpus, seeds)
    assert 0 < len(few) < len(many)
    assert sum(few.values()) <= 1.0 + 1e-9
    assert all(score >= 0 for score in few.values())


def test_a_seed_beside_nothing_keeps_all() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/r", "http://x/b")])
    from ragmtl.retrieval.corpus import Passage

    corpus = Corpus.of([Passage("p", "nothing")], graph, link=False)
    relation = frozenset([0])
    assert pushed(graph, corpus, {0: 1.0}, relation) == {0: 1.0}
