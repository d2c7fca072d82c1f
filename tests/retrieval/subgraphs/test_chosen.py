from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.subgraphs.chosen import part_of, subgraph_of
from tests.retrieval.conftest import TRIPLES, X

GRAPH = KnowledgeGraph.from_triples([(X + h, X + r, X + t) for h, r, t in TRIPLES])
triples = st.lists(st.integers(0, len(GRAPH) - 1), unique=True, max_size=8)


@given(triples, st.lists(st.integers(0, len(GRAPH.nodes) - 1), unique=True, max_size=3))
def test_it_holds_the_triples_their_ends_and_the_seeds(ids: list[int], seeds: list[int]) -> None:
    scores = np.arange(len(ids), 0, -1).astype(np.float64)
    subgraph = subgraph_of(GRAPH, np.array(ids, np.int64), scores, np.array(seeds, np.int64))
    ends = {end for triple in ids for end in (GRAPH.triple(triple)[0], GRAPH.triple(triple)[2])}
    assert set(subgraph.nodes.tolist()) == ends | set(seeds)
    assert subgraph.triples.tolist() == ids
    assert set(subgraph.nodes[subgraph.seeds].tolist()) == set(seeds)
    for place, triple in enumerate(ids):
        head, tail = subgraph.nodes[subgraph.heads[place]], subgraph.nodes[subgraph.tails[place]]
        assert (int(head), int(subgraph.relations[place]), int(tail)) == GRAPH.triple(triple)
    assert (np.diff(subgraph.scores) <= 0).all()
    if ids:
        assert subgraph.weights.max() == subgraph.scores.max() == 1.0


def test_a_node_counts_as_its_best_triple_or_as_what_is_said_of_it() -> None:
    head, _, tail = GRAPH.triple(0)
    other = GRAPH.triple(1)
    ids, scores, none = np.array([0, 1]), np.array([4.0, 1.0]), np.zeros(0, np.int64)
    plain = subgraph_of(GRAPH, ids, scores, none)
    worth = dict(zip(plain.nodes.tolist(), plain.scores.tolist(), strict=True))
    assert worth[head] == worth[tail] == 1.0
    lesser = next(end for end in (other[0], other[2]) if end not in (head, tail))
    assert worth[lesser] == 0.25
    told = subgraph_of(GRAPH, ids, scores, none, nodes={lesser: 2.0})
    assert told.nodes[0] == lesser


@given(triples.filter(lambda ids: len(ids) > 1), st.data())
def test_a_part_keeps_ends_scores_and_weights(ids: list[int], data: st.DataObject) -> None:
    scores = np.linspace(1, 0.5, len(ids))
    whole = subgraph_of(GRAPH, np.array(ids, np.int64), scores, np.zeros(0, np.int64))
    kept = np.array(sorted(data.draw(st.sets(st.integers(0, len(ids) - 1)))), np.int64)
    places = np.unique(np.concatenate([whole.heads[kept], whole.tails[kept]]))
    part = part_of(whole, places, kept)
    assert part.triples.tolist() == [ids[place] for place in kept]
    assert np.array_equal(part.nodes[part.heads], whole.nodes[whole.heads[kept]])
    assert np.array_equal(part.nodes[part.tails], whole.nodes[whole.tails[kept]])
    assert np.array_equal(part.weights, whole.weights[kept])
    assert np.array_equal(part.scores, whole.scores[places])
