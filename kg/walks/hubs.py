"""Nodes that are beside too much to tell anything, and the relations that lead there.

Two films share the class Film with every other film: a walk through it comes out among strangers. A node is a hub where
its triples are more than a share of the nodes of the graph; a relation is quiet where at least half of its triples end
in a hub. `pagerank(graph, seeds, weights, hide=quiet_relations(graph))` never walks through a class again.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, Integer

from ragmtl.kg.graph import KnowledgeGraph

SHARE = 0.01
"""A hub is beside more than one node in a hundred …"""
LEAST = 100
"""… and beside so many at least."""
_HALF = 0.5


def hub_nodes(graph: KnowledgeGraph, *, share: float = SHARE, least: int = LEAST) -> Int64[np.ndarray, " hubs"]:
    """Ids of the nodes with most triples, ascending: `least` or more, and more than a share of the number of nodes.

    Args:
        graph: Where to look.
        share: Of the nodes of the graph.
        least: Nodes with fewer triples are never hubs, however small the graph.
    """
    degrees = np.diff(graph.outgoing.indptr).astype(np.int64) + np.diff(graph.incoming.indptr)
    return np.flatnonzero(degrees >= max(least, share * len(graph.nodes)))


def quiet_relations(graph: KnowledgeGraph, *, share: float = SHARE, least: int = LEAST) -> frozenset[int]:
    """Ids of the relations of which half the triples or more end in a hub (rdf:type, part of speech, gender).

    The tail counts where it is a hub by this very relation: a person who is beside many films by `starring` makes that
    relation no worse than it is.

    Args:
        graph: Where to look.
        share: Of the nodes of the graph; see `hub_nodes`.
        least: See `hub_nodes`.
    """
    bound = float(max(least, share * len(graph.nodes)))
    order = np.argsort(graph.relation_ids, kind="stable")
    ends = np.cumsum(np.bincount(graph.relation_ids, minlength=len(graph.relations)))
    rows = np.split(order, ends[:-1])
    sides = (graph.heads, graph.tails)
    return frozenset(
        relation
        for relation, found in enumerate(rows)
        if len(found) >= bound and any(_crowded(side[found], bound) for side in sides)
    )


def _crowded(ends: Integer[np.ndarray, " triples"], bound: float) -> bool:
    """Whether half of the triples, or more, share their end with so many others."""
    _, counts = np.unique(ends, return_counts=True)
    return int(counts[counts >= bound].sum()) >= _HALF * len(ends)
