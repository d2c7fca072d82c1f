"""Training of the learned scorer of triples, from questions with answers or with the triples that lead to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.quality.questions import Question, parted
from ragmtl.retrieval.routes.scorer import TripleScorer, network_for
from ragmtl.retrieval.routes.targets import MOST_SEEDS, Asked, Target, spans_of, targets_of
from ragmtl.retrieval.routes.training import RouteTraining, train_routes
from ragmtl.retrieval.subgraphs.seeds import Seeds


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What was learned from.

    Attributes:
        train, valid: Questions that were used.
        unlinked: Questions that name no entity of the graph.
        unreachable: Questions whose answers no short route reaches.
        loss: - log likelihood of the right routes of the validation questions.
    """

    train: int
    valid: int
    unlinked: int
    unreachable: int
    loss: float

    def __str__(self) -> str:
        return (
            f"{self.train:,} questions to learn from, {self.valid:,} to validate; left out: {self.unlinked:,} that "
            f"name no entity of the graph, {self.unreachable:,} whose answers no short route reaches; "
            f"validation loss {self.loss:.4f}"
        )


def learn_triples(
    graph: KnowledgeGraph,
    linker: Linker,
    questions: Sequence[Question],
    valid: Sequence[Question] = (),
    training: RouteTraining | None = None,
    *,
    longest: int = 3,
    progress: Progress | None = None,
) -> tuple[TripleScorer, LearnReport]:
    """Train a scorer.

    Args:
        graph: What the questions are about.
        linker: Finds the entities that questions name.
        questions: What to learn from: the triples of each, or its answers where it has no triples.
        valid: What tells when to stop; where there are none, a tenth of the others is set apart.
        training: How to train.
        longest: The most steps from an entity to an answer.
        progress: Called after each pass.

    Raises:
        DataError: There is nothing to learn from.
    """
    given = (questions, valid) if valid else parted(questions)
    train, check = (_aimed(graph, linker, part, longest) for part in given)
    if not train.targets:
        raise DataError(
            f"expected questions to learn from, found none that is about the graph: {train.unlinked} name none of its "
            f"entities, {train.unreachable} have answers that no route of {longest} steps reaches"
        )
    settings = training or RouteTraining()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = network_for(graph)
    loss = train_routes(network, train.targets, check.targets, settings, progress)
    left = train.unlinked + check.unlinked, train.unreachable + check.unreachable
    return TripleScorer(network, graph, longest), LearnReport(train.used, check.used, *left, loss)


def asked_of(graph: KnowledgeGraph, linker: Linker, question: Question) -> Asked:
    """A question in ids; entities that it does not give are those that its text names."""
    query = question.query
    mentions = linker.link(query.text)
    seeds = Seeds.of(query, () if query.entities else mentions, graph, most=MOST_SEEDS)
    return Asked(query.text, spans_of(seeds, mentions), question.answers, question.triples)


@dataclass(frozen=True, slots=True)
class _Aimed:
    """Targets of questions, and how many questions were used, named nothing, and had answers out of reach."""

    targets: list[Target]
    used: int
    unlinked: int
    unreachable: int


def _aimed(graph: KnowledgeGraph, linker: Linker, questions: Sequence[Question], longest: int) -> _Aimed:
    asked = [asked_of(graph, linker, question) for question in questions]
    linked = [one for one in asked if one.seeds]
    found = [targets for one in linked if (targets := targets_of(graph, one, longest))]
    every = [target for targets in found for target in targets]
    return _Aimed(every, len(found), len(asked) - len(linked), len(linked) - len(found))
