"""A subgraph made of chosen triples, rather than of all triples among chosen nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float64, Int, Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A subgraph, and why each triple is in it, by the id of the triple in the graph."""

    subgraph: Subgraph
    why: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a scorer found.

    Attributes:
        subgraph: The triples.
        why: Why each is in it.
        nodes, scores: Nodes with scores, ends of routes first.
        certainty: How likely the routes are that the graph has, in [0, 1]: low where the likely ones lead nowhere.
    """

    subgraph: Subgraph
    why: Mapping[int, str]
    nodes: Int64[np.ndarray, " nodes"]
    scores: Float64[np.ndarray, " nodes"]
    certainty: float = 1.0


def subgraph_of(
    graph: KnowledgeGraph,
    triples: Int[np.ndarray, " triples"],
    scores: Float[np.ndarray, " triples"],
    seeds: Int[np.ndarray, " seeds"],
    *,
    nodes: Mapping[int, float] | None = None,
) -> Subgraph:
    """The subgraph of some triples; seeds that no triple touches are in it too.

    Args:
        graph: Where the triples are.
        triples: Ids of triples, each once; their order is kept.
        scores: How much each counts, 0 or more.
        seeds: Ids of nodes.
        nodes: How much nodes count, where that is more than the best of their triples.
    """
    ids = np.asarray(triples, np.int64)
    weights = _normalised(scores)
    heads, tails = graph.heads[ids].astype(np.int64), graph.tails[ids].astype(np.int64)
    every = np.unique(np.concatenate((heads, tails, np.asarray(seeds, np.int64))))
    worth = np.isin(every, seeds).astype(np.float64)
    for ends in (heads, tails):
        np.maximum.at(worth, np.searchsorted(every, ends), weights)
    if nodes:
        worth = np.maximum(worth, [nodes.get(node, 0.0) for node in every.tolist()])
    order = np.lexsort((every, -worth))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return Subgraph(
        nodes=every[order],
        scores=_normalised(worth[order]).astype(np.float32),
        seeds=np.isin(every[order], seeds),
        triples=ids,
        heads=places[np.searchsorted(every, heads)],
        tails=places[np.searchsorted(every, tails)],
        relations=graph.relation_ids[ids].astype(np.int64),
        weights=weights.astype(np.float32),
        graph=graph,
    )


def part_of(subgraph: Subgraph, nodes: Int64[np.ndarray, " nodes"], triples: Int64[np.ndarray, " triples"]) -> Subgraph:
    """The subgraph of some of its nodes and triples, given by their places; both ends of each triple must be kept."""
    places = np.full(len(subgraph.nodes), -1, np.int64)
    places[nodes] = np.arange(len(nodes))
    return Subgraph(
        nodes=subgraph.nodes[nodes],
        scores=subgraph.scores[nodes],
        seeds=subgraph.seeds[nodes],
        triples=subgraph.triples[triples],
        heads=places[subgraph.heads[triples]],
        tails=places[subgraph.tails[triples]],
        relations=subgraph.relations[triples],
        weights=subgraph.weights[triples],
        graph=subgraph.graph,
    )


def _normalised(values: Float[np.ndarray, " values"]) -> Float[np.ndarray, " values"]:
    largest = float(np.max(values, initial=0.0))
    return np.asarray(values, np.float64) / largest if largest > 0 else np.asarray(values, np.float64)
