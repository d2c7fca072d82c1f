"""Training of the learned scorer of triples, from questions with answers or with the triples that lead to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import torch

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.linking import Linker
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.questions import Question, Triple
from ragmtl.retrieval.route_targets import MOST_SEEDS, Asked, Target, spans_of, targets_of
from ragmtl.retrieval.route_training import RouteTraining, train_routes
from ragmtl.retrieval.scorer import TripleScorer, network_for
from ragmtl.retrieval.seeds import Seeds

_HELD_OUT = 10


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What was learned from.

    Attributes:
        train, valid: Questions that were used.
        unlinked: Questions that name no entity of the graph.
        unreachable: Questions whose answers no short route reaches, or whose triples the graph lacks.
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
    training: RouteTraining | None = None,
    *,
    longest: int = 3,
    progress: Progress | None = None,
) -> tuple[TripleScorer, LearnReport]:
    """Train a scorer.

    Args:
        graph: What the questions are about.
        linker: Finds the entities that questions name.
        questions: Those of the split "test" are not looked at; without any of the split "valid", a tenth is set apart.
        training: How to train.
        longest: The most steps from an entity to an answer.
        progress: Called after each pass.

    Raises:
        DataError: There is nothing to learn from.
    """
    parts: dict[bool, list[Target]] = {False: [], True: []}
    used, unlinked, unreachable = {False: 0, True: 0}, 0, 0
    for question, is_valid in _parted([question for question in questions if question.split != "test"]):
        asked = asked_of(graph, linker, question)
        targets = targets_of(graph, asked, longest) if asked.seeds else []
        unlinked += not asked.seeds
        unreachable += bool(asked.seeds) and not targets
        used[is_valid] += bool(targets)
        parts[is_valid] += targets
    if not parts[False]:
        raise DataError(
            f"expected questions to learn from, found none that is about the graph: {unlinked} name none of its "
            f"entities, {unreachable} have answers that no route of {longest} steps reaches; check the IRIs"
        )
    settings = training or RouteTraining()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = network_for(graph)
    loss = train_routes(network, parts[False], parts[True], settings, progress)
    return TripleScorer(network, graph, longest), LearnReport(used[False], used[True], unlinked, unreachable, loss)


def asked_of(graph: KnowledgeGraph, linker: Linker, question: Question) -> Asked:
    """A question in ids; entities that it does not give are those that its text names."""
    mentions = linker.link(question.text)
    query = Query(question.text, question.entities)
    seeds = Seeds.of(query, () if question.entities else mentions, graph, most=MOST_SEEDS)
    answers = (graph.nodes.find(iri) for iri in question.answers)
    return Asked(
        question.text,
        spans_of(seeds, mentions),
        frozenset(node for node in answers if node is not None),
        frozenset(_triples(graph, question.triples)),
    )


def _triples(graph: KnowledgeGraph, triples: Iterable[Triple]) -> list[int]:
    """Ids of those that the graph has."""
    found = []
    for head, relation, tail in triples:
        node, code, end = graph.nodes.find(head), graph.relations.find(relation), graph.nodes.find(tail)
        if node is None:
            continue
        row = graph.outgoing.row(node)
        matches = (graph.outgoing.relations[row] == code) & (graph.outgoing.neighbours[row] == end)
        found += graph.outgoing.triples[row][matches].tolist()
    return found


def _parted(questions: Sequence[Question]) -> Iterable[tuple[Question, bool]]:
    """Each question, and whether it is for validation."""
    given = any(question.split == "valid" for question in questions)
    for question in questions:
        drawn = crc32(question.text.encode("utf-8", "surrogatepass")) % _HELD_OUT == 0
        yield question, question.split == "valid" if given else drawn
