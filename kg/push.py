"""Forward push, for personalised PageRank: the loops, compiled.

Residual mass sits on nodes. A node whose residual is at least ε × its degree keeps `1 - damping` of it as score and
hands the rest to its neighbours, in the order of a queue; when every residual is below that bound, ε is halved, until
it is fine enough or enough edges were walked. What is left then, R in all, sits on hubs, from where it would run all
over the graph: it counts as spread over all edges of the component alike, which is what a walk does in the long run,

    score = pushed + (1 - damping) residual + damping R degree / Σ degree

Without the last term hubs far away are missed, and those nearby stand too low: on 1.7 million edges of WordNet it lifts
the overlap of the best 50 with the exact ones from .75 to .98, on graphs of hubs from .35 to .97, for the same work.

Source of the push: Andersen, Chung, Lang, "Local graph partitioning using PageRank vectors", 2006 (its lazy walk is a
plain one here). The term is our own: p = (1 - d) r + d Wᵀp has the solution c · degree for a residual of c · degree.
"""

from __future__ import annotations

import numpy as np

from ragmtl.kg.compiled import Edges, compiled, slot_in, table_for

RESIDUAL, PUSHED, DEGREE = 0, 1, 2
COARSEST = 1e-4


@compiled
def _touch(keys: np.ndarray, state: np.ndarray, slots: np.ndarray, used: int, new: tuple[int, int, int]) -> int:
    """Put a node, with its degree, into a free slot; gives how many slots are in use now."""
    slot, node, degree = new
    keys[slot], slots[used] = node, slot
    state[slot, RESIDUAL], state[slot, PUSHED], state[slot, DEGREE] = 0.0, 0.0, degree
    return used + 1


@compiled
def push(
    edges: tuple[Edges, Edges],
    shown: np.ndarray,
    seeds: np.ndarray,
    shares: np.ndarray,
    degrees: np.ndarray,
    damping: float,
    epsilon: float,
    most: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Spread the mass of the seeds.

    Args:
        edges: By their heads, and by their tails.
        shown: 1 for relations that may be walked, else 0; empty where all may.
        seeds: Nodes to start from, each once.
        shares: The mass of each, together 1.
        degrees: How many shown edges each node has.
        damping: Share of the mass that walks on.
        epsilon: The residual, per degree, that is left alone.
        most: How many edges to walk; nodes with more edges than are left are not walked from.

    Returns:
        A table of the nodes touched; residual, score and degree for each slot; the slots in use, in order; the last ε.
    """
    keys = table_for(min(most + len(seeds), len(degrees)) + 1)
    state, slots, used, left = np.empty((len(keys), 3)), np.empty(len(keys) // 2, np.int64), 0, most
    for seed, node in enumerate(seeds):
        used = _touch(keys, state, slots, used, (slot_in(keys, node), node, degrees[node]))
        state[slots[seed], RESIDUAL] = shares[seed]
    level = max(epsilon, COARSEST)
    while True:
        used, left = _drain(edges, shown, degrees, (keys, state, slots), (used, left), damping, level)
        if level <= epsilon or left <= 0:
            return keys, state, slots[:used], level
        level = max(level / 2, epsilon)


@compiled
def _drain(
    edges: tuple[Edges, Edges],
    shown: np.ndarray,
    degrees: np.ndarray,
    touched: tuple[np.ndarray, np.ndarray, np.ndarray],
    counts: tuple[int, int],
    damping: float,
    level: float,
) -> tuple[int, int]:
    """Push until no residual is at the bound; gives how many slots are in use and how many edges are left to walk."""
    keys, state, slots = touched
    used, left = counts
    all_shown = len(shown) == 0
    queue, start = [slot for slot in slots[:used] if state[slot, RESIDUAL] >= level * state[slot, DEGREE]], 0
    while start < len(queue):
        slot = queue[start]
        start += 1
        mass, degree = state[slot, RESIDUAL], state[slot, DEGREE]
        if mass <= 0.0 or mass < level * degree or degree > left:
            continue
        left -= int(degree)
        state[slot, RESIDUAL] = 0.0
        state[slot, PUSHED] += mass if degree == 0.0 else (1.0 - damping) * mass
        share, node = damping * mass / max(degree, 1.0), keys[slot]
        for pointers, neighbours, relations in edges:
            for place in range(pointers[node], pointers[node + 1]):
                if not all_shown and shown[relations[place]] == 0:
                    continue
                neighbour = np.int64(neighbours[place])
                slot = slot_in(keys, neighbour)
                if keys[slot] < 0:
                    used = _touch(keys, state, slots, used, (slot, neighbour, degrees[neighbour]))
                before, bound = state[slot, RESIDUAL], level * state[slot, DEGREE]
                state[slot, RESIDUAL] = before + share
                if before < bound <= before + share:  # in the queue while its residual is at the bound
                    queue.append(slot)
    return used, left


@compiled
def scores_of(
    touched: tuple[np.ndarray, np.ndarray, np.ndarray],
    components: np.ndarray,
    volumes: np.ndarray,
    hubs: np.ndarray,
    degrees: np.ndarray,
    seeds: np.ndarray,
    damping: float,
    least: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The nodes that were pushed or score at least so much, and their scores.

    Args:
        touched: Table, state and slots, as `push` gives them.
        components: Component of each node.
        volumes: Sum of the degrees in each component.
        hubs: Nodes of high degree, which may score without having been touched.
        degrees: Of each node.
        seeds: Where the walk started.
        damping: Share of the mass that walks on.
        least: The score from which on a node is told that was not pushed.
    """
    keys, state, slots = touched
    places = np.unique(components[seeds])  # the components that the walk is in
    rates = np.zeros(len(places))
    for slot in slots:
        place = np.searchsorted(places, components[keys[slot]]) if len(places) > 1 else 0
        rates[place] += state[slot, RESIDUAL]
    for place in range(len(places)):
        rates[place] *= damping / max(volumes[places[place]], 1)
    nodes, scores, used = np.empty(len(slots) + len(hubs), np.int64), np.empty(len(slots) + len(hubs)), 0
    for slot in slots:
        place = np.searchsorted(places, components[keys[slot]]) if len(places) > 1 else 0
        local = state[slot, PUSHED] + (1.0 - damping) * state[slot, RESIDUAL]
        score = local + rates[place] * state[slot, DEGREE]
        if state[slot, PUSHED] > 0.0 or score >= least:
            nodes[used], scores[used] = keys[slot], score
            used += 1
    for hub in hubs:
        place = np.searchsorted(places, components[hub])
        if place == len(places) or places[place] != components[hub] or keys[slot_in(keys, hub)] >= 0:
            continue
        if rates[place] * degrees[hub] >= least:
            nodes[used], scores[used] = hub, rates[place] * degrees[hub]
            used += 1
    return nodes[:used], scores[:used]
