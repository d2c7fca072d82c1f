"""From seeds to a neighbourhood: k hops, personalised PageRank, and the cut that fits a budget of nodes.

Personalised PageRank is the p that solves p = (1 - d) s + d Wᵀp, where s is the distribution of the seeds and W walks
from a node along any of its edges, forwards or backwards, with equal chance; a node without edges keeps its mass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32, Int64, Integer, UInt8

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.kg.walks.terrain import Terrain, edges_of, ids_of, shown_relations, terrain_of

Nodes = Sequence[int] | Integer[np.ndarray, " some"]
Ranked = tuple[Int64[np.ndarray, " reached"], Float32[np.ndarray, " reached"]]
Answer = TypeVar("Answer")
NOTHING: frozenset[int] = frozenset()
MOST_EDGES = 15_000
"""How many edges one PageRank walks: less than a millisecond."""
SPREAD = 256


def pagerank(
    graph: KnowledgeGraph,
    seeds: Nodes,
    weights: Sequence[float] | Float[np.ndarray, " some"],
    *,
    damping: float = 0.85,
    epsilon: float = 1e-6,
    most: int = MOST_EDGES,
    hide: Set[int] = NOTHING,
) -> Ranked:
    """Personalised PageRank around seeds, by forward push; what it takes does not grow with the graph.

    Args:
        graph: Where to walk. Its degrees and components are counted once and kept as long as it lives.
        seeds: Node ids; the weights of one that comes twice are added.
        weights: How much each seed counts, 0 or more; only their proportions matter.
        damping: Chance to walk on, in [0, 1).
        epsilon: Precision: no node is off by more than about `epsilon` × its degree, if `most` edges suffice for that.
        most: The most edges to walk. Scores get as precise as so many allow.
        hide: Ids of relations that must not be walked.

    Returns:
        The nodes reached, best first (ties by id), and their scores, which sum to at most 1.

    Raises:
        DataError: A seed is no node of the graph, a weight is negative, or their numbers differ; what is to be hidden
            is no relation; `damping` or `epsilon` is out of range.
    """
    if not 0 <= damping < 1 or not epsilon >= 0:
        raise DataError(f"expected damping in [0, 1) and epsilon of 0 or more, found {damping} and {epsilon}")
    starts, shares = _seed_shares(graph, seeds, weights)
    if not len(starts):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    return _pushed(graph, terrain_of(graph, hide), (starts, shares), (damping, epsilon, most))


def pageranks(
    graph: KnowledgeGraph,
    seeds: Sequence[Nodes],
    *,
    damping: float = 0.85,
    epsilon: float = 1e-6,
    most: int = MOST_EDGES,
    hide: Set[int] = NOTHING,
    threads: int = 1,
) -> list[Ranked]:
    """Personalised PageRank around each of several sets of seeds, whose seeds count alike; see `pagerank`.

    The answers are the same whatever the number of threads.
    """

    def one(nodes: Nodes) -> Ranked:
        return pagerank(graph, nodes, np.ones(len(nodes)), damping=damping, epsilon=epsilon, most=most, hide=hide)

    terrain_of(graph, hide)
    return _each(one, seeds, threads)


def shown_degrees(graph: KnowledgeGraph, hide: Set[int] = NOTHING) -> Int32[np.ndarray, " nodes"]:
    """How many edges each node has, both ways, without those of hidden relations."""
    return terrain_of(graph, hide).degrees


def k_hop(
    graph: KnowledgeGraph,
    seeds: Nodes,
    *,
    hops: int,
    budget: int,
    hide: Set[int] = NOTHING,
    spread: int = SPREAD,
) -> Subgraph:
    """The nodes at most `hops` edges from the seeds, nearest first, within a budget of nodes.

    Each hop hands the mass of its nodes on to their new neighbours in equal shares; within a hop, nodes are ranked by
    what they got, ties by id. A node at hop h scores 2⁻ʰ (1 + share / largest share of the hop) / 2.

    Args:
        graph: Where to walk.
        seeds: Node ids; where there are more than the budget, the first ones are kept.
        hops: How many edges away to go, 0 or more.
        budget: The largest number of nodes, seeds counted.
        hide: Ids of relations that must not be walked or shown.
        spread: How many edges of a node are looked at, but at least `budget`; of a hub with more, some that are evenly
            spaced over its row, so that what a search takes does not grow with the graph.

    Raises:
        DataError: A seed is no node of the graph.
    """
    from ragmtl.kg.walks.hops import neighbourhood

    room = min(max(budget, 0), len(graph.nodes))
    whole, shown = (edges_of(graph), ids_of(graph)), shown_relations(graph, hide)
    found = neighbourhood(whole, shown, _checked(graph, seeds), hops, room, max(spread, room))
    nodes, scores, is_seed, (triples, heads, tails, relations), weights = found
    return Subgraph(nodes, scores, is_seed, triples, heads, tails, relations, weights, graph)


def k_hops(
    graph: KnowledgeGraph,
    seeds: Sequence[Nodes],
    *,
    hops: int,
    budget: int,
    hide: Set[int] = NOTHING,
    spread: int = SPREAD,
    threads: int = 1,
) -> list[Subgraph]:
    """The neighbourhood of each of several sets of seeds; see `k_hop`. The same whatever the number of threads."""

    def one(nodes: Nodes) -> Subgraph:
        return k_hop(graph, nodes, hops=hops, budget=budget, hide=hide, spread=spread)

    return _each(one, seeds, threads)


def cut(
    graph: KnowledgeGraph,
    nodes: Integer[np.ndarray, " nodes"],
    scores: Float[np.ndarray, " nodes"],
    seeds: Nodes,
    *,
    budget: int,
    hide: Set[int] = NOTHING,
) -> Subgraph:
    """The best nodes within a budget, and all triples among them.

    Seeds go first, then the other nodes by score, ties by id; the result is ordered by score. A triple weighs
    √(score of head × score of tail), divided by the largest such weight.

    Args:
        graph: Where the triples are.
        nodes: Node ids, each once, such as `pagerank` gives them.
        scores: How much each counts, 0 or more.
        seeds: Node ids that are kept even where `nodes` has others that score more, or does not have them (score 0).
        budget: The largest number of nodes, seeds counted.
        hide: Ids of relations whose triples must not be shown.

    Raises:
        DataError: An id is no node of the graph, a score is negative, or their numbers differ.
    """
    if len(nodes) != len(scores) or not (np.asarray(scores) >= 0).all():
        raise DataError(f"expected one score of 0 or more for each of {len(nodes)} nodes, found {scores[:5].tolist()}")
    starts = _unique(_checked(graph, seeds))
    given = _checked(graph, nodes)
    missing = starts[~np.isin(starts, given)]
    every = np.concatenate((given, missing))
    values = np.concatenate((np.asarray(scores, np.float64), np.zeros(len(missing))))
    is_seed = np.isin(every, starts)
    kept = np.lexsort((every, -values, ~is_seed))[: max(budget, 0)]
    kept = kept[np.lexsort((every[kept], ~is_seed[kept], -values[kept]))]
    return _among(graph, every[kept], values[kept], is_seed[kept], shown_relations(graph, hide))


def _among(
    graph: KnowledgeGraph,
    nodes: Int64[np.ndarray, " nodes"],
    scores: Float64[np.ndarray, " nodes"],
    seeds: Bool[np.ndarray, " nodes"],
    shown: UInt8[np.ndarray, " relations"],
) -> Subgraph:
    from ragmtl.kg.walks.hops import among

    triples, heads, tails, relations = among(edges_of(graph), ids_of(graph), shown, nodes)
    values = _normalised(scores)
    return Subgraph(
        nodes=nodes,
        scores=values.astype(np.float32),
        seeds=seeds,
        triples=triples,
        heads=heads,
        tails=tails,
        relations=relations,
        weights=_normalised(np.sqrt(values[heads] * values[tails])).astype(np.float32),
        graph=graph,
    )


def _pushed(
    graph: KnowledgeGraph,
    terrain: Terrain,
    seeds: tuple[Int64[np.ndarray, " seeds"], Float64[np.ndarray, " seeds"]],
    limits: tuple[float, float, int],
) -> Ranked:
    from ragmtl.kg.walks.push import push, scores_of

    starts, shares = seeds
    damping, epsilon, most = limits
    edges, degrees = edges_of(graph), terrain.degrees
    *touched, level = push(edges, terrain.shown, starts, shares, degrees, damping, epsilon, most)
    parts, hubs = (terrain.components, terrain.volumes), (terrain.hubs, terrain.largest, terrain.steps)
    nodes, scores = scores_of(tuple(touched), parts, hubs, degrees, starts, damping, level)
    return _ranked(nodes, scores.astype(np.float32))


def _ranked(nodes: Int64[np.ndarray, " nodes"], scores: Float32[np.ndarray, " nodes"]) -> Ranked:
    """Best first, ties by id: as one sort, since the bits of floats from 0 on are in the order of the floats."""
    keys = ~scores.view(np.uint32).astype(np.uint64) << np.uint64(32) | nodes.astype(np.uint64)
    keys.sort()
    scores = (~(keys >> np.uint64(32))).astype(np.uint32).view(np.float32)
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64), scores


def _each(one: Callable[[Nodes], Answer], seeds: Sequence[Nodes], threads: int) -> list[Answer]:
    """One answer for each set of seeds, in order; loops that are compiled run beside each other."""
    if threads <= 1:
        return [one(nodes) for nodes in seeds]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, seeds))


def _seed_shares(
    graph: KnowledgeGraph, seeds: Nodes, weights: Sequence[float] | Float[np.ndarray, " some"]
) -> tuple[Int64[np.ndarray, " seeds"], Float64[np.ndarray, " seeds"]]:
    """Each seed once, and its share of the whole weight; seeds without weight are dropped."""
    ids, values = _checked(graph, seeds), np.asarray(weights, np.float64)
    if len(ids) != len(values) or not np.isfinite(values).all() or (values < 0).any():
        raise DataError(f"expected one weight of 0 or more for each of {len(ids)} seeds, found {values.tolist()[:5]}")
    starts, places = np.unique(ids, return_inverse=True)
    sums = np.bincount(places, values, minlength=len(starts)).astype(np.float64)
    starts, sums = starts[sums > 0], sums[sums > 0]
    return starts, sums / sums.sum() if len(sums) else sums


def _checked(graph: KnowledgeGraph, nodes: Nodes) -> Int64[np.ndarray, " nodes"]:
    given = np.asarray(nodes)
    if len(given) and given.dtype.kind not in "iu":
        raise DataError(f"expected node ids, which are integers, found {given.dtype}: {given[:3].tolist()}")
    ids = given.astype(np.int64, copy=False)
    if len(ids) and ids.view(np.uint64).max() >= len(graph.nodes):  # which is large for those below 0
        raise DataError(f"expected node ids in [0, {len(graph.nodes)}), found {ids.min()} to {ids.max()}")
    return ids


def _unique(ids: Int64[np.ndarray, " given"]) -> Int64[np.ndarray, " nodes"]:
    """Each id once, in the order given."""
    _, firsts = np.unique(ids, return_index=True)
    return ids[np.sort(firsts)]


def _normalised(values: Float64[np.ndarray, " values"]) -> Float64[np.ndarray, " values"]:
    """Divided by the largest, so that it becomes 1; zeros stay."""
    largest = values.max(initial=0.0)
    return values / largest if largest > 0 else values
