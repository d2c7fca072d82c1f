"""What holds for every way to retrieve: walks × fusions × linkings × sources × budgets, whatever is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.hybrid import NOTHING_LINKS, Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.learned_fusion import learn_fusion
from ragmtl.retrieval.quality.questions import Question
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.routes.learning import learn_triples
from ragmtl.retrieval.routes.scorer import learned_folder
from ragmtl.retrieval.routes.training import RouteTraining
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights
from ragmtl.retrieval.subgraphs.budget import token_count
from ragmtl.retrieval.update import add_names
from tests.retrieval.conftest import PASSAGES, TRIPLES, X

NODES = sorted({name for head, _, tail in TRIPLES for name in (head, tail)})
RELATIONS = [X + "contains", X + "typicalOf", X + "setIn"]
GROUPS = ["spices", "p-zaatar", "p-rice", "p-tomato", "p-bread", "p-knife"]


@pytest.fixture(scope="module")
def everything(graph: KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index with vectors of names, a learned scorer and a learned fusion."""
    folder = tmp_path_factory.mktemp("laws") / "index"
    Index.build(graph, Corpus.of(PASSAGES, graph), HashingEncoder(), folder)
    index = add_names(folder)
    spain = graph.nodes.find(X + "Spain")
    assert spain is not None
    asked = [Question(name, Query(f"where is {name} typical"), answers=frozenset([spain])) for name in ("paella",) * 1]
    scorer, _ = learn_triples(graph, index.linker, asked, training=RouteTraining(epochs=2))
    scorer.save(learned_folder(folder))
    proposed = Retriever(index).candidates([Query("sumac"), Query("stale bread")])
    learn_fusion((sources, frozenset([0, 1, 2])) for sources in proposed).save(folder)
    return index


words = st.sampled_from(
    [*NODES, "smoked paprika", "typical of", "contains", "in", "stale", "bred", "sumca", "Heat (1995)", "Spain's",
     "北京", "e\u0301", "\ud800", "\x00", "👍🏽", "“", "&", "'", "(", "1995", "of the", "\n"]
)  # fmt: skip
texts = st.one_of(st.lists(words, max_size=12).map(" ".join), st.text(max_size=60))
iris = st.lists(st.sampled_from([*(X + name for name in NODES), X + "nowhere"]), max_size=4).map(tuple)
groups = st.frozensets(st.sampled_from([*GROUPS, "no group"]), max_size=6)
relations = st.frozensets(st.sampled_from([*RELATIONS, X + "noRelation"]), max_size=3)
Drawn = dict[str, Any]
queries = st.fixed_dictionaries(
    {"text": texts, "entities": iris, "history": iris, "exclude": groups, "hide": relations}
)  # made to queries in the tests: the checks of types draw random numbers, which strategies must not
weights = st.sampled_from([0.0, 0.5, 1.0])
most = st.sampled_from([0, 1, 2, 3, 5, 50])
ways = st.fixed_dictionaries(
    {
        "passages": most,
        "nodes": most,
        "walk": st.sampled_from(["pagerank", "k-hop", "paths", "steiner", "learned"]),
        "hops": st.sampled_from([0, 1, 2]),
        "hubs": st.sampled_from(["pass", "stop"]),
        "weights": st.tuples(weights, weights, weights, weights),
        "fusion": st.sampled_from(["weighted", "reciprocal", "shape", "learned"]),
        "graph_passages": st.sampled_from(["walk", "mentions"]),
        "min_score": st.sampled_from([0.0, 0.5]),
        "targets": most,
        "candidates": most,
        "seeds": st.sampled_from([0, 1, 2, 64]),
        "decay": st.sampled_from([0.0, 0.9, 1.0]),
        "damping": st.sampled_from([0.0, 0.85]),
        "triples": st.one_of(st.none(), most),
        "tokens": st.one_of(st.none(), st.sampled_from([0, 5, 20])),
        "linking": st.sampled_from(["exact", "fuzzy", "full"]),
    }
)


def settings_of(drawn: Drawn) -> RetrievalSettings:
    return RetrievalSettings(**drawn | {"weights": SourceWeights(*drawn["weights"])})


def told(evidence: Evidence, index: Index) -> dict[str, object]:
    """Everything that is told, in a form that can be compared."""
    subgraph = evidence.subgraph
    arrays = {name: getattr(subgraph, name).tolist() for name in subgraph.__dataclass_fields__ if name != "graph"}
    return {
        **arrays,
        "passages": [(index.corpus.ids[p.passage], p.score, dict(p.sources), p.reason) for p in evidence.passages],
        "reasons": (evidence.reasons, evidence.triple_reasons, evidence.notes, evidence.mentions),
        "targets": (evidence.targets.nodes.tolist(), evidence.targets.scores.tolist()),
    }


@settings(max_examples=150, deadline=None)
@given(asked=queries, drawn=ways)
def test_nothing_excluded_or_hidden_is_ever_evidence(everything: Index, asked: Drawn, drawn: Drawn) -> None:
    query, way = Query(**asked), settings_of(drawn)
    evidence = Retriever(everything, way)(query)
    graph, corpus = everything.graph, everything.corpus
    assert not {corpus.group(p.passage) for p in evidence.passages} & query.exclude
    hidden = {graph.relations.find(iri) for iri in query.hide} - {None}
    assert not hidden & set(evidence.subgraph.relations.tolist())
    names = {graph.relation_label(relation) for relation in hidden if relation is not None}
    said = [*evidence.reasons, *evidence.triple_reasons, *(mention.how for mention in evidence.mentions)]
    said += [passage.reason for passage in evidence.passages]
    arrows = [line for line in said if "→" in line or "←" in line or "by a triple" in line]
    assert not [line for line in arrows for name in names if name in line]


@settings(max_examples=150, deadline=None)
@given(asked=queries, drawn=ways)
def test_budgets_hold_scores_are_numbers_and_everything_has_a_reason(
    everything: Index, asked: Drawn, drawn: Drawn
) -> None:
    query, way = Query(**asked), settings_of(drawn)
    targets = np.arange(len(everything.graph.nodes))
    evidence = Retriever(everything, way, targets)(query)
    subgraph = evidence.subgraph
    assert len(evidence.passages) <= way.passages
    assert len(subgraph.nodes) == len(evidence.reasons) <= way.nodes
    assert len(subgraph.triples) == len(evidence.triple_reasons) <= (50 if way.triples is None else way.triples)
    spent = sum(token_count(everything.graph, triple) for triple in subgraph.triples.tolist())
    assert spent <= (10**6 if way.tokens is None else way.tokens)
    assert len(evidence.targets.nodes) <= way.targets
    assert all([*evidence.reasons, *evidence.triple_reasons, *(passage.reason for passage in evidence.passages)])
    for scores in (subgraph.scores, subgraph.weights, evidence.targets.scores):
        assert np.isfinite(scores).all()
        assert (scores >= 0).all()
    assert all(way.min_score <= passage.score <= 1 for passage in evidence.passages)
    assert all(0 < mention.weight <= 1 for mention in evidence.mentions)
    assert all(query.text[mention.start : mention.end].strip() for mention in evidence.mentions)
    assert len(set(subgraph.nodes.tolist())) == len(subgraph.nodes)
    assert len(set(subgraph.triples.tolist())) == len(subgraph.triples)
    for place, triple in enumerate(subgraph.triples.tolist()):
        ends = subgraph.nodes[subgraph.heads[place]], subgraph.relations[place], subgraph.nodes[subgraph.tails[place]]
        assert tuple(map(int, ends)) == everything.graph.triple(triple)


@settings(max_examples=40, deadline=None)
@given(asked=st.lists(queries, min_size=2, max_size=5), drawn=ways)
def test_many_queries_get_what_each_gets_alone(everything: Index, asked: list[Drawn], drawn: Drawn) -> None:
    retriever, every = Retriever(everything, settings_of(drawn)), [Query(**one) for one in asked]
    together = [told(evidence, everything) for evidence in retriever.many(every)]
    assert together == [told(retriever(query), everything) for query in every]


@settings(max_examples=5, deadline=None)
@given(passages=st.permutations(PASSAGES), rows=st.permutations(range(len(TRIPLES))))
def test_the_order_of_files_changes_nothing(
    graph: KnowledgeGraph, index: Index, tmp_path_factory: pytest.TempPathFactory, passages: list[Passage],
    rows: list[int],
) -> None:  # fmt: skip
    """Passages stand in the order of a hash of their ids, nodes and triples in that of their IRIs."""
    statements = [
        (graph.nodes[node], graph.relations[relation], literal)
        for node in range(len(graph.nodes))
        for relation, literal in graph.literals_of(node)
    ]
    triples = [tuple(X + part for part in TRIPLES[row]) for row in rows]
    other = KnowledgeGraph.from_triples([*triples, *statements])  # type: ignore[list-item]
    folder = Path(tmp_path_factory.mktemp("order") / "index")
    shuffled = Index.build(other, Corpus.of(passages, other), HashingEncoder(), folder)
    for walk in ("pagerank", "steiner", "k-hop", "paths"):
        way = RetrievalSettings(walk=walk, nodes=5, linking="full")
        for text in ("sumac and paella", "heat", "stale bread", "tomatoes of Spain"):
            found = [told(Retriever(one, way)(Query(text)), one) for one in (index, shuffled)]
            assert found[0] == found[1]


@pytest.mark.parametrize("walk", ["pagerank", "k-hop", "paths", "steiner", "learned"])
@pytest.mark.parametrize(
    "text", ["", " ", "sumac " * 16_000, "x" * 100_000, "北京" * 50_000, "“(&'" * 25_000, "\ud800"]
)
def test_any_text_is_answered(everything: Index, walk: str, text: str) -> None:
    way = RetrievalSettings(walk=walk, linking="full", weights=SourceWeights(0.5, 0.5, 0.5, 1.0))  # type: ignore[arg-type]
    evidence = Retriever(everything, way)(Query(text))
    assert evidence.notes == (() if "sumac" in text else (NOTHING_LINKS,))
    assert (len(evidence.subgraph.nodes) > 0) is ("sumac" in text)
