"""How good retrieval is, question by question: what was found of what is needed, how large it is, how long it took.

    rows = judge(Retriever(index), read_questions("questions.jsonl", index))
    rows[0].figures["recall@5"], rows[0].milliseconds

Means with intervals, and the comparison of two runs: `ragmtl evaluate --retrieval`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ragmtl.errors import ConfigError, DataError
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.hybrid import Retrieves
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.quality.measures import ndcg, perfect, recall, reciprocal_rank
from ragmtl.retrieval.quality.questions import Question

KS = (1, 2, 5, 10)
"""At how many results rankings are cut, where nothing else is asked."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found for one question.

    Attributes:
        id, group: Of the question.
        figures: Quality by name, in [0, 1]: `recall@k`, `ndcg@k`, `perfect@k` and `mrr` of passages, `triple_recall@k`
            and `triple_recall` (whole subgraph), `answer_recall`. Only those for which the question says what it needs.
        nodes, triples, passages: How much was returned.
        milliseconds: How long it took, with the vector of the query.
    """

    id: str
    group: str
    figures: Mapping[str, float]
    nodes: int
    triples: int
    passages: int
    milliseconds: float


def judge(
    retriever: Retrieves,
    questions: Sequence[Question],
    ks: Sequence[int] = KS,
    progress: Progress | None = None,
) -> list[Judged]:
    """Ask each question by itself, and measure what comes back.

    Args:
        retriever: What is asked. It can return no more passages and nodes than its settings allow.
        questions: What is asked, and what should be found.
        ks: At how many results rankings are cut.
        progress: Called after each question.

    Raises:
        DataError: There is no question.
        ConfigError: A number in `ks` is below 1.
    """
    if not questions:
        raise DataError("expected at least one question, found none")
    if not ks or min(ks) < 1:
        raise ConfigError(f"expected numbers of results of 1 or more to cut rankings at, found {list(ks)}")
    retriever(questions[0].query)  # loads the encoder and machine code; the first question is not slower for it
    rows = []
    for done, question in enumerate(questions, 1):
        begun = time.perf_counter()
        evidence = retriever(question.query)
        elapsed = 1000 * (time.perf_counter() - begun)
        rows.append(_judged(question, evidence, ks, elapsed))
        (progress or no_progress)(done, len(questions))
    return rows


def triples_in_order(evidence: Evidence) -> list[int]:
    """Triples of a subgraph, those that weigh most first, ties by id."""
    triples, weights = evidence.subgraph.triples, evidence.subgraph.weights
    ranked: list[int] = triples[np.lexsort((triples, -weights))].tolist()
    return ranked


def _judged(question: Question, evidence: Evidence, ks: Sequence[int], milliseconds: float) -> Judged:
    return Judged(
        id=question.id,
        group=question.group,
        figures=_of_passages(question, evidence, ks) | _of_the_subgraph(question, evidence, ks),
        nodes=len(evidence.subgraph.nodes),
        triples=len(evidence.subgraph.triples),
        passages=len(evidence.passages),
        milliseconds=milliseconds,
    )


def _of_passages(question: Question, evidence: Evidence, ks: Sequence[int]) -> dict[str, float]:
    if not question.passages:
        return {}
    found = [scored.passage for scored in evidence.passages]
    measures = (("recall", recall), ("ndcg", ndcg), ("perfect", perfect))
    figures = {f"{name}@{k}": measure(found, question.passages, k) for name, measure in measures for k in ks}
    return figures | {"mrr": reciprocal_rank(found, question.passages)}


def _of_the_subgraph(question: Question, evidence: Evidence, ks: Sequence[int]) -> dict[str, float]:
    figures: dict[str, float] = {}
    if question.triples:
        found = triples_in_order(evidence)
        figures |= {f"triple_recall@{k}": recall(found, question.triples, k) for k in ks}
        figures |= {"triple_recall": recall(found, question.triples, len(found))}
    if question.answers:
        nodes = evidence.subgraph.nodes.tolist()
        figures |= {"answer_recall": recall(nodes, question.answers, len(nodes))}
    return figures
