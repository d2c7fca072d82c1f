"""What a walk needs to know of a whole graph: degrees, components, hubs.

It is counted once per graph and set of hidden relations, and forgotten with the graph.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Int, Int32, Int64, UInt8

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.terms import frozen

HUBS = 512
_SETS_OF_HIDDEN = 16


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """A graph as a walk sees it.

    Attributes:
        shown: 1 for relations that may be walked, else 0; empty where all may.
        degrees: How many shown edges each node has, both ways.
        components: The component of each node; nodes are together that shown edges connect, whatever way they point.
        volumes: The sum of the degrees of each component.
        hubs: The nodes of the highest degree, ties by id.
    """

    shown: UInt8[np.ndarray, " relations"]
    degrees: Int32[np.ndarray, " nodes"]
    components: Int32[np.ndarray, " nodes"]
    volumes: Int64[np.ndarray, " components"]
    hubs: Int64[np.ndarray, " hubs"]


_KNOWN: WeakKeyDictionary[KnowledgeGraph, dict[frozenset[int], Terrain]] = WeakKeyDictionary()


def terrain_of(graph: KnowledgeGraph, hide: Set[int] = frozenset()) -> Terrain:
    """The terrain of a graph without the relations hidden; the last ones are kept."""
    known, hidden = _KNOWN.setdefault(graph, {}), frozenset(hide)
    found = known.get(hidden)
    if found is None:
        found = _survey(graph, hidden)
        for oldest in list(known)[: max(len(known) + 1 - _SETS_OF_HIDDEN, 0)]:
            known.pop(oldest, None)
        known[hidden] = found
    return found


def _survey(graph: KnowledgeGraph, hide: frozenset[int]) -> Terrain:
    from ragmtl.kg.connected import weakly_connected

    degrees = _degrees(graph, hide)
    components, count = weakly_connected(graph, hide)
    volumes = np.bincount(components, degrees, minlength=count).astype(np.int64)
    return Terrain(shown_relations(graph, hide), degrees, components, volumes, _hubs(degrees))


def shown_relations(graph: KnowledgeGraph, hide: Set[int]) -> UInt8[np.ndarray, " relations"]:
    """1 for each relation that is not hidden; empty where none is."""
    if not hide:
        return np.zeros(0, np.uint8)
    shown = np.ones(len(graph.relations), np.uint8)
    shown[list(hide)] = 0
    return shown


def _degrees(graph: KnowledgeGraph, hide: Set[int]) -> Int32[np.ndarray, " nodes"]:
    counts = np.diff(graph.outgoing.indptr) + np.diff(graph.incoming.indptr)
    if hide:
        hidden = shown_relations(graph, hide)[graph.relation_ids] == 0
        for ends in (graph.heads, graph.tails):
            counts -= np.bincount(ends[hidden], minlength=len(counts))
    return frozen(counts.astype(np.int32))


def _hubs(degrees: Int[np.ndarray, " nodes"]) -> Int64[np.ndarray, " hubs"]:
    least = np.partition(degrees, -HUBS)[-HUBS] if len(degrees) > HUBS else 0
    over = np.flatnonzero(degrees > least)
    level = np.flatnonzero(degrees == least)[: HUBS - len(over)]
    return np.concatenate((over, level)).astype(np.int64)
