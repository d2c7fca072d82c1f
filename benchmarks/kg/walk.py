"""Neighbourhoods: how long PageRank and two hops take, how right they are, and whether that grows with the graph.

The natural graph is all of the lexicon; in the hub-heavy one heads are drawn by Zipf's law (the k-th node of n with a
chance of 1 / k). The exact scores are those of power iteration until the change is below 1e-9.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import networkx
import numpy as np
from scipy import sparse

from benchmarks.kg.row import Row, lexicon_file, row_of, timed
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.walks.terrain import _survey, terrain_of
from ragmtl.kg.walks.walk import MOST_EDGES, k_hop, pagerank, pageranks

DAMPING, BEST, RELATIONS, REPEATS = 0.85, 50, 8, 3
SIZES = (100_000, 1_000_000, 10_000_000)
SLOW = 2
"""How many seeds the slow peers are timed on."""


def rows(
    data: Path | None = None,
    *,
    lexicon: KnowledgeGraph | None = None,
    seeds: int = 50,
    sizes: Sequence[int] = SIZES,
    peers: bool = True,
) -> list[Row]:
    """All figures; those of the lexicon are left out where neither its folder nor its graph is given.

    Args:
        data: The folder that holds `lexicon/oewn.nt.gz`.
        lexicon: The graph of that file, where it was read before.
        seeds: How many nodes to start from, drawn from those that have an edge.
        sizes: Numbers of edges of the graphs that growth is measured on.
        peers: Whether to time networkx and scipy too.
    """
    found: list[Row] = []
    if lexicon is None and data is not None:
        lexicon = read_rdf(lexicon_file(data))
    if lexicon is not None:
        found += of_graph("lexicon", lexicon, seeds, peers=peers)
    for size in sizes:
        graph = hub_heavy(size // 10, size)
        if size == 1_000_000:
            found += of_graph("hub-heavy", graph, seeds, peers=peers)
        found += growth(graph, seeds)
    return found


def hub_heavy(nodes: int, edges: int, seed: int = 0) -> KnowledgeGraph:
    """A graph in which few nodes are the heads of most edges."""
    generator = np.random.default_rng(seed)
    chances = 1 / np.arange(1, nodes + 1)
    heads = generator.permutation(nodes)[generator.choice(nodes, edges, p=chances / chances.sum())]
    tails, relations = generator.integers(0, nodes, edges), generator.integers(0, RELATIONS, edges)
    names = [f"http://x/{node:09}" for node in range(nodes)]
    triples = [(name, f"http://x/r{place % RELATIONS}", name) for place, name in enumerate(names)]
    return KnowledgeGraph.from_triples(triples).with_triples(heads, relations, tails, merge=False)


def of_graph(name: str, graph: KnowledgeGraph, seeds: int, *, peers: bool) -> list[Row]:
    """PageRank and two hops on one graph, beside what others take for the same."""
    chosen = _seeds(graph, seeds)
    found = _pagerank_rows(name, graph, chosen)
    for budget in (32, 100):
        found += _timed(("2 hops", "one seed", f"k_hop, {budget} nodes"), _hops(graph, budget), chosen, data=name)
    if peers:
        ends = zip(graph.heads.tolist(), graph.tails.tolist(), strict=True)
        found += _peers(name, graph, chosen, ends)
    return found


def growth(graph: KnowledgeGraph, seeds: int) -> list[Row]:
    """What a query takes on a graph of this size, and the survey that each graph needs once."""
    chosen, size = _seeds(graph, seeds), f"{len(graph):.0e} edges".replace("e+0", "e")
    _, survey = timed(lambda: _survey(graph, frozenset()))
    walk = _timed(("growth", size, "PageRank"), _walk(graph), chosen, data="hub-heavy")
    hops = _timed(("growth", size, "2 hops, 100 nodes"), _hops(graph, 100), chosen, data="hub-heavy")
    return [*walk, *hops, row_of("growth", size, "survey, once", "seconds", survey, data="hub-heavy")]


def _pagerank_rows(name: str, graph: KnowledgeGraph, seeds: Sequence[int]) -> list[Row]:
    exact = [power_iteration(graph, seed) for seed in seeds]
    found = []
    for epsilon, most in ((1e-6, MOST_EDGES), (1e-6, 10_000), (2e-5, MOST_EDGES)):
        arm = "forward push" + ("" if (epsilon, most) == (1e-6, MOST_EDGES) else f", ε={epsilon}, {most} edges")
        found += _timed(("PageRank", "one seed", arm), _walk(graph, epsilon, most), seeds, data=name)
        best = [pagerank(graph, [seed], [1.0], epsilon=epsilon, most=most)[0][:BEST] for seed in seeds]
        overlaps = [len(np.intersect1d(one, _best(scores))) / BEST for one, scores in zip(best, exact, strict=True)]
        values = {"top_50_overlap": float(np.mean(overlaps)), "least_top_50_overlap": min(overlaps)}
        found += [row_of("PageRank", "one seed", arm, metric, value, data=name) for metric, value in values.items()]
    for threads in (1, 2):
        sets = [[seed] for seed in seeds]
        _, seconds = timed(lambda: pageranks(graph, sets, threads=threads), REPEATS)  # noqa: B023 -- called at once
        each = 1e3 * seconds / len(seeds)
        found.append(row_of("PageRank", "many seeds at once", f"threads {threads}", "ms_each", each, data=name))
    return found


def power_iteration(graph: KnowledgeGraph, seed: int, tolerance: float = 1e-9) -> np.ndarray:
    """The exact scores, by scipy; the matrix is made once per graph."""
    step, degrees = _matrix(graph)
    start = np.zeros(len(graph.nodes))
    start[seed] = 1.0
    scores = start
    while True:
        new = (1 - DAMPING) * start + DAMPING * (step @ (scores / np.maximum(degrees, 1)))
        if np.abs(new - scores).sum() < tolerance:
            return new
        scores = new


_MATRICES: dict[str, tuple[sparse.csr_array, np.ndarray]] = {}


def _matrix(graph: KnowledgeGraph) -> tuple[sparse.csr_array, np.ndarray]:
    if graph.digest not in _MATRICES:
        _MATRICES.clear()
        shape = len(graph.nodes), len(graph.nodes)
        edges = sparse.coo_array((np.ones(len(graph)), (graph.heads, graph.tails)), shape)
        both = (edges + edges.T).tocsr()
        _MATRICES[graph.digest] = both, both.sum(0)
    return _MATRICES[graph.digest]


def _peers(name: str, graph: KnowledgeGraph, seeds: Sequence[int], ends: Iterable[tuple[int, int]]) -> list[Row]:
    other, few = networkx.Graph(ends), seeds[:SLOW]

    def ball(seed: int) -> object:
        return networkx.single_source_shortest_path_length(other, seed, cutoff=2)

    return [
        *_timed(("PageRank", "one seed", "scipy power iteration, 1e-6"), _power(graph), few, data=name),
        *_timed(("PageRank", "one seed", "networkx, 1e-6"), _networkx(other), few, data=name),
        *_timed(("2 hops", "one seed", "networkx, all nodes"), ball, seeds, data=name),
    ]


def _walk(graph: KnowledgeGraph, epsilon: float = 1e-6, most: int = 15_000) -> Callable[[int], object]:
    return lambda seed: pagerank(graph, [seed], [1.0], epsilon=epsilon, most=most)


def _hops(graph: KnowledgeGraph, budget: int) -> Callable[[int], object]:
    return lambda seed: k_hop(graph, [seed], hops=2, budget=budget)


def _power(graph: KnowledgeGraph) -> Callable[[int], object]:
    return lambda seed: power_iteration(graph, seed, 1e-6)


def _networkx(other: networkx.Graph) -> Callable[[int], object]:
    return lambda seed: networkx.pagerank(other, DAMPING, personalization={seed: 1.0}, tol=1e-6 / len(other))


def _timed(named: tuple[str, str, str], ask: Callable[[int], object], seeds: Sequence[int], *, data: str) -> list[Row]:
    """The median over the seeds, each the best of some repeats, without the first call, which compiles."""
    ask(seeds[0])
    repeats = REPEATS if len(seeds) > SLOW else 1
    times = [1e3 * timed(partial(ask, seed), repeats)[1] for seed in seeds]
    highest = statistics.quantiles(times, n=20)[-1] if len(times) > SLOW else max(times)
    values = {"p50_ms": statistics.median(times), "p95_ms": highest}
    return [row_of(*named, metric, value, data=data) for metric, value in values.items()]


def _seeds(graph: KnowledgeGraph, count: int) -> list[int]:
    candidates = np.flatnonzero(terrain_of(graph).degrees)
    chosen = np.random.default_rng(0).choice(candidates, count, replace=False)
    return [int(node) for node in chosen]


def _best(scores: np.ndarray) -> np.ndarray:
    return np.lexsort((np.arange(len(scores)), -scores))[:BEST]
