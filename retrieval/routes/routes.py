"""Routes: what one reaches from a node along a sequence of relations, and how much each triple carries of it.

A code is 2 · relation for a step from head to tail, and 2 · relation + 1 for one from tail to head. A route is followed
with all its branches; the flow of a triple is the share of the walks from start to end that pass through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int, Int64, UInt8

from ragmtl.kg.adjacency import Adjacency
from ragmtl.kg.graph import KnowledgeGraph

MOST_EDGES = 20_000
"""How many edges of a frontier are looked at; of more, some that are evenly spaced."""


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Edges as steps: the code of each, the nodes it leads from and to, and its triple."""

    codes: Int64[np.ndarray, " edges"]
    sources: Int64[np.ndarray, " edges"]
    ends: Int64[np.ndarray, " edges"]
    triples: Int64[np.ndarray, " edges"]

    def along(self, code: int) -> Edges:
        """The edges of one code."""
        kept = self.codes == code
        return Edges(self.codes[kept], self.sources[kept], self.ends[kept], self.triples[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """What a route carries.

    Attributes:
        triples: Ids of its triples, each once.
        shares: Share of all walks that pass through each.
        steps: At which step each is first walked, from 0.
        ends: Where it ends.
        end_shares: Share of all walks that end at each.
    """

    triples: Int64[np.ndarray, " triples"]
    shares: Float64[np.ndarray, " triples"]
    steps: Int64[np.ndarray, " triples"]
    ends: Int64[np.ndarray, " ends"]
    end_shares: Float64[np.ndarray, " ends"]


def edges_from(
    graph: KnowledgeGraph,
    nodes: Int[np.ndarray, " nodes"],
    shown: UInt8[np.ndarray, " relations"],
    most: int = MOST_EDGES,
) -> Edges:
    """The edges that lead on from some nodes, both ways.

    Args:
        graph: Where they are.
        nodes: Ids, each once.
        shown: 1 for relations that may be walked; empty where all may.
        most: How many edges of each direction are looked at.
    """
    parts = [_one_way(way, nodes, backwards, most) for backwards, way in enumerate((graph.outgoing, graph.incoming))]
    codes, sources, ends, triples = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if len(shown):
        kept = shown[codes >> 1] > 0
        codes, sources, ends, triples = codes[kept], sources[kept], ends[kept], triples[kept]
    return Edges(codes, sources, ends, triples)


def follow(
    graph: KnowledgeGraph, start: int, codes: Sequence[int], shown: UInt8[np.ndarray, " relations"]
) -> list[Edges]:
    """The edges of each step of a route; as many steps as lead somewhere."""
    frontier, steps = np.array([start], np.int64), []
    for code in codes:
        edges = edges_from(graph, frontier, shown).along(code)
        if not len(edges.ends):
            break
        steps.append(edges)
        frontier = np.unique(edges.ends)
    return steps


def flow_of(steps: Sequence[Edges], start: int) -> Flow:
    """What a route carries, given its steps."""
    ends: Int64[np.ndarray, " _"] = np.array([start], np.int64)
    counts: Float64[np.ndarray, " _"] = np.ones(1)
    arriving = []
    for step in steps:
        arriving.append(counts[np.searchsorted(ends, step.sources)])
        ends, owners = np.unique(step.ends, return_inverse=True)
        counts = np.bincount(owners, arriving[-1], minlength=len(ends)).astype(np.float64)
    total = counts.sum()
    nodes = ends
    onwards: Float64[np.ndarray, " _"] = np.ones(len(ends))
    carried = []
    for step, came in zip(reversed(steps), reversed(arriving), strict=True):
        going = onwards[np.searchsorted(nodes, step.ends).clip(max=len(nodes) - 1)]
        going = np.where(np.isin(step.ends, nodes), going, 0.0)
        carried.append(came * going / total)
        nodes, owners = np.unique(step.sources, return_inverse=True)
        onwards = np.bincount(owners, going, minlength=len(nodes)).astype(np.float64)
    return _summed(steps, carried[::-1], ends, counts / total)


def _summed(
    steps: Sequence[Edges],
    carried: Sequence[Float64[np.ndarray, " _"]],
    ends: Int64[np.ndarray, " ends"],
    end_shares: Float64[np.ndarray, " ends"],
) -> Flow:
    triples = np.concatenate([step.triples for step in steps] or [np.zeros(0, np.int64)])
    each, firsts, owners = np.unique(triples, return_index=True, return_inverse=True)
    shares = np.bincount(owners, np.concatenate(carried or [np.zeros(0)]), minlength=len(each))
    places = np.repeat(np.arange(len(steps)), [len(step.triples) for step in steps])
    kept = shares > 0
    return Flow(each[kept], np.minimum(shares[kept], 1.0), places[firsts][kept], ends, end_shares)


def _one_way(
    way: Adjacency, nodes: Int[np.ndarray, " nodes"], backwards: int, most: int
) -> tuple[Int64[np.ndarray, " edges"], ...]:
    places, owners = way.rows(nodes)
    if len(places) > most:
        some = np.linspace(0, len(places) - 1, most).astype(np.int64)
        places, owners = places[some], owners[some]
    codes = 2 * way.relations[places].astype(np.int64) + backwards
    return (
        codes,
        nodes[owners].astype(np.int64),
        way.neighbours[places].astype(np.int64),
        way.triples[places].astype(np.int64),
    )
