"""Neighbourhoods: how long PageRank and two hops take, how right they are, and whether that grows with the graph.

`python -m benchmarks.kg.walk --data ../shared/data` prints the rows as JSON. The natural graph is all of the lexicon;
in the hub-heavy one heads are drawn by Zipf's law (the k-th node of n with a chance of 1 / k). The exact scores are
those of power iteration until the change is below 1e-9.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import networkx
import numpy as np
from scipy import sparse

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.walks.terrain import _survey, terrain_of
from ragmtl.kg.walks.walk import k_hop, pagerank, pageranks

DAMPING, BEST, RELATIONS, REPEATS = 0.85, 50, 8, 3
SIZES = (100_000, 1_000_000, 10_000_000)
SLOW = 2
"""How many seeds the slow peers are timed on."""

Row = dict[str, object]


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
        lexicon = read_rdf(data / "lexicon" / "oewn.nt.gz")
    if lexicon is not None:
        found += of_graph("natural (lexicon)", lexicon, seeds, peers=peers)
    for size in sizes:
        graph = hub_heavy(size // 10, size)
        if size == 1_000_000:
            found += of_graph("hub-heavy", graph, seeds, peers=peers)
        found.append(growth(graph, seeds))
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
    found += [_timed(name, graph, f"2 hops, {budget} nodes", _hops(graph, budget), chosen) for budget in (32, 100)]
    if peers:
        ends = zip(graph.heads.tolist(), graph.tails.tolist(), strict=True)
        found += _peers(name, graph, chosen, ends)
    return found


def growth(graph: KnowledgeGraph, seeds: int) -> Row:
    """What a query takes on a graph of this size."""
    chosen = _seeds(graph, seeds)
    began = time.perf_counter()
    _survey(graph, frozenset())
    survey = time.perf_counter() - began
    walk, hops = _timed("", graph, "", _walk(graph), chosen), _timed("", graph, "", _hops(graph, 100), chosen)
    times = {"pagerank_p50_ms": walk["p50_ms"], "two_hops_p50_ms": hops["p50_ms"], "survey_s": round(survey, 3)}
    return {"part": "walk", "graph": "hub-heavy", "what": "growth", "edges": len(graph), **times}


def _pagerank_rows(name: str, graph: KnowledgeGraph, seeds: Sequence[int]) -> list[Row]:
    exact = [power_iteration(graph, seed) for seed in seeds]
    found = []
    for epsilon, most in ((1e-6, 15_000), (1e-6, 10_000), (2e-5, 15_000)):
        row = _timed(name, graph, f"PageRank, ε={epsilon}, {most} edges", _walk(graph, epsilon, most), seeds)
        best = [pagerank(graph, [seed], [1.0], epsilon=epsilon, most=most)[0][:BEST] for seed in seeds]
        overlaps = [len(np.intersect1d(one, _best(scores))) / BEST for one, scores in zip(best, exact, strict=True)]
        found.append(row | {"overlap": round(float(np.mean(overlaps)), 4), "least_overlap": min(overlaps)})
    for threads in (1, 2):
        began = time.perf_counter()
        pageranks(graph, [[seed] for seed in seeds], threads=threads)
        each = 1e3 * (time.perf_counter() - began) / len(seeds)
        found.append(
            {**_head(name, graph), "what": f"PageRank, many at once, {threads} threads", "p50_ms": _round(each)}
        )
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
    found = [_timed(name, graph, "PageRank, scipy power iteration, 1e-6", _power(graph), seeds[:SLOW])]
    other = networkx.Graph(ends)
    found.append(_timed(name, graph, "PageRank, networkx, 1e-6", _networkx(other), seeds[:SLOW]))

    def ball(seed: int) -> object:
        return networkx.single_source_shortest_path_length(other, seed, cutoff=2)

    return [*found, _timed(name, graph, "2 hops, networkx, all nodes", ball, seeds)]


def _walk(graph: KnowledgeGraph, epsilon: float = 1e-6, most: int = 15_000) -> Callable[[int], object]:
    return lambda seed: pagerank(graph, [seed], [1.0], epsilon=epsilon, most=most)


def _hops(graph: KnowledgeGraph, budget: int) -> Callable[[int], object]:
    return lambda seed: k_hop(graph, [seed], hops=2, budget=budget)


def _power(graph: KnowledgeGraph) -> Callable[[int], object]:
    return lambda seed: power_iteration(graph, seed, 1e-6)


def _networkx(other: networkx.Graph) -> Callable[[int], object]:
    return lambda seed: networkx.pagerank(other, DAMPING, personalization={seed: 1.0}, tol=1e-6 / len(other))


def _timed(name: str, graph: KnowledgeGraph, what: str, ask: Callable[[int], object], seeds: Sequence[int]) -> Row:
    """The median over the seeds, each the best of some repeats, without the first call, which compiles."""
    ask(seeds[0])
    times = []
    for seed in seeds:
        repeats = []
        for _ in range(REPEATS if len(seeds) > SLOW else 1):
            began = time.perf_counter()
            ask(seed)
            repeats.append(time.perf_counter() - began)
        times.append(1e3 * min(repeats))
    highest = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    row = {"what": what, "p50_ms": _round(statistics.median(times)), "p95_ms": _round(highest)}
    return _head(name, graph) | row


def _head(name: str, graph: KnowledgeGraph) -> Row:
    return {"part": "walk", "graph": name, "edges": len(graph)}


def _seeds(graph: KnowledgeGraph, count: int) -> list[int]:
    candidates = np.flatnonzero(terrain_of(graph).degrees)
    chosen = np.random.default_rng(0).choice(candidates, count, replace=False)
    return [int(node) for node in chosen]


def _best(scores: np.ndarray) -> np.ndarray:
    return np.lexsort((np.arange(len(scores)), -scores))[:BEST]


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, help="folder of the shared data, for the lexicon")
    parser.add_argument("--lexicon", type=Path, help="folder of its saved graph (`ragmtl kg export --format graph`)")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--no-peers", action="store_true", help="do not time networkx and scipy")
    options = parser.parse_args()
    lexicon = KnowledgeGraph.load(options.lexicon) if options.lexicon else None
    for row in rows(options.data, lexicon=lexicon, seeds=options.seeds, peers=not options.no_peers):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
