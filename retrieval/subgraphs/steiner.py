"""A tree that connects what a query is about: prize-collecting Steiner tree, by shortest paths and strong pruning.

    maximise  Σ prize(node) over the nodes of the tree - Σ cost(edge) over its edges

The prize of a node is its PageRank divided by the largest, a seed's is at least 1; an edge costs more beside hubs.
Seeds are connected where their Voronoi regions meet; the tree of shortest paths around what connects them is then
pruned exactly, from the leaves inwards.

Sources: Mehlhorn, "A faster approximation algorithm for the Steiner problem in graphs", 1988; Johnson, Minkoff and
Phillips, "The prize collecting Steiner tree problem: theory and practice", SODA 2000 (strong pruning).
"""

from __future__ import annotations

import heapq

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.kg.walks.terrain import terrain_of
from ragmtl.kg.walks.walk import cut
from ragmtl.retrieval.subgraphs.chosen import Chosen, part_of
from ragmtl.retrieval.subgraphs.seeds import Seeds

_AROUND = 8
"""The tree is searched among so many times more nodes than it may have."""

_COST = 0.05
"""What an edge between nodes of few edges costs, beside prizes up to 1."""

BETWEEN = "on the cheapest way between the query's entities"
BEYOND = "leads to a node near the query that is worth its way"


def steiner_tree(
    graph: KnowledgeGraph,
    seeds: Seeds,
    near: tuple[Int64[np.ndarray, " reached"], Float32[np.ndarray, " reached"]],
    *,
    budget: int,
    hide: frozenset[int] = frozenset(),
) -> Chosen:
    """The tree around seeds: what connects them, and the nodes that are worth their way.

    Args:
        graph: Where the tree is.
        seeds: What it connects, as far as they are connected nearby; the heaviest where there are more than fit.
        near: Nodes around the seeds and their scores, best first, as `pagerank` gives them.
        budget: The largest number of nodes.
        hide: Ids of relations that must not be used.
    """
    most, starts = _AROUND * budget, seeds.nodes[: max(budget, 0)]
    field = cut(graph, near[0][:most], near[1][:most], starts, budget=most, hide=hide)
    if not len(field.nodes) or budget < 1:
        return Chosen(Subgraph.empty())
    degrees = terrain_of(graph, hide).degrees[field.nodes]
    costs = _COST * (1.0 + np.log1p(degrees[field.heads]) + np.log1p(degrees[field.tails])) / 2
    terminals = _places(field, starts)
    prizes = np.maximum(field.scores.astype(np.float64), np.isin(np.arange(len(field.nodes)), terminals))
    between = _connected(field, costs, terminals)
    kept = _grown(field, costs, prizes, between, terminals, budget)
    return _shown(field, kept, between)


def _places(field: Subgraph, nodes: Int64[np.ndarray, " seeds"]) -> Int64[np.ndarray, " terminals"]:
    order = np.argsort(field.nodes)
    found = order[np.searchsorted(field.nodes, nodes, sorter=order).clip(max=len(order) - 1)]
    known: Int64[np.ndarray, " terminals"] = found[field.nodes[found] == nodes]
    return known


def _matrix(field: Subgraph, costs: Float64[np.ndarray, " triples"]) -> csr_array:
    """Costs both ways; of several triples between two nodes the cheapest counts."""
    heads, tails = np.concatenate((field.heads, field.tails)), np.concatenate((field.tails, field.heads))
    both = np.concatenate((costs, costs))
    order = np.lexsort((both, tails, heads))
    first = np.ones(len(order), np.bool_)
    first[1:] = (np.diff(heads[order]) != 0) | (np.diff(tails[order]) != 0)
    kept = order[first]
    kept = kept[heads[kept] != tails[kept]]
    return csr_array(coo_array((both[kept], (heads[kept], tails[kept])), (len(field.nodes), len(field.nodes))))


def _connected(
    field: Subgraph, costs: Float64[np.ndarray, " triples"], terminals: Int64[np.ndarray, " terminals"]
) -> frozenset[tuple[int, int]]:
    """Edges that connect the terminals: a spanning tree of the distances where their regions meet."""
    if len(terminals) < 2 or not len(costs):
        return frozenset()
    far, before, owner = dijkstra(_matrix(field, costs), indices=terminals, min_only=True, return_predecessors=True)
    heads, tails = field.heads, field.tails
    meet = np.flatnonzero((owner[heads] >= 0) & (owner[tails] >= 0) & (owner[heads] != owner[tails]))
    if not len(meet):
        return frozenset()
    length = far[heads[meet]] + costs[meet] + far[tails[meet]]
    pairs = np.sort(np.stack((owner[heads[meet]], owner[tails[meet]])), axis=0)
    best: dict[tuple[int, int], int] = {}
    for at in np.lexsort((meet, length)).tolist():
        best.setdefault((int(pairs[0, at]), int(pairs[1, at])), at)
    edges: set[tuple[int, int]] = set()
    for pair in _spanning({pair: float(length[at]) for pair, at in best.items()}, len(field.nodes)):
        head, tail = int(heads[meet[best[pair]]]), int(tails[meet[best[pair]]])
        edges |= {_edge(head, tail)} | _way(before, head) | _way(before, tail)
    return frozenset(edges)


def _spanning(lengths: dict[tuple[int, int], float], count: int) -> list[tuple[int, int]]:
    """The pairs of a minimum spanning tree of nodes in [0, count)."""
    rows, columns = zip(*lengths, strict=True)
    tree = minimum_spanning_tree(
        csr_array(coo_array((list(lengths.values()), (rows, columns)), (count, count)))
    ).tocoo()
    return list(zip(tree.row.tolist(), tree.col.tolist(), strict=True))


def _way(before: Int32[np.ndarray, " nodes"], node: int) -> set[tuple[int, int]]:
    edges = set()
    while before[node] >= 0:
        edges.add(_edge(node, int(before[node])))
        node = int(before[node])
    return edges


def _edge(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _grown(
    field: Subgraph,
    costs: Float64[np.ndarray, " triples"],
    prizes: Float64[np.ndarray, " nodes"],
    between: frozenset[tuple[int, int]],
    terminals: Int64[np.ndarray, " terminals"],
    budget: int,
) -> frozenset[tuple[int, int]]:
    """The tree of shortest paths around what connects the terminals, pruned, as far as it fits the budget."""
    core = np.array(sorted({*terminals.tolist(), *(node for edge in between for node in edge)}), np.int64)
    core = core[np.argsort(~np.isin(core, terminals), kind="stable")][:budget]
    inside = set(core.tolist())
    kept = {edge for edge in between if inside.issuperset(edge)}
    if not len(costs):
        return frozenset(kept)
    far, before, _ = dijkstra(_matrix(field, costs), indices=core, min_only=True, return_predecessors=True)
    worth = _pruned(far, before, prizes)
    return frozenset(kept | _best_first(worth, before, inside, budget))


def _pruned(
    far: Float64[np.ndarray, " nodes"], before: Int32[np.ndarray, " nodes"], prizes: Float64[np.ndarray, " nodes"]
) -> dict[int, float]:
    """By node: what the branch that begins with it is worth beyond its way; those worth nothing are left out."""
    net, worth = prizes.copy(), {}
    for node in np.argsort(-np.where(np.isfinite(far), far, -1.0), kind="stable").tolist():
        parent = int(before[node])
        if parent >= 0 and (gain := float(net[node] - (far[node] - far[parent]))) > 0:
            worth[node] = gain
            net[parent] += gain
    return worth


def _best_first(
    worth: dict[int, float], before: Int32[np.ndarray, " nodes"], inside: set[int], budget: int
) -> set[tuple[int, int]]:
    """Edges to the branches worth most, from the tree outwards, as long as nodes fit."""
    children: dict[int, list[int]] = {}
    for node in worth:
        children.setdefault(int(before[node]), []).append(node)
    heap = [(-worth[node], node) for parent in sorted(inside) for node in children.get(parent, ())]
    heapq.heapify(heap)
    edges: set[tuple[int, int]] = set()
    while heap and len(inside) < budget:
        _, node = heapq.heappop(heap)
        if node in inside:
            continue
        inside.add(node)
        edges.add(_edge(node, int(before[node])))
        for child in children.get(node, ()):
            heapq.heappush(heap, (-worth[child], child))
    return edges


def _shown(field: Subgraph, kept: frozenset[tuple[int, int]], between: frozenset[tuple[int, int]]) -> Chosen:
    ends = zip(field.heads.tolist(), field.tails.tolist(), strict=True)
    edges = [_edge(head, tail) for head, tail in ends]
    triples = np.array([place for place, edge in enumerate(edges) if edge in kept], np.int64)
    used = field.seeds.copy()
    used[field.heads[triples]] = used[field.tails[triples]] = True
    why = {int(field.triples[place]): BETWEEN if edges[place] in between else BEYOND for place in triples.tolist()}
    return Chosen(part_of(field, np.flatnonzero(used), triples), why)
