from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal
from ragmtl.kg.looking.notebook import TRIPLES
from ragmtl.kg.subgraph import Subgraph
from ragmtl.kg.walks.walk import k_hop

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
BAD = '</text></svg><img src=x onerror=alert(1)>\u202e"'


def star(leaves: int) -> KnowledgeGraph:
    """A hub with leaves; the first has a hostile label."""
    triples = [("http://x/hub", "http://x/has", f"http://x/leaf{number}") for number in range(leaves)]
    return KnowledgeGraph.from_triples([*triples, ("http://x/leaf0", LABEL, Literal(BAD))])


def around_hub(graph: KnowledgeGraph) -> Subgraph:
    hub = graph.nodes.find("http://x/hub")
    assert hub is not None
    return k_hop(graph, [hub], hops=1, budget=500)


def parsed(source: str) -> ET.Element:
    """Well-formed, or this raises."""
    return ET.fromstring(source.replace("<br>", "<br/>"))


def test_a_graph_shows_its_counts_and_relations() -> None:
    source = star(20)._repr_html_()
    assert "21 nodes, 20 triples, 1 literals, 2 relations" in source
    assert "leaf" in source
    assert len(parsed(source).findall(".//tbody/tr")) == 1, "the relation of labels has no triple"


def test_a_subgraph_is_drawn_and_listed() -> None:
    source = around_hub(star(20))._repr_html_()
    page = parsed(source)
    assert len(page.findall(".//circle")) == 21
    assert len(page.findall(".//line")) == 20
    assert len(page.findall(".//tbody/tr")) == TRIPLES
    assert "and 8 more" in source
    assert "21 nodes (1 of them seeds), 20 triples" in source


def test_a_large_subgraph_says_what_is_not_drawn() -> None:
    assert "21 more nodes are not drawn" in around_hub(star(80))._repr_html_()


def test_nothing_found_is_said() -> None:
    source = Subgraph.empty()._repr_html_()
    assert "0 nodes" in source
    assert "<svg" not in source


def test_without_its_graph_a_subgraph_shows_ids() -> None:
    source = replace(around_hub(star(3)), graph=None)._repr_html_()
    assert re.search(r"<td>1.00</td><td>\d+</td><td>\d+</td><td>\d+</td>", source)


@pytest.mark.parametrize("view", ["graph", "subgraph"])
def test_hostile_labels_stay_text(view: str) -> None:
    graph = star(2)
    source = graph._repr_html_() if view == "graph" else around_hub(graph)._repr_html_()
    assert "<img" not in source
    assert "\u202e" not in source
    assert "&lt;img" in source
    parsed(source)


def test_figures_are_drawn_without_a_window() -> None:
    pytest.importorskip("matplotlib", reason="needs ragmtl[plot]")
    graph = star(20)
    left, right = graph.plot().axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["has"]
    assert right.get_title() == "Degrees of 21 nodes"
    figure = around_hub(graph).plot()
    assert len(figure.axes[0].lines) == 20
    assert len(figure.axes[0].texts) == 21
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\x89PNG")
    assert Subgraph.empty().plot().axes[0].get_title() == "0 nodes, 0 triples"
