from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.subgraph import Subgraph
from ragmtl.kg.walks.walk import cut, k_hop, k_hops, pagerank, pageranks, shown_degrees

names = st.integers(0, 9).map("http://x/n{}".format)
relations = st.integers(0, 2).map("http://x/r{}".format)
statements = st.lists(st.tuples(names, relations, names), min_size=1, max_size=40)
cases = st.tuples(
    statements, st.lists(st.integers(0, 9), min_size=1, max_size=3), st.frozensets(st.integers(0, 2), max_size=2)
)
Case = tuple[list[tuple[str, str, str]], list[int], frozenset[int]]


def built(case: Case) -> tuple[KnowledgeGraph, list[int], frozenset[int]]:
    """A graph, some of its nodes, and some of its relations to hide."""
    triples, seeds, hide = case
    graph = KnowledgeGraph.from_triples(triples)
    relations_there = range(len(graph.relations))
    return graph, [seed % len(graph.nodes) for seed in seeds], frozenset(hide.intersection(relations_there))


def exact(graph: KnowledgeGraph, seeds: list[int], weights: list[float], hide: frozenset[int]) -> np.ndarray:
    """Personalised PageRank by solving the linear equations."""
    return solved(graph, np.bincount(seeds, weights, len(graph.nodes)) / sum(weights), hide)


def solved(graph: KnowledgeGraph, starts: np.ndarray, hide: frozenset[int]) -> np.ndarray:
    """The same for a distribution of the seeds, or for one in each column."""
    count = len(graph.nodes)
    shown = ~np.isin(graph.relation_ids, list(hide))
    ones = np.ones(int(shown.sum()))
    ways = sparse.coo_matrix((ones, (graph.heads[shown], graph.tails[shown])), (count, count))
    both = (ways + ways.T).toarray()
    lonely = both.sum(1) == 0
    both[lonely, lonely] = 1.0
    walk = both / both.sum(1, keepdims=True)
    return np.linalg.solve(np.eye(count) - 0.85 * walk.T, 0.15 * starts)


@settings(deadline=None)
@given(cases, st.lists(st.floats(0.1, 10), min_size=3, max_size=3))
def test_pagerank_is_the_solution_of_its_equations(case: Case, weights: list[float]) -> None:
    graph, seeds, hide = built(case)
    nodes, scores = pagerank(graph, seeds, weights[: len(seeds)], epsilon=1e-9, hide=hide)
    found = np.zeros(len(graph.nodes))
    found[nodes] = scores
    np.testing.assert_allclose(found, exact(graph, seeds, weights[: len(seeds)], hide), atol=1e-6)


@settings(deadline=None)
@given(cases)
def test_degrees_count_shown_edges_both_ways(case: Case) -> None:
    graph, seeds, hide = built(case)
    degrees = shown_degrees(graph, hide)
    left = [graph.triple(triple) for triple in range(len(graph)) if graph.triple(triple)[1] not in hide]
    ends = [end for head, _, tail in left for end in (head, tail)]
    assert degrees.tolist() == [ends.count(node) for node in range(len(graph.nodes))]


@settings(deadline=None)
@given(cases)
def test_pagerank_is_off_by_less_than_its_precision(case: Case) -> None:
    graph, seeds, hide = built(case)
    epsilon = 1e-2
    nodes, scores = pagerank(graph, seeds, [1.0] * len(seeds), epsilon=epsilon, hide=hide)
    missing = exact(graph, seeds, [1.0] * len(seeds), hide)
    missing[nodes] -= scores
    assert (np.abs(missing) <= epsilon * np.maximum(shown_degrees(graph, hide), 1) + 1e-6).all()


@settings(deadline=None)
@given(cases)
def test_pagerank_comes_best_first_and_each_node_once(case: Case) -> None:
    graph, seeds, hide = built(case)
    nodes, scores = pagerank(graph, seeds, [1.0] * len(seeds), hide=hide)
    assert nodes.dtype == np.int64
    assert scores.dtype == np.float32
    assert len(set(nodes.tolist())) == len(nodes)
    assert (np.diff(scores) <= 0).all()
    assert (scores > 0).all()
    assert 0 < scores.sum() <= 1 + 1e-5
    assert set(seeds) <= set(nodes.tolist())


def hub_graph(seed: int = 0, nodes: int = 3000, edges: int = 20_000) -> KnowledgeGraph:
    """A graph in which a few nodes have most of the edges, and a component of two nodes beside it."""
    generator = np.random.default_rng(seed)
    weights = 1 / np.arange(1, nodes + 1)
    heads = generator.choice(nodes, edges, p=weights / weights.sum())
    triples = [(f"a:{h}", "a:p", f"a:{t}") for h, t in zip(heads, generator.integers(0, nodes, edges), strict=True)]
    return KnowledgeGraph.from_triples([*triples, ("b:0", "a:p", "b:1")])


def test_few_edges_suffice_to_rank_as_the_exact_scores_do() -> None:
    graph = hub_graph()
    overlaps, seeds = [], range(0, 3000, 300)
    scores = solved(graph, np.eye(len(graph.nodes))[:, seeds], frozenset())
    for place, seed in enumerate(seeds):
        best = set(np.argsort(-scores[:, place])[:20].tolist())
        nodes, _ = pagerank(graph, [seed], [1.0], most=4000)
        overlaps.append(len(best & set(nodes[:20].tolist())) / 20)
    assert np.mean(overlaps) > 0.9  # .59 where what is left on hubs does not count


def test_what_is_left_stays_in_its_component() -> None:
    graph = hub_graph()
    apart = [int(node) for node in map(graph.nodes.find, ("b:0", "b:1")) if node is not None]
    nodes, scores = pagerank(graph, [apart[0]], [1.0], most=1)
    assert set(nodes.tolist()) <= set(apart)
    assert not set(apart) & set(pagerank(graph, [0], [1.0])[0].tolist())
    nodes, scores = pagerank(graph, [apart[0], 0], [3.0, 1.0], most=2000)
    assert scores[np.isin(nodes, apart)].sum() == pytest.approx(0.75, abs=0.01)
    assert scores.sum() <= 1 + 1e-5


@pytest.mark.parametrize("threads", [1, 3])
def test_many_questions_get_the_answers_of_single_ones(threads: int) -> None:
    graph = hub_graph()
    seeds = [[1, 2], [7], [], [2999, 5, 5]]
    for given_nodes, (nodes, scores) in zip(seeds, pageranks(graph, seeds, threads=threads), strict=True):
        alone = pagerank(graph, given_nodes, [1.0] * len(given_nodes))
        assert nodes.tolist() == alone[0].tolist()
        assert scores.tolist() == alone[1].tolist()
    for given_nodes, near in zip(seeds, k_hops(graph, seeds, hops=2, budget=20, threads=threads), strict=True):
        alone_near = k_hop(graph, given_nodes, hops=2, budget=20)
        assert near.nodes.tolist() == alone_near.nodes.tolist()
        assert near.triples.tolist() == alone_near.triples.tolist()


def test_a_graph_saved_and_opened_again_ranks_the_same(tmp_path: Path) -> None:
    graph = hub_graph()
    graph.save(tmp_path / "graph")
    opened = KnowledgeGraph.load(tmp_path / "graph")
    for one, other in zip(pagerank(graph, [3], [1.0]), pagerank(opened, [3], [1.0]), strict=True):
        assert (one == other).all()


def test_pagerank_counts_a_repeated_seed_twice() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:b", "a:p", "a:c")])
    twice, once = pagerank(graph, [0, 0, 2], [1.0, 1.0, 1.0]), pagerank(graph, [0, 2], [2.0, 1.0])
    assert (twice[0] == once[0]).all()
    assert (twice[1] == once[1]).all()


def test_pagerank_of_nothing_is_nothing() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")])
    for seeds, weights in (([], []), ([0], [0.0])):
        nodes, scores = pagerank(graph, seeds, weights)
        assert len(nodes) == len(scores) == 0


def test_a_seed_without_edges_keeps_everything() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:c", "a:q", Literal("1"))])
    nodes, scores = pagerank(graph, [2], [3.0])
    assert nodes.tolist() == [2]
    assert scores.tolist() == [1.0]


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, float("nan")]])
def test_pagerank_refuses_odd_weights(weights: list[float]) -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")])
    with pytest.raises(DataError, match="one weight of 0 or more for each of 2 seeds"):
        pagerank(graph, [0, 1], weights)


def everything(graph: KnowledgeGraph, seeds: list[int], budget: int, hide: frozenset[int]) -> list[Subgraph]:
    """The subgraphs of both walks."""
    nodes, scores = pagerank(graph, seeds, [1.0] * len(seeds), hide=hide)
    return [
        cut(graph, nodes, scores, seeds, budget=budget, hide=hide),
        k_hop(graph, seeds, hops=2, budget=budget, hide=hide),
    ]


@settings(deadline=None)
@given(cases, st.integers(0, 12))
def test_subgraphs_obey_their_laws(case: Case, budget: int) -> None:
    graph, seeds, hide = built(case)
    for subgraph in everything(graph, seeds, budget, hide):
        nodes = subgraph.nodes.tolist()
        assert len(nodes) == len(set(nodes)) <= budget
        kept = set(subgraph.nodes[subgraph.seeds].tolist())
        assert kept <= set(seeds)
        assert len(kept) == min(len(set(seeds)), budget)
        assert not set(subgraph.relations.tolist()) & hide
        for values in (subgraph.scores, subgraph.weights):
            assert ((values >= 0) & (values <= 1)).all()
            assert not len(values) or values.max() == 1.0
        assert (np.diff(subgraph.scores) <= 0).all()
        expected = [
            triple
            for triple in range(len(graph))
            if {graph.triple(triple)[0], graph.triple(triple)[2]} <= set(nodes) and graph.triple(triple)[1] not in hide
        ]
        assert subgraph.triples.tolist() == expected
        ends = subgraph.nodes[subgraph.heads], subgraph.relations, subgraph.nodes[subgraph.tails]
        rows = list(zip(*(column.tolist() for column in ends), strict=True))
        assert rows == [graph.triple(triple) for triple in expected]


@settings(deadline=None)
@given(cases, st.integers(1, 12))
def test_the_same_question_gets_the_same_subgraph(case: Case, budget: int) -> None:
    graph, seeds, hide = built(case)
    for one, other in zip(*(everything(graph, seeds, budget, hide) for _ in range(2)), strict=True):
        for name in set(Subgraph.__slots__) - {"graph"}:
            assert (getattr(one, name) == getattr(other, name)).all()


@settings(deadline=None)
@given(cases, st.integers(0, 3))
def test_k_hop_reaches_exactly_the_nodes_within_its_hops(case: Case, hops: int) -> None:
    graph, seeds, hide = built(case)
    distances = dict.fromkeys(seeds, 0)
    for hop in range(1, hops + 1):
        for triple in range(len(graph)):
            head, relation, tail = graph.triple(triple)
            for near, far in ((head, tail), (tail, head)):
                if relation not in hide and distances.get(near, hop) < hop:
                    distances.setdefault(far, hop)
    subgraph = k_hop(graph, seeds, hops=hops, budget=100, hide=hide)
    assert {*subgraph.nodes.tolist()} == {*distances}
    for node, score in zip(subgraph.nodes.tolist(), subgraph.scores.tolist(), strict=True):
        assert 0.5 ** (distances[node] + 1) < score <= 0.5 ** distances[node]


def test_a_cut_keeps_seeds_that_scored_nothing() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:c", "a:p", "a:d")])
    subgraph = cut(graph, np.array([0, 1]), np.array([0.5, 0.25]), [3], budget=2)
    assert subgraph.nodes.tolist() == [0, 3]
    assert subgraph.scores.tolist() == [1.0, 0.0]
    assert subgraph.seeds.tolist() == [False, True]


def test_triples_weigh_as_their_ends() -> None:
    graph = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:b", "a:p", "a:c")])
    subgraph = cut(graph, np.array([0, 1, 2]), np.array([4.0, 4.0, 1.0]), [0], budget=3)
    assert subgraph.weights.tolist() == [1.0, 0.5]


def test_a_hub_is_looked_at_from_its_other_side() -> None:
    graph = KnowledgeGraph.from_triples([("a:hub", "a:p", f"a:n{number:04}") for number in range(2000)])
    hub, node = graph.nodes.find("a:hub"), graph.nodes.find("a:n0005")
    assert hub is not None
    assert node is not None
    subgraph = cut(graph, np.array([hub, node]), np.array([1.0, 1.0]), [], budget=2)
    assert [graph.triple(triple) for triple in subgraph.triples.tolist()] == [(hub, 0, node)]


def test_some_edges_of_a_hub_stand_for_all() -> None:
    triples = [("a:hub", f"a:p{number % 4}", f"a:n{number:04}") for number in range(4000)]
    graph = KnowledgeGraph.from_triples([*triples, ("a:n0017", "a:p", "a:x"), ("a:x", "a:p", "a:hub")])
    hub = graph.nodes.find("a:hub")
    assert hub is not None
    some = k_hop(graph, [hub], hops=1, budget=64, spread=128)
    assert len(some.nodes) == 64
    assert len(set(some.relations.tolist())) == 4, "of each relation some"
    assert len(k_hop(graph, [hub], hops=1, budget=5000, spread=16).nodes) == len(graph.nodes), "as many as wanted"
    x = graph.nodes.find("a:x")
    assert x is not None
    near = k_hop(graph, [x], hops=2, budget=40)
    assert graph.nodes.find("a:n0017") in near.nodes[:3], "a hub takes no room from other neighbours"


def test_triples_among_hubs_are_all_found() -> None:
    ends = ("a:h0", "a:h1", "a:h2")
    many = [(hub, f"a:p{number % 3}", f"a:n{number:04}") for hub in ends for number in range(600)]
    back = [(f"a:n{number:04}", "a:q", hub) for hub in ends for number in range(600)]
    between = [(one, f"a:p{number}", other) for one in ends for other in ends for number in range(2)]
    graph = KnowledgeGraph.from_triples([*many, *back, *between])
    nodes = [node for name in (*ends, "a:n0003", "a:n0599") if (node := graph.nodes.find(name)) is not None]
    expected = [
        triple for triple in range(len(graph)) if {graph.triple(triple)[0], graph.triple(triple)[2]} <= set(nodes)
    ]
    assert len(expected) == len(between) + 12
    assert cut(graph, np.array(nodes), np.ones(5), [], budget=9).triples.tolist() == expected


@pytest.mark.parametrize(
    "ask",
    [
        lambda graph: pagerank(graph, [9], [1.0]),
        lambda graph: k_hop(graph, [-1], hops=1, budget=3),
        lambda graph: cut(graph, np.array([9]), np.array([1.0]), [], budget=3),
    ],
)
def test_foreign_nodes_are_refused(ask: Callable[[KnowledgeGraph], object]) -> None:
    with pytest.raises(DataError, match=r"node ids in \[0, 2\)"):
        ask(KnowledgeGraph.from_triples([("a:a", "a:p", "a:b")]))


LINE = KnowledgeGraph.from_triples([("a:a", "a:p", "a:b"), ("a:b", "a:q", "a:c")])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: pagerank(LINE, [0], [1.0], damping=1.0), "damping in"),
        (lambda: pagerank(LINE, [0], [1.0], epsilon=float("nan")), "epsilon of 0 or more"),
        (lambda: pagerank(LINE, [0], [1.0], hide={2}), r"to hide, in \[0, 2\), found 2"),
        (lambda: k_hop(LINE, [0], hops=1, budget=2, hide={-1}), "found -1"),
        (lambda: cut(LINE, np.array([0]), np.array([np.nan]), [], budget=2), "found .nan."),
    ],
)
def test_what_makes_no_sense_is_refused(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        ask()
