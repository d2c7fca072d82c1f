"""The subgraph of a prediction: what the drawing needs, and the tables that say the same without it."""

from __future__ import annotations

from ragmtl.inspector.layout import positions
from ragmtl.inspector.markup import bar, data_block, escape, link, safe_href, table
from ragmtl.inspector.words import count, percent
from ragmtl.prediction import NodeView, Prediction, TripleView

FEW_TRIPLES = 14
MOST_ROWS = 400
"""Triples that a table lists; the drawing has all."""

_TITLE = "<h2>Knowledge graph</h2>"

_DRAWING = """<div class="drawing" hidden>
<div class="bar-top"><ul class="legend" aria-label="Legend">
<li><span class="key seed"></span>seed: where the search started</li>
<li><span class="key node"></span>entity: larger with more attention</li>
<li><span class="key edge"></span>triple: wider with more weight</li></ul>
<div class="zoom" role="group" aria-label="Zoom">
<button type="button" id="zoom-out" aria-label="Zoom out">&minus;</button
><button type="button" id="zoom-in" aria-label="Zoom in">+</button
><button type="button" id="zoom-all">Show all</button></div></div>
<div class="canvas-frame">
<div id="canvas" class="canvas" tabindex="0" role="application" aria-label="{summary} Arrow keys go from entity to
 entity, plus and minus zoom, 0 shows all, Escape lets go. The tables below hold the same."></div>
<div id="tip" class="tip" hidden></div>
</div>
<aside id="detail" class="detail" aria-live="polite"><p class="quiet">Choose an entity or a line to read what it says,
 why it is here and where it comes from.</p></aside>
<details class="relations" open><summary>Relations</summary><ul id="relations" class="chips"
 aria-label="Relations that are drawn"></ul></details>
</div>
<noscript><p class="quiet">The drawing needs JavaScript; the tables hold the same.</p></noscript>"""


def graph_section(prediction: Prediction) -> str:
    """The section with the drawing, its legend, and the tables of triples and entities."""
    nodes, triples = prediction.nodes, prediction.triples
    if not nodes:
        return f'<section id="graph">{_TITLE}<p class="quiet">No part of the graph was retrieved.</p></section>'
    summary = f"{count(len(nodes), 'entity', 'entities')} and {count(len(triples), 'triple')}."
    drawing = _DRAWING.format(summary=summary)
    return (
        f'<section id="graph">{_TITLE}<p class="lead">{summary}</p>'
        f"{drawing}"
        f"<details open><summary>Triples</summary>{_triple_table(prediction)}</details>"
        f"<details><summary>All entities</summary>{_node_table(nodes)}</details></section>"
    )


def graph_block(prediction: Prediction) -> str:
    """The subgraph as the JSON that `page.js` draws."""
    return data_block("graph-data", graph_data(prediction))


def graph_data(prediction: Prediction) -> dict[str, object]:
    """What `page.js` draws: entities with their places, triples, and up to how many are named without asking."""
    places = positions(len(prediction.nodes), [(triple.head, triple.tail) for triple in prediction.triples])
    most = max((node.attention for node in prediction.nodes), default=0.0)
    nodes = [_node(node, place, most) for node, place in zip(prediction.nodes, places, strict=True)]
    triples = [_triple(triple) for triple in prediction.triples]
    return {"nodes": nodes, "triples": triples, "few": FEW_TRIPLES}


def _node(node: NodeView, place: tuple[int, int], most: float) -> dict[str, object]:
    return {
        "label": node.label,
        "iri": node.iri,
        "href": safe_href(node.iri),
        "score": f"{node.score:.2f}",
        "attention": percent(node.attention),
        "share": node.attention / most if most > 0 else 0.0,
        "seed": node.seed,
        "reason": node.reason,
        "description": node.description,
        "x": place[0],
        "y": place[1],
    }


def _triple(triple: TripleView) -> dict[str, object]:
    return {
        "head": triple.head,
        "tail": triple.tail,
        "label": triple.relation_label,
        "iri": triple.relation,
        "href": safe_href(triple.relation),
        "weight": triple.weight,
        "source": triple.source,
        "graph": triple.graph,
    }


def _triple_table(prediction: Prediction) -> str:
    if not prediction.triples:
        return '<p class="quiet">The entities are not connected by any triple.</p>'
    header = ("Head", "Relation", "Tail", "Weight", "Source file", "Named graph")
    weights = [-triple.weight for triple in prediction.triples]
    shown = sorted(sorted(range(len(weights)), key=weights.__getitem__)[:MOST_ROWS])
    rows = [_triple_row(prediction.triples[position], position, prediction) for position in shown]
    whole = count(len(weights), "triple")
    told = whole if len(rows) == len(weights) else f"The {len(rows)} of {whole} that weigh most"
    return table(f"{told}, as stated in the graph", header, rows, kind="tall")


def _triple_row(triple: TripleView, position: int, prediction: Prediction) -> tuple[str, ...]:
    head, tail = prediction.nodes[triple.head], prediction.nodes[triple.tail]
    return (
        link(head.iri, head.label),
        f'<span class="relation" data-triple="{position}">{link(triple.relation, triple.relation_label)}</span>',
        link(tail.iri, tail.label),
        f'<span class="weighed"><span class="number">{triple.weight:.2f}</span>{bar(triple.weight, "graph")}</span>',
        f"<code>{escape(triple.source)}</code>",
        f"<code>{escape(triple.graph)}</code>" if triple.graph else '<span class="quiet">default graph</span>',
    )


def _node_table(nodes: tuple[NodeView, ...]) -> str:
    header = ("Entity", "Attention", "Score", "Why it is here")
    rows = [
        (
            link(node.iri, node.label) + (' <span class="tag seed">seed</span>' if node.seed else ""),
            f'<span class="number">{percent(node.attention)}</span>',
            f'<span class="number">{node.score:.2f}</span>',
            escape(node.reason),
        )
        for node in nodes
    ]
    return table(f"{count(len(rows), 'entity', 'entities')}, best first", header, rows, kind="tall")
