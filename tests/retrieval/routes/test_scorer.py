from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.quality.questions import Question
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.routes.learning import LearnReport, asked_of, learn_triples
from ragmtl.retrieval.routes.scorer import TripleScorer, learned_folder
from ragmtl.retrieval.routes.training import RouteTraining
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights

X = "http://x/"
PEOPLE = [f"Person{number:02}" for number in range(40)]
ASKED = [("{} 's mother 's city", "motherOf", "livesIn"), ("the employer of the friend of {}", "friend", "worksFor")]
TRAINING = RouteTraining(epochs=30, patience=30)


def world() -> Iterator[tuple[str, str, str]]:
    """Everyone has a mother, a friend, a city and an employer; mothers stand at the head of `motherOf`."""
    generator = np.random.default_rng(0)
    for place, person in enumerate(PEOPLE):
        mother, friend = PEOPLE[(place + 7) % 40], PEOPLE[(place + 13) % 40]
        yield X + mother, X + "motherOf", X + person
        yield X + person, X + "friend", X + friend
        yield X + person, X + "livesIn", X + f"City{generator.integers(8)}"
        yield X + person, X + "worksFor", X + f"Firm{generator.integers(8)}"
    yield X + "lone", X + "worksFor", X + "island"


def in_words(graph: KnowledgeGraph, triple: int) -> tuple[str, str, str]:
    head, relation, tail = graph.triple(triple)
    return graph.nodes[head], graph.relations[relation], graph.nodes[tail]


@pytest.fixture(scope="module")
def family() -> KnowledgeGraph:
    return KnowledgeGraph.from_triples(world())


@pytest.fixture(scope="module")
def linker(family: KnowledgeGraph) -> Linker:
    return Linker.build(family)


@pytest.fixture(scope="module")
def questions(family: KnowledgeGraph) -> list[Question]:
    every = list(world())
    found: list[Question] = []
    for person in PEOPLE:
        for text, first, second in ASKED:
            near = [t for t in every if t[1] == X + first and X + person == t[2 if first == "motherOf" else 0]]
            middle = near[0][0 if first == "motherOf" else 2]
            last = next(t for t in every if t[0] == middle and t[1] == X + second)
            answer = family.nodes.find(last[2]) or 0
            triples = [row for row in range(len(family)) if in_words(family, row) in (near[0], last)]
            found.append(
                Question(
                    f"q{len(found)}", Query(text.format(person)), frozenset(), frozenset(triples), frozenset({answer})
                )
            )
    return found


@pytest.fixture(scope="module")
def scorer(family: KnowledgeGraph, linker: Linker, questions: list[Question]) -> TripleScorer:
    return learn_triples(family, linker, questions[:56], (), TRAINING)[0]


def found(scorer: TripleScorer, graph: KnowledgeGraph, linker: Linker, question: Question) -> set[tuple[str, str, str]]:
    learned = scorer(asked_of(graph, linker, question), frozenset(), (20, 2))
    assert learned is not None
    return {in_words(graph, triple) for triple in learned.subgraph.triples.tolist()}


def wanted(graph: KnowledgeGraph, question: Question) -> set[tuple[str, str, str]]:
    return {in_words(graph, triple) for triple in question.triples}


def right(scorer: TripleScorer, graph: KnowledgeGraph, linker: Linker, questions: list[Question]) -> float:
    return float(np.mean([found(scorer, graph, linker, q) == wanted(graph, q) for q in questions]))


def test_new_questions_are_answered(
    scorer: TripleScorer, family: KnowledgeGraph, linker: Linker, questions: list[Question]
) -> None:
    assert right(scorer, family, linker, questions[56:]) == 1.0


def test_answers_alone_are_enough(family: KnowledgeGraph, linker: Linker, questions: list[Question]) -> None:
    weak = [replace(question, triples=frozenset()) for question in questions[:56]]
    scorer, report = learn_triples(family, linker, weak, (), TRAINING, longest=2)
    assert right(scorer, family, linker, questions[56:]) >= 0.9
    assert (report.unlinked, report.unreachable) == (0, 0)


def test_saved_and_loaded_it_finds_the_same(
    scorer: TripleScorer, family: KnowledgeGraph, linker: Linker, questions: list[Question], tmp_path: Path
) -> None:
    scorer.save(tmp_path / "one")
    scorer.save(tmp_path / "one")
    again = TripleScorer.load(tmp_path / "one", family)
    for question in questions[56:60]:
        assert found(again, family, linker, question) == found(scorer, family, linker, question)


def test_it_outlives_new_relations(
    scorer: TripleScorer, family: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    scorer.save(tmp_path / "one")
    more = [(X + person, X + "aNewRelation", X + "Thing") for person in PEOPLE]
    graph = KnowledgeGraph.from_triples([*world(), *more])
    linker = Linker.build(graph)
    again = TripleScorer.load(tmp_path / "one", graph)
    same = [found(again, graph, linker, question) == wanted(family, question) for question in questions[56:]]
    assert np.mean(same) >= 0.9


def test_what_is_damaged_or_missing_is_said(scorer: TripleScorer, family: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="found none; train it again"):
        TripleScorer.load(tmp_path / "none", family)
    scorer.save(tmp_path / "one")
    (tmp_path / "one" / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(MismatchError, match="expected a whole scorer"):
        TripleScorer.load(tmp_path / "one", family)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(MismatchError, match="found something else; move it away"):
        scorer.save(tmp_path / "other")


def test_hidden_relations_are_not_followed(
    scorer: TripleScorer, family: KnowledgeGraph, linker: Linker, questions: list[Question]
) -> None:
    hidden = family.relations.find(X + "motherOf")
    assert hidden is not None
    learned = scorer(asked_of(family, linker, questions[60]), frozenset({hidden}), (20, None))
    assert learned is None or hidden not in learned.subgraph.relations


def test_budgets_hold_and_all_is_connected(
    scorer: TripleScorer, family: KnowledgeGraph, linker: Linker, questions: list[Question]
) -> None:
    for nodes, triples in ((2, None), (3, 1), (20, 4)):
        learned = scorer(asked_of(family, linker, questions[60]), frozenset(), (nodes, triples))
        assert learned is not None
        assert 0 < len(learned.subgraph.nodes) <= nodes
        assert triples is None or len(learned.subgraph.triples) <= triples
        assert set(learned.why) >= set(learned.subgraph.triples.tolist())


def test_the_retriever_uses_the_scorer_beside_the_index(
    scorer: TripleScorer, family: KnowledgeGraph, questions: list[Question], tmp_path: Path
) -> None:
    corpus = Corpus.of([Passage("none", "Nothing here.")], family)
    index = Index.build(family, corpus, HashingEncoder(), tmp_path / "index")
    settings = RetrievalSettings(walk="learned", weights=SourceWeights(dense=0.0))
    with pytest.raises(MismatchError, match="ragmtl learn"):
        Retriever(index, settings)
    scorer.save(learned_folder(index.directory))
    evidence = Retriever(index, settings, np.arange(len(family.nodes)))(Query(questions[60].query.text))
    assert int(evidence.targets.nodes[0]) in questions[60].answers
    assert evidence.triple_reasons[0].startswith(f"step 1 of the learned route {PEOPLE[30]} → ")
    assert len(Retriever(index, settings)(Query("")).subgraph.nodes) == 0
    long = Retriever(index, settings)(Query("word " * 20_000 + questions[60].query.text))
    assert len(long.subgraph.triples) > 0


def test_what_cannot_be_learned_from_is_counted(
    family: KnowledgeGraph, linker: Linker, questions: list[Question]
) -> None:
    lone = frozenset({family.nodes.find(X + "lone") or 0})
    strange = [
        replace(questions[0], query=Query("nobody at all")),
        replace(questions[0], triples=frozenset(), answers=lone),
    ]
    _, report = learn_triples(family, linker, [*questions[:8], *strange], (), RouteTraining(epochs=1))
    assert isinstance(report, LearnReport)
    assert (report.unlinked, report.unreachable, report.train + report.valid) == (1, 1, 8)
    assert "1 that name no entity" in str(report)
    with pytest.raises(DataError, match="expected questions to learn from, found none"):
        learn_triples(family, linker, strange)


def test_the_same_seed_gives_the_same_scorer(family: KnowledgeGraph, linker: Linker, questions: list[Question]) -> None:
    one, other = (learn_triples(family, linker, questions[:8], (), RouteTraining(epochs=2))[0] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True))
