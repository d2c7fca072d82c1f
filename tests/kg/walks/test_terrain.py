from __future__ import annotations

import gc
import weakref

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.terrain import HUBS, terrain_of

names = st.integers(0, 30).map("http://x/n{}".format)
relations = st.integers(0, 2).map("http://x/r{}".format)


@settings(deadline=None)
@given(st.lists(st.tuples(names, relations, names), min_size=1, max_size=25), st.sets(st.integers(0, 2), max_size=2))
def test_components_and_degrees_are_those_of_the_shown_edges(
    triples: list[tuple[str, str, str]], hide: set[int]
) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    hide = {relation for relation in hide if relation < len(graph.relations)}
    terrain = terrain_of(graph, hide)
    shown = ~np.isin(graph.relation_ids, list(hide))
    shape = (len(graph.nodes), len(graph.nodes))
    edges = sparse.coo_matrix((np.ones(int(shown.sum())), (graph.heads[shown], graph.tails[shown])), shape)
    count, expected = sparse.csgraph.connected_components(edges, directed=False)
    assert len(set(zip(terrain.components.tolist(), expected.tolist(), strict=True))) == count
    assert terrain.components.max() + 1 == count == len(terrain.volumes)
    degrees = edges.toarray().sum(0) + edges.toarray().sum(1)
    assert terrain.degrees.tolist() == degrees.tolist()
    for component, volume in enumerate(terrain.volumes.tolist()):
        assert volume == degrees[terrain.components == component].sum()
    assert sorted(terrain.hubs.tolist()) == list(range(len(graph.nodes)))


def test_hubs_are_the_nodes_of_highest_degree() -> None:
    triples = [(f"a:n{number:04}", "a:p", f"a:m{end:02}") for number in range(2000) for end in range(number % 7)]
    graph = KnowledgeGraph.from_triples(triples)
    terrain = terrain_of(graph)
    assert len(terrain.hubs) == HUBS
    others = np.setdiff1d(np.arange(len(graph.nodes)), terrain.hubs)
    assert terrain.degrees[terrain.hubs].min() >= terrain.degrees[others].max()


def test_steps_from_the_largest_hubs_are_those_of_a_walk() -> None:
    generator = np.random.default_rng(0)
    rows = [(f"a:{min(generator.geometric(0.02), 300)}", "a:p", f"a:{generator.integers(300)}") for _ in range(900)]
    graph = KnowledgeGraph.from_triples([*rows, ("a:x", "a:q", "a:1")])
    relation = graph.relations.find("a:q")
    assert relation is not None
    terrain = terrain_of(graph, {relation})
    walk = np.zeros((len(graph.nodes), len(graph.nodes)))
    for head, link, tail in map(graph.triple, range(len(graph))):
        walk[head, tail] += link != relation
        walk[tail, head] += link != relation
    degrees = walk.sum(1)
    assert terrain.degrees[terrain.largest].tolist() == sorted(degrees.tolist())[:-9:-1]
    walk[degrees == 0, degrees == 0] = 1.0
    walk /= walk.sum(1, keepdims=True)
    there = np.eye(len(walk))[terrain.largest]
    for step in range(terrain.steps.shape[1]):
        there = there @ walk
        np.testing.assert_allclose(terrain.steps[:, step].T, there[:, terrain.hubs], atol=1e-6)


def test_it_is_counted_once_and_forgotten_with_the_graph() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:a", "a:q", "a:c")])
    assert terrain_of(graph) is terrain_of(graph)
    assert terrain_of(graph, {1}) is terrain_of(graph, frozenset({1})) is not terrain_of(graph)
    gone = weakref.ref(graph)
    del graph
    gc.collect()
    assert gone() is None
