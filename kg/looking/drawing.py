"""Graphs and subgraphs as figures of matplotlib (the extra `plot`), and where the nodes of a subgraph are drawn."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from jaxtyping import Float

from ragmtl.errors import ConfigError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.looking.markup import clean
from ragmtl.kg.subgraph import Subgraph

RELATIONS, NODES = 15, 60
SEED, NODE = "#d9820f", "#4f5fb8"


def new_figure(width: int, height: int) -> Any:  # noqa: ANN401 -- a `matplotlib.figure.Figure`, which is optional
    """An empty figure that no window knows of.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("expected the package matplotlib, found none; pip install 'ragmtl[plot]'") from None
    return Figure(figsize=(width, height), layout="constrained")


def positions(subgraph: Subgraph, count: int) -> Float[np.ndarray, "nodes 2"]:
    """Where the first `count` nodes are drawn, from 0 to 1 both ways; the same each time."""
    if not count:
        return np.zeros((0, 2))
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    pairs = zip(subgraph.heads.tolist(), subgraph.tails.tolist(), strict=True)
    graph.add_edges_from((head, tail) for head, tail in pairs if max(head, tail) < count and head != tail)
    placed = nx.spring_layout(graph, seed=0, k=2 / count**0.5, iterations=80)
    found = np.array([placed[node] for node in range(count)], np.float64)
    spread = np.ptp(found, axis=0)
    return np.where(spread > 0, (found - found.min(axis=0)) / np.where(spread > 0, spread, 1), 0.5)


def plot_subgraph(subgraph: Subgraph) -> Any:  # noqa: ANN401 -- a Figure
    """The best nodes and the triples among them; larger nodes score more, wider edges weigh more."""
    from ragmtl.kg.looking.notebook import labels

    count = min(len(subgraph.nodes), NODES)
    figure = new_figure(8, 5)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_title(f"{len(subgraph.nodes):,} nodes, {len(subgraph.triples):,} triples")
    if not count:
        return figure
    at = positions(subgraph, count)
    for head, tail, weight in zip(subgraph.heads, subgraph.tails, subgraph.weights, strict=True):
        if head < count and tail < count:
            axes.plot(*at[[head, tail]].T, color="#8a909c", linewidth=0.5 + 2 * weight, zorder=1)
    colours = [SEED if seed else NODE for seed in subgraph.seeds[:count]]
    axes.scatter(*at.T, s=20 + 120 * subgraph.scores[:count], c=colours, zorder=2)
    for place, label in zip(at, labels(subgraph, count), strict=True):
        axes.annotate(_plain(label), place, (0, 6), textcoords="offset points", ha="center", fontsize=8)
    axes.margins(0.12)
    return figure


def plot_graph(graph: KnowledgeGraph) -> Any:  # noqa: ANN401 -- a Figure
    """The most used relations, and how many nodes have which degree."""
    figure = new_figure(10, 4)
    left, right = figure.subplots(1, 2)
    used = np.bincount(graph.relation_ids, minlength=len(graph.relations))
    order = [int(one) for one in np.argsort(-used, kind="stable")[:RELATIONS] if used[one]][::-1]
    left.barh([_plain(graph.relation_label(one)) for one in order], used[order], color=NODE)
    left.set_xlabel("triples")
    left.set_title(f"The {len(order)} most used of {len(graph.relations):,} relations")
    degrees = np.diff(graph.outgoing.indptr) + np.diff(graph.incoming.indptr)
    values, counts = np.unique(degrees[degrees > 0], return_counts=True)
    right.loglog(values, counts, ".", color=SEED)
    right.set_xlabel("degree")
    right.set_ylabel("nodes")
    right.set_title(f"Degrees of {len(graph.nodes):,} nodes")
    return figure


def _plain(label: str) -> str:
    """A label that matplotlib does not read as mathematics."""
    text = clean(label)
    short = text if len(text) <= 30 else f"{text[:29]}\u2026"
    return short.replace("$", r"\$")
