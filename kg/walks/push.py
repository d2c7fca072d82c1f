"""Forward push, for personalised PageRank: the loops, compiled.

Residual mass sits on nodes. A node whose residual is at least ε × its degree keeps `1 - damping` of it as score and
hands the rest to its neighbours, in the order of a queue; when every residual is below that bound, ε is halved, until
it is fine enough or enough edges were walked. What is left then sits on hubs, from where it would run all over the
graph. Where it would go from the largest few is known in advance for some steps (`kg.walks.terrain`); after these, and
for all other nodes at once, it counts as spread over all edges of the component alike, as a walk does in the long run:

    score = pushed + (1 - d) residual + Σ over h (largest), k ≤ K: (1 - d) dᵏ residual(h) step(h, k) + rate · degree

Without the last two terms hubs far away are missed, and those nearby stand too low: on 1.7 million edges of WordNet
they lift the overlap of the best 50 with the exact ones from .75 to .98, on graphs of hubs from .35 to .98.

Source of the push: Andersen, Chung, Lang, "Local graph partitioning using PageRank vectors", 2006 (its lazy walk is a
plain one here). The other terms are our own: p = (1 - d) r + d Wᵀp has the solution c · degree where r = c · degree.
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
    parts: tuple[np.ndarray, np.ndarray],
    hubs: tuple[np.ndarray, np.ndarray, np.ndarray],
    degrees: np.ndarray,
    seeds: np.ndarray,
    damping: float,
    least: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The nodes that were pushed or score at least so much, and their scores.

    Args:
        touched: Table, state and slots, as `push` gives them.
        parts: The component of each node; the sum of the degrees in each component.
        hubs: Nodes of high degree in order of their ids, which may score without having been touched; the largest of
            them; and for each hub, step and largest hub, which share of what starts at the latter is there then.
        degrees: Of each node.
        seeds: Where the walk started.
        damping: Share of the mass that walks on.
        least: The score from which on a node is told that was not pushed.
    """
    keys, state, slots = touched
    components, (big, largest, steps) = parts[0], hubs
    places = np.unique(components[seeds])  # the components that the walk is in
    known = _left_on(keys, state, largest)
    rates = _rates(touched, parts, places, (largest, known), (damping, steps.shape[1]))
    factors = _factors(known, steps.shape[1], damping)
    nodes, scores, used = np.empty(len(slots) + len(big), np.int64), np.empty(len(slots) + len(big)), 0
    smallest = degrees[big].min()
    for slot in slots:
        node = keys[slot]
        place = np.searchsorted(places, components[node]) if len(places) > 1 else 0
        score = state[slot, PUSHED] + (1.0 - damping) * state[slot, RESIDUAL] + rates[place] * state[slot, DEGREE]
        hub = np.searchsorted(big, node) if state[slot, DEGREE] >= smallest else len(big)
        if hub < len(big) and big[hub] == node:
            score += (factors * steps[hub]).sum()
        if state[slot, PUSHED] > 0.0 or score >= least:
            nodes[used], scores[used] = node, score
            used += 1
    for hub, node in enumerate(big):
        place = np.searchsorted(places, components[node])
        if place == len(places) or places[place] != components[node] or keys[slot_in(keys, node)] >= 0:
            continue
        score = rates[place] * degrees[node] + (factors * steps[hub]).sum()
        if score >= least:
            nodes[used], scores[used] = node, score
            used += 1
    return nodes[:used], scores[:used]


@compiled
def _left_on(keys: np.ndarray, state: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """The residual of each of the largest hubs."""
    left = np.zeros(len(largest))
    for place, node in enumerate(largest):
        slot = slot_in(keys, node)
        if keys[slot] >= 0:
            left[place] = state[slot, RESIDUAL]
    return left


@compiled
def _rates(
    touched: tuple[np.ndarray, np.ndarray, np.ndarray],
    parts: tuple[np.ndarray, np.ndarray],
    places: np.ndarray,
    known: tuple[np.ndarray, np.ndarray],
    limits: tuple[float, int],
) -> np.ndarray:
    """For each component what a degree of 1 gets of the residual whose way is not known, or no longer."""
    (keys, state, slots), (components, volumes), (damping, steps) = touched, parts, limits
    rates = np.zeros(len(places))
    for slot in slots:
        place = np.searchsorted(places, components[keys[slot]]) if len(places) > 1 else 0
        rates[place] += damping * state[slot, RESIDUAL]
    for node, left in zip(*known):  # noqa: B905 -- numba compiles no strict
        if left > 0.0:
            place = np.searchsorted(places, components[node])
            rates[place] -= (damping - damping ** (steps + 1)) * left
    for place in range(len(places)):
        rates[place] = max(rates[place], 0.0) / max(volumes[places[place]], 1)
    return rates


@compiled
def _factors(known: np.ndarray, steps: int, damping: float) -> np.ndarray:
    """How much each step from each of the largest hubs counts."""
    factors = np.empty((steps, len(known)), np.float32)
    for step in range(steps):
        factors[step] = (1.0 - damping) * damping ** (step + 1) * known
    return factors


@compiled
def steps_from(edges: tuple[Edges, Edges], shown: np.ndarray, degrees: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """One step of a walk from each of some distributions.

    `starts[node, walk]` is the chance to be at a node; so is the result. `starts` is written to: memory is dear here.
    """
    reached = np.empty_like(starts)
    for node in range(len(starts)):
        reached[node] = starts[node] * (degrees[node] == 0)
        starts[node] /= max(degrees[node], 1)
    all_shown = len(shown) == 0
    for node in range(len(starts)):
        for pointers, neighbours, relations in edges:
            for place in range(pointers[node], pointers[node + 1]):
                if all_shown or shown[relations[place]] == 1:
                    other = np.int64(neighbours[place])
                    for walk in range(starts.shape[1]):
                        reached[node, walk] += starts[other, walk]
    return reached
