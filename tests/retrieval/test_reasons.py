from __future__ import annotations

import numpy as np

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.walk import cut
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.reasons import passage_reason, reasons
from ragmtl.retrieval.subgraphs.seeds import Seeds

X = "http://x/"


def test_nodes_say_how_they_were_reached(graph: KnowledgeGraph) -> None:
    sumac, levant, fattoush, bread, rice = graph.nodes.find_all(
        [X + name for name in ("sumac", "Levant", "fattoush", "bread", "rice")]
    ).tolist()
    query = Query("ripe sumac")
    mentions = (Mention(5, 10, sumac, 0.5),)
    nodes, scores = np.array([sumac, levant, fattoush, bread, rice]), np.linspace(1, 0.1, 5)
    subgraph = cut(graph, nodes, scores, [sumac], budget=5)
    linked = (mentions, Seeds.of(query, mentions, graph))
    of_nodes, of_triples = reasons(graph, subgraph, query, linked, {})
    assert dict(zip(subgraph.nodes.tolist(), of_nodes, strict=True)) == {
        sumac: "named in the text as 'sumac'",
        levant: "1 step from sumac (typical of → The Levant Coast)",
        fattoush: "1 step from sumac (← contains fattoush)",
        bread: "2 steps from sumac (← contains fattoush, contains → bread)",
        rice: "near the query's entities in the graph",
    }
    steps = {f"step {step} away from the query's entities" for step in (1, 2)}
    assert set(of_triples) == {*steps, "connects two nodes near the query"}
    _, told = reasons(graph, subgraph, query, linked, {int(subgraph.triples[0]): "because"})
    assert told == ("because", *of_triples[1:])


def test_seeds_say_where_they_come_from(graph: KnowledgeGraph) -> None:
    query = Query("", (X + "rice",), (X + "bread", X + "tomato"))
    seeds = Seeds.of(query, (), graph)
    subgraph = cut(graph, seeds.nodes, seeds.weights, seeds.nodes, budget=9)
    of_nodes, _ = reasons(graph, subgraph, query, ((), seeds), {})
    assert {graph.label(int(node)): reason for node, reason in zip(subgraph.nodes, of_nodes, strict=True)} == {
        "rice": "given with the query",
        "tomato": "the newest item of the history",
        "bread": "in the history (1 before the newest)",
    }


def test_passages_name_their_sources_once_the_strongest_first() -> None:
    sources = {"bm25": 0.3, "tfidf": 0.2, "dense": 0.0, "graph": 0.25}
    assert passage_reason(sources, ["rice"]) == "shares words with the text; speaks of rice"
    assert passage_reason({"dense": 0.1}, []) == "is close to the text in meaning"
