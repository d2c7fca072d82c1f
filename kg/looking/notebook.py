"""What a notebook shows for a graph and for a subgraph (`_repr_html_`): counts, a few rows, and a small drawing."""

from __future__ import annotations

import numpy as np

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.looking.drawing import positions
from ragmtl.kg.looking.markup import escape, link, small_table
from ragmtl.kg.subgraph import Subgraph

RELATIONS, TRIPLES, DRAWN = 8, 12, 60
WIDTH, HEIGHT, EDGE, TOP = 720, 400, 70, 25


def graph_html(graph: KnowledgeGraph) -> str:
    """The counts of a graph, and its most used relations with an example of each."""
    used = np.bincount(graph.relation_ids, minlength=len(graph.relations))
    order = [int(relation) for relation in np.argsort(-used, kind="stable")[:RELATIONS] if used[relation]]
    rows = [
        (f"{used[one]:,}", link(graph.relations[one], graph.relation_label(one)), _example(graph, one)) for one in order
    ]
    left_out = int((used > 0).sum()) - len(rows)
    counts = (
        f"<p><b>Knowledge graph</b>: {len(graph.nodes):,} nodes, {len(graph):,} triples, "
        f"{len(graph.literals):,} literals, {len(graph.relations):,} relations; {len(graph.origins):,} sources</p>"
    )
    return f"<div>{counts}{small_table(('triples', 'relation', 'for example'), rows, left_out)}</div>"


def _example(graph: KnowledgeGraph, relation: int) -> str:
    head, _, tail = graph.triple(int(np.argmax(graph.relation_ids == relation)))
    return f"{link(graph.nodes[head], graph.label(head))} \u2192 {link(graph.nodes[tail], graph.label(tail))}"


def subgraph_html(subgraph: Subgraph) -> str:
    """The counts of a subgraph, a drawing, and its triples of most weight."""
    seeds = int(subgraph.seeds.sum())
    counts = f"{len(subgraph.nodes):,} nodes ({seeds:,} of them seeds), {len(subgraph.triples):,} triples"
    order = np.argsort(-subgraph.weights, kind="stable")[:TRIPLES]
    rows = [_triple(subgraph, int(place)) for place in order]
    shown = small_table(("weight", "head", "relation", "tail"), rows, len(subgraph.triples) - len(rows)) if rows else ""
    return f"<div><p><b>Subgraph</b>: {counts}</p>{_drawing(subgraph)}{shown}</div>"


def _triple(subgraph: Subgraph, place: int) -> tuple[str, ...]:
    head, tail = int(subgraph.heads[place]), int(subgraph.tails[place])
    relation, graph = int(subgraph.relations[place]), subgraph.graph
    named = str(relation) if graph is None else link(graph.relations[relation], graph.relation_label(relation))
    return f"{subgraph.weights[place]:.2f}", _node(subgraph, head), named, _node(subgraph, tail)


def _node(subgraph: Subgraph, place: int) -> str:
    node, graph = int(subgraph.nodes[place]), subgraph.graph
    return str(node) if graph is None else link(graph.nodes[node], graph.label(node))


def _drawing(subgraph: Subgraph) -> str:
    """The best nodes as SVG in the colours of the notebook; seeds are filled, edges as wide as they weigh."""
    count = min(len(subgraph.nodes), DRAWN)
    if not count:
        return ""
    at = (EDGE, TOP) + positions(subgraph, count) * (WIDTH - 2 * EDGE, HEIGHT - 2 * TOP)
    lines = "".join(
        f'<line x1="{at[head][0]:.0f}" y1="{at[head][1]:.0f}" x2="{at[tail][0]:.0f}" y2="{at[tail][1]:.0f}" '
        f'stroke-width="{1 + 2 * weight:.1f}"/>'
        for head, tail, weight in zip(subgraph.heads, subgraph.tails, subgraph.weights, strict=True)
        if head < count and tail < count
    )
    nodes = "".join(
        f'<circle cx="{at[place][0]:.0f}" cy="{at[place][1]:.0f}" r="{4 + 5 * subgraph.scores[place]:.1f}" '
        f'fill="{"#d9820f" if subgraph.seeds[place] else "#4f5fb8"}"><title>{escape(label)}</title></circle>'
        f'<text x="{at[place][0]:.0f}" y="{at[place][1] - 11:.0f}">{escape(_short(label))}</text>'
        for place, label in enumerate(labels(subgraph, count))
    )
    hidden = len(subgraph.nodes) - count
    said = f"<p>{hidden:,} more nodes are not drawn</p>" if hidden else ""
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" style="max-width:{WIDTH}px" role="img" aria-label="Drawing of the '
        f'subgraph"><g stroke="currentColor" opacity=".3">{lines}</g><g font-size="11" text-anchor="middle" '
        f'fill="currentColor">{nodes}</g></svg>{said}'
    )


def labels(subgraph: Subgraph, count: int) -> list[str]:
    """Names of the first nodes of a subgraph; their ids where it does not know its graph."""
    graph, nodes = subgraph.graph, subgraph.nodes[:count].tolist()
    return [str(node) if graph is None else graph.label(node) for node in nodes]


def _short(label: str) -> str:
    return label if len(label) <= 24 else f"{label[:23]}\u2026"
