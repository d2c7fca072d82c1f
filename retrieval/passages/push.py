"""Forward push over nodes and passages: the loops of `passage_walk`, compiled."""

from __future__ import annotations

import numpy as np

from ragmtl.kg.compiled import Edges, compiled, slot_in, table_for

_COARSEST = 1e-4
_RESIDUAL, _PUSHED = 0, 1


@compiled
def push(
    edges: tuple[Edges, Edges],
    shown: np.ndarray,
    links: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    widths: np.ndarray,
    seeds: tuple[np.ndarray, np.ndarray],
    limits: tuple[float, float, float, float],
) -> tuple[np.ndarray, np.ndarray]:
    """Spread the mass of the seeds; passages are the ids behind those of nodes.

    The bound on residuals is halved until it is fine enough, or all edges are walked.
    """
    damping, epsilon, left, about = limits
    starts, shares = seeds
    keys = table_for(min(int(left) + len(starts), len(widths)) + 1)
    state, slots, used = np.zeros((len(keys), 2)), np.empty(len(keys), np.int64), 0
    for place in range(len(starts)):
        slot = slot_in(keys, starts[place])
        keys[slot], slots[used], used = starts[place], slot, used + 1
        state[slot, _RESIDUAL] = shares[place]
    level = max(epsilon, _COARSEST)
    while True:
        used, left = _drain(edges, shown, links, widths, (keys, state, slots), (used, left), (damping, level, about))
        if level <= epsilon or left <= 0:
            break
        level = max(level / 2, epsilon)
    found, scores = np.empty(used, np.int64), np.empty(used)
    for place in range(used):
        found[place] = keys[slots[place]]
        scores[place] = state[slots[place], _PUSHED] + (1.0 - damping) * state[slots[place], _RESIDUAL]
    return found, scores


@compiled
def _drain(
    edges: tuple[Edges, Edges],
    shown: np.ndarray,
    links: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    widths: np.ndarray,
    touched: tuple[np.ndarray, np.ndarray, np.ndarray],
    counts: tuple[int, float],
    limits: tuple[float, float, float],
) -> tuple[int, float]:
    """Push until no residual is at the bound; gives how many slots are in use and how many edges are left to walk."""
    keys, state, slots = touched
    used, left = counts
    damping, level, about_times = limits
    nodes = len(edges[0][0]) - 1
    queue, start = [slot for slot in slots[:used] if state[slot, _RESIDUAL] >= level * widths[keys[slot]]], 0
    while start < len(queue):
        slot = queue[start]
        start += 1
        node, mass = keys[slot], state[slot, _RESIDUAL]
        width = widths[node]
        if mass <= 0.0 or mass < level * width or width > left:
            continue
        left -= width
        state[slot, _RESIDUAL] = 0.0
        state[slot, _PUSHED] += mass if width <= 0.0 else (1.0 - damping) * mass
        if width <= 0.0:
            continue
        share = damping * mass / width
        for other, times in _beside(edges, shown, links, (nodes, node), about_times):
            if widths[other] < 0.0:
                continue
            slot = slot_in(keys, other)
            if keys[slot] < 0:
                keys[slot], slots[used], used = other, slot, used + 1
            before, bound = state[slot, _RESIDUAL], level * widths[other]
            state[slot, _RESIDUAL] = before + share * times
            if before < bound <= before + share * times or before == 0.0 == bound:
                queue.append(slot)
    return used, left


@compiled
def _beside(
    edges: tuple[Edges, Edges],
    shown: np.ndarray,
    links: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    place_of: tuple[int, int],
    often: float,
) -> list[tuple[np.int64, float]]:
    """What is beside a node or a passage, and how often each is walked to."""
    mention_indptr, mentions, indptr, entities, about = links
    nodes, node = place_of
    found = [(np.int64(0), 1.0) for _ in range(0)]
    if node >= nodes:
        for place in range(indptr[node - nodes], indptr[node - nodes + 1]):
            found.append((np.int64(entities[place]), often if about[node - nodes] == entities[place] else 1.0))
        return found
    for pointers, neighbours, relations in edges:
        for place in range(pointers[node], pointers[node + 1]):
            if len(shown) == 0 or shown[relations[place]] != 0:
                found.append((np.int64(neighbours[place]), 1.0))
    for place in range(mention_indptr[node], mention_indptr[node + 1]):
        passage = np.int64(mentions[place])
        found.append((nodes + passage, often if about[passage] == node else 1.0))
    return found
