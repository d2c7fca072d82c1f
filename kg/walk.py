"""From seeds to a neighbourhood: k hops, personalised PageRank, and the cut that fits a budget of nodes.

Personalised PageRank is the p that solves p = (1 - d) s + d Wᵀp, where s is the distribution of the seeds and W walks
from a node along any of its edges, forwards or backwards, with equal chance; a node without edges keeps its mass.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int, Int64

from ragmtl.errors import DataError
from ragmtl.kg.adjacency import Adjacency
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph

Nodes = Sequence[int] | Int[np.ndarray, " some"]
NOTHING: frozenset[int] = frozenset()


def pagerank(
    graph: KnowledgeGraph,
    seeds: Nodes,
    weights: Sequence[float] | Float[np.ndarray, " some"],
    *,
    damping: float = 0.85,
    epsilon: float = 1e-5,
    hide: Set[int] = NOTHING,
    degrees: Int64[np.ndarray, " nodes"] | None = None,
) -> tuple[Int64[np.ndarray, " reached"], Float32[np.ndarray, " reached"]]:
    """Personalised PageRank around seeds, by forward push.

    Args:
        graph: Where to walk.
        seeds: Node ids; the weights of one that comes twice are added.
        weights: How much each seed counts, 0 or more; only their proportions matter.
        damping: Chance to walk on, in [0, 1).
        epsilon: Precision: no node is off by more than about `epsilon` × its degree.
        hide: Ids of relations that must not be walked.
        degrees: What `shown_degrees(graph, hide)` gives, for those who walk often; counted where None.

    Returns:
        The nodes reached, best first (ties by id), and their scores, which sum to at most 1.

    Raises:
        DataError: A seed is no node of the graph, a weight is negative, or their numbers differ.
    """
    from ragmtl.kg.push import push

    starts, shares = _seed_shares(graph, seeds, weights)
    if not len(starts):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    counts = degrees if degrees is not None else shown_degrees(graph, hide)
    state = np.zeros((len(graph.nodes), 2))  # residual, score
    state[starts, 0] = shares
    shown = _shown(graph, hide).astype(np.uint8)
    reached = push(_arrays(graph.outgoing), _arrays(graph.incoming), shown, starts, counts, state, damping, epsilon)
    scores = state[reached, 1]
    order = np.lexsort((reached, -scores))
    return reached[order], scores[order].astype(np.float32)


def shown_degrees(graph: KnowledgeGraph, hide: Set[int] = NOTHING) -> Int64[np.ndarray, " nodes"]:
    """How many edges each node has, both ways, without those of hidden relations."""
    counts = np.diff(graph.outgoing.indptr) + np.diff(graph.incoming.indptr)
    if hide:
        hidden = ~_shown(graph, hide)[graph.relation_ids]
        for ends in (graph.heads, graph.tails):
            counts -= np.bincount(ends[hidden], minlength=len(counts))
    return counts


def k_hop(graph: KnowledgeGraph, seeds: Nodes, *, hops: int, budget: int, hide: Set[int] = NOTHING) -> Subgraph:
    """The nodes at most `hops` edges from the seeds, nearest first, within a budget of nodes.

    Each hop hands the mass of its nodes on to their new neighbours in equal shares; within a hop, nodes are ranked by
    what they got, ties by id. A node at hop h scores 2⁻ʰ (1 + share / largest share of the hop) / 2.

    Args:
        graph: Where to walk.
        seeds: Node ids; where there are more than the budget, the first ones are kept.
        hops: How many edges away to go, 0 or more.
        budget: The largest number of nodes, seeds counted.
        hide: Ids of relations that must not be walked or shown.

    Raises:
        DataError: A seed is no node of the graph.
    """
    starts = _unique(_checked(graph, seeds))[: max(budget, 0)]
    scores = np.zeros(len(graph.nodes), np.float32)
    scores[starts] = 1.0
    nodes, frontier, mass = starts, starts, np.ones(len(starts))
    shown = _shown(graph, hide)
    for hop in range(1, hops + 1):
        if len(nodes) >= budget or not len(frontier):
            break
        frontier, mass = _step(graph, frontier, mass, scores, shown)
        frontier, mass = frontier[: budget - len(nodes)], mass[: budget - len(nodes)]
        scores[frontier] = 0.5**hop * 0.5 * (1.0 + mass / mass.max(initial=1e-30))
        nodes = np.concatenate((nodes, frontier))
    return cut(graph, nodes, scores[nodes], starts, budget=budget, hide=hide)


def cut(
    graph: KnowledgeGraph,
    nodes: Int[np.ndarray, " nodes"],
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
        DataError: An id is no node of the graph.
    """
    starts = _unique(_checked(graph, seeds))
    given = _checked(graph, nodes)
    missing = starts[~np.isin(starts, given)]
    every = np.concatenate((given, missing))
    values = np.concatenate((np.asarray(scores, np.float64), np.zeros(len(missing))))
    is_seed = np.isin(every, starts)
    kept = np.lexsort((every, -values, ~is_seed))[: max(budget, 0)]
    kept = kept[np.lexsort((every[kept], ~is_seed[kept], -values[kept]))]
    return _among(graph, every[kept], _normalised(values[kept]), is_seed[kept], hide)


def _among(
    graph: KnowledgeGraph,
    nodes: Int64[np.ndarray, " nodes"],
    scores: Float64[np.ndarray, " nodes"],
    seeds: Bool[np.ndarray, " nodes"],
    hide: Set[int],
) -> Subgraph:
    triples = _triples_among(graph, nodes)
    triples = triples[_shown(graph, hide)[graph.relation_ids[triples]]]
    by_id = np.argsort(nodes)
    heads = by_id[np.searchsorted(nodes, graph.heads[triples], sorter=by_id)]
    tails = by_id[np.searchsorted(nodes, graph.tails[triples], sorter=by_id)]
    return Subgraph(
        nodes=nodes,
        scores=scores.astype(np.float32),
        seeds=seeds,
        triples=triples,
        heads=heads,
        tails=tails,
        relations=graph.relation_ids[triples].astype(np.int64),
        weights=_normalised(np.sqrt(scores[heads] * scores[tails])).astype(np.float32),
    )


def _triples_among(graph: KnowledgeGraph, nodes: Int64[np.ndarray, " nodes"]) -> Int64[np.ndarray, " triples"]:
    """Ids of the triples whose ends are both among the nodes, in order; looks along the direction with fewer edges."""
    sizes = [int((way.indptr[nodes + 1] - way.indptr[nodes]).sum()) for way in (graph.outgoing, graph.incoming)]
    way = graph.outgoing if sizes[0] <= sizes[1] else graph.incoming
    places, _ = way.rows(nodes)
    inside = np.isin(way.neighbours[places], nodes)
    return np.sort(way.triples[places[inside]].astype(np.int64))


def _step(
    graph: KnowledgeGraph,
    frontier: Int64[np.ndarray, " frontier"],
    mass: Float64[np.ndarray, " frontier"],
    scores: Float32[np.ndarray, " nodes"],
    shown: Bool[np.ndarray, " relations"],
) -> tuple[Int64[np.ndarray, " next"], Float64[np.ndarray, " next"]]:
    """The neighbours that have no score yet, best first, and the mass that each gets."""
    found = [_visible(way, frontier, shown) for way in (graph.outgoing, graph.incoming)]
    neighbours = np.concatenate([pair[0] for pair in found])
    owners = np.concatenate([pair[1] for pair in found])
    shares = (mass / np.maximum(np.bincount(owners, minlength=len(frontier)), 1))[owners]
    new = scores[neighbours] == 0
    nodes, places = np.unique(neighbours[new], return_inverse=True)
    sums = np.bincount(places, shares[new], minlength=len(nodes)).astype(np.float64)
    order = np.lexsort((nodes, -sums))
    return nodes[order], sums[order]


def _visible(
    way: Adjacency, nodes: Int64[np.ndarray, " nodes"], shown: Bool[np.ndarray, " relations"]
) -> tuple[Int64[np.ndarray, " edges"], Int64[np.ndarray, " edges"]]:
    places, owners = way.rows(nodes)
    keep = shown[way.relations[places]]
    return way.neighbours[places[keep]].astype(np.int64), owners[keep]


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
    ids = np.asarray(nodes, np.int64)
    if len(ids) and (ids.min() < 0 or ids.max() >= len(graph.nodes)):
        raise DataError(f"expected node ids in [0, {len(graph.nodes)}), found {ids.min()} to {ids.max()}")
    return ids


def _unique(ids: Int64[np.ndarray, " given"]) -> Int64[np.ndarray, " nodes"]:
    """Each id once, in the order given."""
    _, firsts = np.unique(ids, return_index=True)
    return ids[np.sort(firsts)]


def _shown(graph: KnowledgeGraph, hide: Set[int]) -> Bool[np.ndarray, " relations"]:
    shown = np.ones(len(graph.relations), np.bool_)
    shown[list(hide)] = False
    return shown


def _normalised(values: Float64[np.ndarray, " values"]) -> Float64[np.ndarray, " values"]:
    """Divided by the largest, so that it becomes 1; zeros stay."""
    largest = values.max(initial=0.0)
    return values / largest if largest > 0 else values


def _arrays(way: Adjacency) -> tuple[Int64[np.ndarray, " pointers"], Int[np.ndarray, " e"], Int[np.ndarray, " e"]]:
    return way.indptr, way.neighbours, way.relations
