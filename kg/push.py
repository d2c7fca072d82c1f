"""Forward push: the inner loop of personalised PageRank, compiled.

Source: Andersen, Chung, Lang, "Local graph partitioning using PageRank vectors", 2006 (its lazy walk is a plain one
here). Residual mass sits on nodes. A node whose residual is at least `epsilon` × its degree keeps `1 - damping` of it
as score and hands the rest to its neighbours, in the order of a queue, until every residual is below that bound.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

Edges = tuple[np.ndarray, np.ndarray, np.ndarray]
"""One direction of a graph: row pointers, neighbours, relations."""


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile, and keep the machine code on disk where some directory can be written; else for this process only."""
    function = inspect.unwrap(function)  # shape checks of tests cannot be compiled
    try:
        kernel: Callable[..., Any] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba found no directory for its cache
        kernel = numba.njit(nogil=True)(function)
    return kernel


@compiled
def push(
    out: Edges,
    into: Edges,
    shown: np.ndarray,
    seeds: np.ndarray,
    degrees: np.ndarray,
    state: np.ndarray,
    damping: float,
    epsilon: float,
) -> np.ndarray:
    """Spread the residual; gives the nodes that hold a score, in the order in which they got one.

    Args:
        out: Edges by their heads.
        into: Edges by their tails.
        shown: 1 for relations that may be walked, else 0.
        seeds: Nodes with a residual, each once.
        degrees: How many shown edges each node has.
        state: For each node its residual and its score; changed in place.
        damping: Share of the mass that walks on.
        epsilon: The residual, per degree, that is left alone.
    """
    queue = [node for node in seeds]  # noqa: C416 -- numba compiles no list(array)
    scored = queue[:0]
    start = 0
    while start < len(queue):
        node = queue[start]
        start += 1
        mass, edges = state[node, 0], degrees[node]
        if mass <= 0.0 or mass < epsilon * edges:
            continue
        if state[node, 1] == 0.0:
            scored.append(node)
        state[node, 0] = 0.0
        state[node, 1] += mass if edges == 0 else (1.0 - damping) * mass
        share = damping * mass / max(edges, 1)
        for pointers, neighbours, relations in (out, into):
            for place in range(pointers[node], pointers[node + 1]):
                if shown[relations[place]] == 0:
                    continue
                neighbour = np.uint64(neighbours[place])
                before = state[neighbour, 0]
                state[neighbour, 0] = before + share
                bound = epsilon * degrees[neighbour]
                if before < bound <= before + share:  # a node waits in the queue while its residual is at the bound
                    queue.append(np.int64(neighbour))
    return np.array(scored)
