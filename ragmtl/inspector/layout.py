"""Where the nodes of a subgraph are drawn: computed once, here, so that a page looks the same each time.

Each connected part is laid out by Kamada and Kawai's method (https://doi.org/10.1016/0020-0190(89)90102-6), by
springs where it is large; it is turned so that it lies flat, nodes whose labels would collide are
pushed apart, and the parts are put side by side, the largest first.
"""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import numpy as np
from jaxtyping import Float

EDGE = 120.0
BOX = np.array([104.0, 54.0])
GAP = BOX + 12
LARGE = 150
WIDTH_TO_HEIGHT = 1.45
MOST_WIDTHS = 40


def positions(nodes: int, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where to draw each of the `nodes`, in pixels; `pairs` are the connected ones. Deterministic."""
    graph = nx.Graph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}))
    parts = sorted((sorted(part) for part in nx.connected_components(graph)), key=lambda part: (-len(part), part[0]))
    placed = np.zeros((nodes, 2))
    drawings = [_spread(_flat(_draw(graph.subgraph(part), part))) for part in parts]
    for part, drawing in zip(parts, _side_by_side(drawings), strict=True):
        placed[part] = drawing
    return [(round(float(x)), round(float(y))) for x, y in placed]


def _draw(graph: nx.Graph, part: list[int]) -> Float[np.ndarray, "node 2"]:
    if len(part) == 1:
        return np.zeros((1, 2))
    ordered = nx.Graph()  # a subgraph view iterates in the order of a set
    ordered.add_nodes_from(part)
    ordered.add_edges_from(sorted(graph.edges))
    if len(part) > LARGE:
        drawn = nx.spring_layout(ordered, seed=0, iterations=60, scale=np.sqrt(len(part)) / 2)
    else:
        drawn = nx.kamada_kawai_layout(ordered, scale=1)
    points = np.array([drawn[node] for node in part])
    lengths = [float(np.linalg.norm(drawn[head] - drawn[tail])) for head, tail in ordered.edges]
    return points * EDGE / max(float(np.median(lengths)), 1e-6)


def _flat(points: Float[np.ndarray, "node 2"]) -> Float[np.ndarray, "node 2"]:
    centred: Float[np.ndarray, "node 2"] = points - points.mean(axis=0)
    if len(points) < 3:
        return centred if len(points) == 1 else np.array([[-EDGE / 2, 0.0], [EDGE / 2, 0.0]])
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    axes *= np.where(axes[np.arange(2), np.abs(axes).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]
    flat: Float[np.ndarray, "node 2"] = centred @ axes.T
    return flat


def _spread(points: Float[np.ndarray, "node 2"], rounds: int = 100) -> Float[np.ndarray, "node 2"]:
    """Push nodes apart until no two boxes of a node and its label overlap."""
    points = points.copy()
    for _ in range(rounds if len(points) <= LARGE else rounds // 4):
        apart = points[:, None] - points[None]
        overlap = BOX - np.abs(apart)
        hit = (overlap > 0).all(axis=2)
        hit &= ~np.eye(len(points), dtype=np.bool_)
        if not hit.any():
            break
        axis = (overlap / BOX).argmin(axis=2)
        before = np.sign(np.subtract.outer(np.arange(len(points)), np.arange(len(points))))
        side = np.where(apart == 0, before[..., None], np.sign(apart))
        for direction in range(2):
            push = hit & (axis == direction)
            points[:, direction] += (np.where(push, side[..., direction] * overlap[..., direction], 0) / 2).sum(axis=1)
    return points


def _side_by_side(drawings: list[Float[np.ndarray, "_ 2"]]) -> list[Float[np.ndarray, "_ 2"]]:
    """Put the drawings in rows, as wide as lets them be drawn largest."""
    sizes = np.array([drawing.max(axis=0) - drawing.min(axis=0) + GAP for drawing in drawings]).reshape(-1, 2)
    widths = np.cumsum(sizes[:, 0])[:MOST_WIDTHS]
    arranged = [_rows(sizes, max(float(width), float(sizes[:, 0].max()))) for width in widths]
    extents = [(corners + sizes).max(axis=0) for corners in arranged]
    best = min(range(len(arranged)), key=lambda i: max(extents[i][0] / WIDTH_TO_HEIGHT, extents[i][1]), default=-1)
    return [
        drawing - drawing.min(axis=0) + arranged[best][number] + (GAP / 2) for number, drawing in enumerate(drawings)
    ]


def _rows(sizes: Float[np.ndarray, "part 2"], width: float) -> Float[np.ndarray, "part 2"]:
    """The upper left corners of boxes of these sizes, from left to right and top to bottom within `width`."""
    corners, x, y, tallest = np.zeros_like(sizes), 0.0, 0.0, 0.0
    for number, (across, down) in enumerate(sizes):
        if x and x + across > width + 1:
            x, y, tallest = 0.0, y + tallest, 0.0
        corners[number] = x, y
        x, tallest = x + across, max(tallest, down)
    return corners
