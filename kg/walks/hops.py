"""The loops behind k-hop neighbourhoods, compiled: a breadth-first search within a budget, and the triples among nodes.

Neither looks at all edges of a hub: a search takes some of them, evenly spaced over its row, and whether a triple leads
from a hub to a node is looked up in its sorted row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ragmtl.kg.compiled import Edges, compiled, first_slot, length_for, slot_in, table_for

Triples = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""For each its id, the positions of its ends, and its relation."""

LONG_ROW = 256
TINY = 1e-200


@compiled
def neighbourhood(
    graph: tuple[tuple[Edges, Edges], tuple[np.ndarray, np.ndarray]],
    shown: np.ndarray,
    seeds: np.ndarray,
    hops: int,
    budget: int,
    spread: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Triples, np.ndarray]:
    """What `k_hop` gives: nodes, best first, their scores, which are seeds; the triples among them, and their weights.

    Args:
        graph: Edges by their heads, and by their tails; and the triple of each.
        shown: 1 for relations that may be walked and shown, else 0; empty where all may.
        seeds: Nodes, which may come twice.
        hops: How far to go.
        budget: The most nodes.
        spread: How many edges of a node are looked at.
    """
    starts = _first_ones(seeds, budget)
    nodes, scores = reach(graph[0], shown, starts, hops, budget, spread)
    _sort_ties(nodes, scores)
    triples = among(graph[0], graph[1], shown, nodes)
    return nodes, scores, np.arange(len(nodes)) < len(starts), triples, _weights(scores, triples)


@compiled
def _sort_ties(nodes: np.ndarray, scores: np.ndarray) -> Any:  # noqa: ANN401 -- None, to numba
    """Put nodes that stand together, as they score alike, in the order of their ids."""
    first, are_sorted = 0, True
    for place in range(1, len(nodes) + 1):
        if place == len(nodes) or scores[place] != scores[first]:
            if not are_sorted:
                nodes[first:place].sort()
            first, are_sorted = place, True
        else:
            are_sorted = are_sorted and nodes[place - 1] < nodes[place]


@compiled
def _first_ones(seeds: np.ndarray, most: int) -> np.ndarray:
    """Each node once, in the order given, and at most so many."""
    table, starts, used = table_for(len(seeds)), np.empty(len(seeds), np.int64), 0
    for node in seeds:
        slot = slot_in(table, node)
        if table[slot] < 0 and used < most:
            table[slot], starts[used] = node, node
            used += 1
    return starts[:used]


@compiled
def _weights(scores: np.ndarray, triples: Triples) -> np.ndarray:
    """√(score of head × score of tail), divided by the largest."""
    _, heads, tails, _ = triples
    products, largest, weights = np.empty(len(heads)), 0.0, np.empty(len(heads), np.float32)
    for place in range(len(heads)):
        products[place] = np.sqrt(np.float64(scores[heads[place]]) * np.float64(scores[tails[place]]))
        largest = max(largest, products[place])
    for place in range(len(heads)):
        weights[place] = products[place] / max(largest, 1e-300)
    return weights


@compiled
def reach(
    edges: tuple[Edges, Edges], shown: np.ndarray, starts: np.ndarray, hops: int, budget: int, spread: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nodes at most so many hops away, hop by hop, and their scores, the highest first.

    Args:
        edges: By their heads, and by their tails.
        shown: 1 for relations that may be walked, else 0; empty where all may.
        starts: Nodes, each once, at most the budget.
        hops: How far to go.
        budget: The most nodes.
        spread: How many edges of a node are looked at.
    """
    room = min(budget, len(edges[0][0]) - 1)
    nodes, scores = np.empty(room, np.int64), np.ones(room, np.float32)
    used = len(starts)
    nodes[:used] = starts
    first, masses = 0, np.ones(used)
    for hop in range(1, hops + 1):
        if used >= room or first == used:
            break
        found, sums = _handed_on(edges, shown, nodes[:used], masses, spread)
        first, masses = used, _best(found, sums, nodes[used:])
        used += len(masses)
        for place in range(first, used):
            scores[place] = 0.5**hop * 0.5 * (1.0 + masses[place - first] / masses[0])
        if used > first and masses[0] < TINY:  # only their proportions matter; far away they would become 0
            masses /= masses[0]
    return nodes[:used], scores[:used]


@compiled
def _handed_on(
    edges: tuple[Edges, Edges], shown: np.ndarray, kept: np.ndarray, masses: np.ndarray, spread: int
) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours that are not kept yet, and the mass that each gets from the last ones that are.

    The edges of a hub that are looked at are number ⌊i · degree / looks⌋ of its row, for i = 0, 1, …: counted up by
    the quotient, and by one more where the remainders make a whole. Nodes are found again by their places, kept ones
    before new ones, in a table that fits into the processor's first cache.
    """
    (out_rows, out_ends, out_links), (in_rows, in_ends, in_links) = edges
    frontier, total, all_shown = kept[len(kept) - len(masses) :], len(kept), len(shown) == 0
    for node in frontier:
        total += min(spread, _length(out_rows, node) + _length(in_rows, node))
    table, used = np.full(length_for(total), -1, np.int32), len(kept)  # of places; -1 where there is none
    nodes, sums = np.empty(total, np.int32), np.zeros(total)
    nodes[:used] = kept
    for place, node in enumerate(kept):
        table[_slot_of(table, nodes, node)] = place
    for place, node in enumerate(frontier):
        out_first, in_first = np.int64(out_rows[node]), np.int64(in_rows[node])
        out_degree, degree = _length(out_rows, node), _length(out_rows, node) + _length(in_rows, node)
        in_first -= out_degree
        looks = min(spread, degree)
        visible = looks
        if not all_shown:
            visible = 0
            for look in range(looks):
                at = look * degree // looks
                visible += shown[out_links[out_first + at] if at < out_degree else in_links[in_first + at]]
        share = masses[place] * looks / max(visible * degree, 1)
        step, more, at, rest = degree // max(looks, 1), degree % max(looks, 1), 0, 0
        for _ in range(looks):
            is_out = at < out_degree
            here = int(at + (out_first if is_out else in_first))
            at, rest = at + step, rest + more
            if rest >= looks:
                at, rest = at + 1, rest - looks
            if not all_shown and shown[out_links[here] if is_out else in_links[here]] == 0:
                continue
            end = np.int64(out_ends[here] if is_out else in_ends[here])
            slot = _slot_of(table, nodes, end)
            known = table[slot]
            if known < 0:
                known = table[slot] = used
                nodes[used] = end
                used += 1
            sums[known] += share
    return nodes[len(kept) : used], sums[len(kept) : used]


@compiled
def _slot_of(table: np.ndarray, nodes: np.ndarray, node: int) -> int:
    """Where the place of a node among `nodes` stands in a table, or the free slot where it belongs."""
    mask = len(table) - 1
    slot = first_slot(node, mask)
    while table[slot] >= 0 and nodes[table[slot]] != node:
        slot = (slot + 1) & mask
    return slot  # type: ignore[no-any-return]


@compiled
def _best(nodes: np.ndarray, sums: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Writes the nodes of most mass into `room`, best first, ties by id; gives their masses.

    The best so far are a heap in `room` and `masses`, the worst of them first.
    """
    size = min(len(nodes), len(room))
    masses = sums[:size].copy()
    room[:size] = nodes[:size]
    for at in range(size // 2 - 1, -1, -1):
        _sink(masses, room, at, size, masses[at], room[at])
    for place in range(size, len(nodes)):
        if _is_worse(masses[0], room[0], sums[place], nodes[place]):
            _sink(masses, room, 0, size, sums[place], nodes[place])
    for last in range(size - 1, 0, -1):
        mass, node = masses[last], room[last]
        masses[last], room[last] = masses[0], room[0]
        _sink(masses, room, 0, last, mass, node)
    return masses


@compiled
def _sink(masses: np.ndarray, nodes: np.ndarray, at: int, size: int, mass: float, node: int) -> Any:  # noqa: ANN401
    """Put a node into a heap of so many, at a place or below, where one stood that may be lost."""
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _is_worse(masses[child + 1], nodes[child + 1], masses[child], nodes[child]):
            child += 1
        if not _is_worse(masses[child], nodes[child], mass, node):
            break
        masses[at], nodes[at] = masses[child], nodes[child]
        at = child
    masses[at], nodes[at] = mass, node


@compiled
def _is_worse(mass: float, node: int, other_mass: float, other_node: int) -> bool:
    """Whether the first of two nodes has less mass, or as much and the larger id."""
    return bool(mass < other_mass or (mass == other_mass and node > other_node))


@compiled
def among(
    edges: tuple[Edges, Edges], ids: tuple[np.ndarray, np.ndarray], shown: np.ndarray, nodes: np.ndarray
) -> Triples:
    """The triples between nodes (each given once): id, position of head and tail in `nodes`, relation; by id.

    Args:
        edges: By their heads, and by their tails.
        ids: The triple of each edge of both.
        shown: 1 for relations to show, else 0; empty where all are shown.
        nodes: The nodes.
    """
    table = table_for(len(nodes))
    positions = np.empty(len(table), np.int64)
    most, long, any_long_tail = 0, np.empty(len(nodes), np.bool_), False
    for position, node in enumerate(nodes):
        slot = slot_in(table, node)
        table[slot], positions[slot] = node, position
        leaving, coming = _length(edges[0][0], node), _length(edges[1][0], node)
        long[position] = leaving > LONG_ROW
        any_long_tail |= coming > LONG_ROW
        most += (0 if leaving > LONG_ROW else leaving) + (0 if coming > LONG_ROW else coming)
    found, used = np.empty((4, most), np.int64), 0
    used = _row_by_row(edges[0], ids[0], nodes, (table, positions), long, found, 0, False)
    if long.any():
        used = _row_by_row(edges[1], ids[1], nodes, (table, positions), long, found, used, True)
        if any_long_tail:
            extra = _looked_up(edges, ids[0], nodes, long)
            found = np.concatenate((found[:, :used], np.empty((4, len(extra)), np.int64)), axis=1)
            for row in extra:
                found[0, used], found[1, used], found[2, used], found[3, used] = row
                used += 1
    return _in_order(found, used, shown)  # type: ignore[no-any-return]


@compiled
def _in_order(found: np.ndarray, used: int, shown: np.ndarray) -> Triples:
    """The first so many triples that are shown, by their ids: sorted as numbers of an id and of a place."""
    bits = 0
    while 1 << bits < used:
        bits += 1
    keys = np.empty(used, np.int64)
    for place in range(used):
        keys[place] = (found[0, place] << bits) | place
    keys.sort()
    columns, kept = np.empty((4, used), np.int64), 0
    for key in keys:
        place = int(key) & ((1 << bits) - 1)
        if len(shown) == 0 or shown[found[3, place]] == 1:
            for column in range(4):
                columns[column, kept] = found[column, place]
            kept += 1
    return columns[0, :kept], columns[1, :kept], columns[2, :kept], columns[3, :kept]


@compiled
def _length(rows: np.ndarray, node: int) -> int:
    """How many edges a node has; row pointers may be unsigned, and must not be mixed with other numbers."""
    return int(np.int64(rows[node + 1]) - np.int64(rows[node]))


@compiled
def _row_by_row(
    way: Edges,
    ids: np.ndarray,
    nodes: np.ndarray,
    table: tuple[np.ndarray, np.ndarray],
    long: np.ndarray,
    found: np.ndarray,
    used: int,
    inverse: bool,
) -> int:
    """Write triple, head, tail and relation for each edge in a short row; if inverse, only for heads of long rows."""
    rows, ends, links = way
    for position, node in enumerate(nodes):
        first, last = np.int64(rows[node]), np.int64(rows[node + 1])
        if last - first > LONG_ROW:
            continue
        for place in range(first, last):
            slot = slot_in(table[0], np.int64(ends[place]))
            if table[0][slot] < 0:
                continue
            other = table[1][slot]
            if inverse and not long[other]:
                continue
            found[0, used], found[3, used] = ids[place], links[place]
            found[1, used], found[2, used] = (other, position) if inverse else (position, other)
            used += 1
    return used


@compiled
def _looked_up(
    edges: tuple[Edges, Edges], ids: np.ndarray, nodes: np.ndarray, long: np.ndarray
) -> list[tuple[int, int, int, int]]:
    """Triple, head, tail and relation of the edges from one long row to another."""
    rows, ends, links = edges[0]
    found = [(0, 0, 0, 0) for _ in range(0)]
    tails = [place for place in range(len(nodes)) if _length(edges[1][0], nodes[place]) > LONG_ROW]
    for head in np.flatnonzero(long):
        for tail in tails:
            for place in _places_of(
                ends, links, int(np.int64(rows[nodes[head]])), int(np.int64(rows[nodes[head] + 1])), nodes[tail]
            ):
                found.append((int(ids[place]), int(head), int(tail), int(links[place])))
    return found


@compiled
def _places_of(ends: np.ndarray, links: np.ndarray, first: int, last: int, tail: int) -> list[int]:
    """Where a tail stands in a row that is sorted by relation and then by tail."""
    places = [0 for _ in range(0)]
    while first < last:
        stop = first + np.searchsorted(links[first:last], links[first], side="right")
        place = first + np.searchsorted(ends[first:stop], tail)
        while place < stop and ends[place] == tail:
            places.append(int(place))
            place += 1
        first = stop
    return places
