from __future__ import annotations

import numpy as np

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.models.batch import Reading
from ragmtl.models.heads.generation import Search
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.evidence import Evidence, NodeScores, ScoredPassage, Within
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.generation import GenerationTask, Writing
from ragmtl.tasks.tokenizer import ABOUT, HEAD, PASSAGE, QUERY, RELATION, TAIL, new_tokenizer
from ragmtl.verbalise import given_away, texts_of

X = "http://x/"
GRAPH = KnowledgeGraph.from_triples(
    [
        (X + "Alien", X + "director", X + "Scott"),
        (X + "Alien", X + "star", X + "Weaver"),
        (X + "Alien", X + "star", X + "Holm"),
    ]
)
CORPUS = Corpus.of([Passage("p", "A film of 1979.", "Alien")], GRAPH)
TASK = GenerationTask("line", "text", new_tokenizer(["Alien is by Scott."] * 2, 300), Writing(Search(longest=6), 200))


def evidence() -> Evidence:
    ids = np.array([GRAPH.nodes.find(X + name) for name in ("Alien", "Scott", "Weaver", "Holm")])
    relations = np.array([GRAPH.relations.find(X + name) for name in ("star", "star", "director")])
    subgraph = Subgraph(
        ids,
        np.ones(4, np.float32),
        np.array([True, False, False, False]),
        np.arange(3),
        np.zeros(3, np.int64),
        np.array([2, 3, 1]),
        relations,
        np.array([0.5, 0.4, 0.9], np.float32),
    )
    passages = (ScoredPassage(0, 1.0, {}, ""),)
    nowhere = NodeScores(np.zeros(0, np.int64), np.zeros(0, np.float32))
    return Evidence(Query("Alien"), subgraph, ("",) * 4, passages, (), nowhere, within=Within(GRAPH, CORPUS))


def reading(found: Evidence | None) -> Reading:
    return Reading(np.zeros((0, 2), np.float32), found, np.zeros(0, np.int64), {})


def example(label: str | None) -> Example:
    return Example("e", Query("Who made Alien?"), {} if label is None else {"line": label}, "g", "train")


def test_query_triples_by_weight_and_passages_are_read() -> None:
    texts = texts_of(TASK, [example(None)], [reading(evidence())])
    assert TASK.tokenizer.pieces(texts.source[0].tolist()) == [
        (QUERY, "Who made Alien?"),
        (ABOUT, "Alien"),
        (HEAD, "Alien"),
        (RELATION, "director"),
        (TAIL, "Scott"),
        (RELATION, "star"),
        (TAIL, "Weaver"),
        (TAIL, "Holm"),
        (PASSAGE, "Alien: A film of 1979."),
    ]


def test_each_token_knows_its_node_or_passage() -> None:
    texts = texts_of(TASK, [example(None)], [reading(evidence())])
    owners, tokens = texts.owners[0].tolist(), texts.source[0].tolist()
    starts = [owners[tokens.index(TASK.tokenizer.marker(marker))] for marker in (QUERY, ABOUT, HEAD, TAIL, PASSAGE)]
    assert starts == [0, 1, 1, 2, -1]


def test_what_is_too_long_is_cut_so_that_triples_and_passages_keep_their_share() -> None:
    short = GenerationTask("line", "text", TASK.tokenizer, Writing(Search(longest=6), 40))
    pieces = TASK.tokenizer.pieces(texts_of(short, [example(None)], [reading(evidence())]).source[0].tolist())
    assert {marker for marker, _ in pieces} >= {QUERY, HEAD, PASSAGE}
    assert texts_of(short, [example(None)], [reading(evidence())]).source.shape == (1, 40)


def test_targets_end_and_are_masked_where_there_is_none() -> None:
    texts = texts_of(TASK, [example("Alien is by Scott."), example(None)], [reading(None), reading(evidence())])
    first = texts.target[0][texts.target_mask[0]].tolist()
    assert first[-1] == TASK.tokenizer.end
    assert len(first) <= 6
    assert not texts.target_mask[1].any()
    assert texts.source_mask.sum(1).tolist()[0] < texts.source_mask.sum(1).tolist()[1]


def test_texts_that_stand_in_their_passages_are_told() -> None:
    examples = (example("A film  of 1979."), example("A film of Ridley Scott."))
    found = given_away(Source.of("films", examples, (TASK,)), [reading(evidence())] * 2)
    assert len(found) == 1
    assert found[0].startswith("films: 1 of 2 texts of 'line' stand word for word")
    assert not given_away(Source.of("films", examples, (TASK,)), [reading(None)] * 2)
