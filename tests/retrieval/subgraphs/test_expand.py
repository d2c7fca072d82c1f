from __future__ import annotations

import numpy as np
import pytest

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings, Walk
from ragmtl.retrieval.subgraphs.budget import token_count
from ragmtl.retrieval.subgraphs.expand import expand
from ragmtl.retrieval.subgraphs.seeds import Seeds

X = "http://x/"
WALKS: list[Walk] = ["pagerank", "k-hop", "paths", "steiner"]
QUERY = Query("", (X + "zaatar", X + "bread", X + "almond"))


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize(("nodes", "triples", "tokens"), [(5, None, None), (20, 3, None), (20, None, 8), (3, 2, 9)])
def test_every_method_respects_every_budget(
    index: Index, walk: Walk, nodes: int, triples: int | None, tokens: int | None
) -> None:
    settings = RetrievalSettings(walk=walk, nodes=nodes, triples=triples, tokens=tokens)
    evidence = Retriever(index, settings)(QUERY)
    subgraph = evidence.subgraph
    assert 0 < len(subgraph.nodes) <= nodes
    assert triples is None or len(subgraph.triples) <= triples
    assert tokens is None or sum(token_count(index.graph, int(t)) for t in subgraph.triples) <= tokens
    assert len(evidence.triple_reasons) == len(subgraph.triples)
    assert len(evidence.reasons) == len(subgraph.nodes)
    assert np.array_equal(subgraph.nodes[subgraph.heads], index.graph.heads[subgraph.triples])
    assert np.array_equal(subgraph.nodes[subgraph.tails], index.graph.tails[subgraph.triples])


@pytest.mark.parametrize("walk", WALKS)
def test_hidden_relations_are_never_shown(index: Index, walk: Walk) -> None:
    query = Query("", QUERY.entities, hide=frozenset({X + "typicalOf"}))
    subgraph = Retriever(index, RetrievalSettings(walk=walk))(query).subgraph
    assert index.graph.relations.find(X + "typicalOf") not in subgraph.relations


@pytest.mark.parametrize("walk", WALKS)
def test_without_seeds_there_is_no_subgraph(graph: KnowledgeGraph, walk: Walk) -> None:
    walked = expand(graph, Seeds.of(Query("?"), (), graph), RetrievalSettings(walk=walk), frozenset())
    assert len(walked.nodes) == len(walked.subgraph.nodes) == 0


def test_a_step_away_or_between(index: Index) -> None:
    evidence = Retriever(index, RetrievalSettings(nodes=6))(Query("", (X + "sumac",)))
    first = evidence.subgraph.heads == 0
    reasons = np.array(evidence.triple_reasons)
    assert set(reasons[first]) == {"step 1 away from the query's entities"}
    assert "connects two nodes near the query" in reasons


def test_paths_say_which_path(index: Index) -> None:
    evidence = Retriever(index, RetrievalSettings(walk="paths"))(Query("", (X + "thyme", X + "bread")))
    labels = {index.graph.label(int(node)) for node in evidence.subgraph.nodes}
    assert {"thyme", "bread", "za'atar", "fattoush"} <= labels
    assert all(reason.startswith("on the path thyme ←contains— za'atar") or "bread" in reason for reason in (
        evidence.triple_reasons
    ))  # fmt: skip


def test_one_seed_has_no_paths_and_is_walked_from(index: Index) -> None:
    query = Query("", (X + "sumac",))
    paths, near = (Retriever(index, RetrievalSettings(walk=walk))(query).subgraph for walk in ("paths", "pagerank"))
    assert np.array_equal(paths.triples, near.triples)
