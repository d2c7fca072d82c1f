"""What a walk needs to know of a whole graph: degrees, components, hubs.

It is counted once per graph and set of hidden relations, and forgotten with the graph.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Float32, Int32, Int64, Integer, UInt8

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.terms import frozen

if TYPE_CHECKING:
    from ragmtl.kg.compiled import Edges

HUBS, LARGEST, STEPS = 1024, 8, 4
_SETS_OF_HIDDEN = 16


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """A graph as a walk sees it.

    Attributes:
        shown: 1 for relations that may be walked, else 0; empty where all may.
        degrees: How many shown edges each node has, both ways.
        components: The component of each node; nodes are together that shown edges connect, whatever way they point.
        volumes: The sum of the degrees of each component.
        hubs: The nodes of the highest degree, in order of their ids.
        largest: The few of them with the most edges, the most first.
        steps: For each hub, number of steps from 1 on, and largest hub: the chance to be at the former after so many
            steps from the latter.
    """

    shown: UInt8[np.ndarray, " relations"]
    degrees: Int32[np.ndarray, " nodes"]
    components: Int32[np.ndarray, " nodes"]
    volumes: Int64[np.ndarray, " components"]
    hubs: Int64[np.ndarray, " hubs"]
    largest: Int64[np.ndarray, " largest"]
    steps: Float32[np.ndarray, "hubs steps largest"]


_KNOWN: WeakKeyDictionary[KnowledgeGraph, dict[frozenset[int], Terrain]] = WeakKeyDictionary()
_BEYOND: WeakKeyDictionary[KnowledgeGraph, Int32[np.ndarray, " nodes"]] = WeakKeyDictionary()


def lead_beyond(graph: KnowledgeGraph, edges: Integer[np.ndarray, " nodes"]) -> None:
    """Say of a graph that was cut out of a larger one how many edges of each node lead out of it.

    Walks lose there what they would lose in the larger graph; else hubs, of which few edges are here, would hand on far
    too much. To be said before the first walk.
    """
    _BEYOND[graph] = frozen(edges.astype(np.int32))


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
    from ragmtl.kg.walks.connected import weakly_connected

    degrees, shown = _degrees(graph, hide), shown_relations(graph, hide)
    components, count = weakly_connected(graph, hide)
    volumes = np.bincount(components, degrees, minlength=count).astype(np.int64)
    order = _most(degrees, HUBS)
    hubs, largest = np.sort(order), order[:LARGEST]
    return Terrain(shown, degrees, components, volumes, hubs, largest, _steps(graph, shown, degrees, hubs, largest))


def _steps(
    graph: KnowledgeGraph,
    shown: UInt8[np.ndarray, " relations"],
    degrees: Int32[np.ndarray, " nodes"],
    hubs: Int64[np.ndarray, " hubs"],
    largest: Int64[np.ndarray, " largest"],
) -> Float32[np.ndarray, "hubs steps largest"]:
    from ragmtl.kg.walks.push import steps_from

    edges, there = edges_of(graph), np.zeros((len(degrees), len(largest)), np.float32)
    there[largest, np.arange(len(largest))] = 1.0
    found = np.empty((len(hubs), STEPS, len(largest)), np.float32)
    for step in range(STEPS):
        there = steps_from(edges, shown, degrees, there)
        found[:, step] = there[hubs]
    return frozen(found)


def edges_of(graph: KnowledgeGraph) -> tuple[Edges, Edges]:
    """Both directions, as compiled loops want them: all arrays of a kind of one type."""
    out, into = graph.outgoing, graph.incoming
    return (
        (frozen(out.indptr), frozen(out.neighbours), frozen(out.relations)),
        (frozen(into.indptr), frozen(into.neighbours), frozen(into.relations)),
    )


def ids_of(graph: KnowledgeGraph) -> tuple[Integer[np.ndarray, " triples"], Integer[np.ndarray, " triples"]]:
    """The triple of each edge, for both directions."""
    return frozen(graph.outgoing.triples), frozen(graph.incoming.triples)


def shown_relations(graph: KnowledgeGraph, hide: Set[int]) -> UInt8[np.ndarray, " relations"]:
    """1 for each relation that is not hidden; empty where none is.

    Raises:
        DataError: One that is to be hidden is no relation of the graph.
    """
    if not hide:
        return np.zeros(0, np.uint8)
    count = len(graph.relations)
    if wrong := [relation for relation in hide if not 0 <= relation < count]:
        raise DataError(f"expected ids of relations to hide, in [0, {count}), found {wrong[0]}")
    shown = np.ones(count, np.uint8)
    shown[list(hide)] = 0
    return shown


def _degrees(graph: KnowledgeGraph, hide: Set[int]) -> Int32[np.ndarray, " nodes"]:
    counts = np.diff(graph.outgoing.indptr).astype(np.int64) + np.diff(graph.incoming.indptr)
    if hide:
        hidden = shown_relations(graph, hide)[graph.relation_ids] == 0
        for ends in (graph.heads, graph.tails):
            counts -= np.bincount(ends[hidden], minlength=len(counts))
    if (beyond := _BEYOND.get(graph)) is not None:
        counts += beyond
    return frozen(counts.astype(np.int32))


def _most(degrees: Integer[np.ndarray, " nodes"], count: int) -> Int64[np.ndarray, " hubs"]:
    """The nodes of the highest degree, the highest first, ties by id."""
    least = np.partition(degrees, -count)[-count] if len(degrees) > count else 0
    over = np.flatnonzero(degrees > least)
    level = np.flatnonzero(degrees == least)[: count - len(over)]
    hubs = np.concatenate((over, level)).astype(np.int64)
    return hubs[np.lexsort((hubs, -degrees[hubs]))]
