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
def degree(out: Edges, into: Edges, shown: np.ndarray, degrees: np.ndarray, node: int) -> int:
    """How many shown edges a node has; counted once, then kept in `degrees` (plus one)."""
    if degrees[node] == 0:
        count = 1
        for pointers, _, relations in (out, into):
            for place in range(pointers[node], pointers[node + 1]):
                count += shown[relations[place]]
        degrees[node] = count
    return int(degrees[node] - 1)


@compiled
def push(
    out: Edges,
    into: Edges,
    shown: np.ndarray,
    seeds: np.ndarray,
    work: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    damping: float,
    epsilon: float,
) -> np.ndarray:
    """Spread the residual; gives the nodes that hold a score.

    Args:
        out: Edges by their heads.
        into: Edges by their tails.
        shown: 1 for relations that may be walked, else 0.
        seeds: Nodes with a residual, each once.
        work: (residual, score, degrees, waiting) with one number per node; changed in place. `degrees` and `waiting`
            begin as zeros.
        damping: Share of the mass that walks on.
        epsilon: The residual, per degree, that is left alone.
    """
    residual, score, degrees, waiting = work
    queue = [node for node in seeds]  # noqa: C416 -- numba compiles no list(array)
    scored = queue[:0]
    start = 0
    while start < len(queue):
        node = queue[start]
        start += 1
        waiting[node] = 0
        mass = residual[node]
        edges = degree(out, into, shown, degrees, node)
        if mass <= 0.0 or mass < epsilon * edges:
            continue
        if score[node] == 0.0:
            scored.append(node)
        residual[node] = 0.0
        score[node] += mass if edges == 0 else (1.0 - damping) * mass
        for pointers, neighbours, relations in (out, into):
            for place in range(pointers[node], pointers[node + 1]):
                neighbour = np.int64(neighbours[place])
                if shown[relations[place]] == 0:
                    continue
                residual[neighbour] += damping * mass / edges
                bound = epsilon * degree(out, into, shown, degrees, neighbour)
                if waiting[neighbour] == 0 and residual[neighbour] >= bound:
                    waiting[neighbour] = 1
                    queue.append(neighbour)
    return np.array(scored)
