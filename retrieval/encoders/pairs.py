"""What encoders learn from: a query, a text that is right for it, and texts that only look right.

Texts that look right are those that BM25 finds and that are not right ("hard negatives"; Karpukhin et al., "Dense
passage retrieval", 2020). Beside them, what is right for the other queries of a batch is wrong for this one:

    loss = - log( exp(q · right / t) / Σ over rights and wrongs of the batch exp(q · text / t) )
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ragmtl.errors import DataError
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import Question

TEMPERATURE = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """One thing to learn.

    Attributes:
        query: What is asked.
        right: A text that is right for it: a passage, or the description of an entity.
        wrong: A text that is not, though it shares words.
    """

    query: str
    right: str
    wrong: str


def pairs_of(questions: Sequence[Question], index: Index, *, looked_at: int = 20) -> list[Pair]:
    """Pairs of queries with passages that are right, and with entities that answer them.

    Args:
        questions: Training questions only.
        index: Holds passages and entities.
        looked_at: How many passages of BM25 the wrong one is chosen among.

    Raises:
        DataError: No question has a text and a passage or an answer.
    """
    pairs = []
    for number, question in enumerate(questions):
        if not question.query.text.strip():
            continue
        found, _ = index.bm25.search(question.query.text, looked_at + len(question.passages))
        wrong = [place for place in found.tolist() if place not in question.passages]
        rights = [index.corpus.reading(place) for place in sorted(question.passages)]
        rights += [index.graph.describe(node) for node in sorted(question.answers)]
        for turn, right in enumerate(rights):
            hard = index.corpus.reading(wrong[(number + turn) % len(wrong)]) if wrong else ""
            pairs.append(Pair(question.query.text, right, hard))
    if not pairs:
        raise DataError(
            f"expected questions with a text and with passages or answers, found none among {len(questions)}"
        )
    return pairs


def batches(pairs: Sequence[Pair], size: int, generator: torch.Generator) -> Iterator[list[Pair]]:
    """All pairs once, in random order; what is left over at the end makes a smaller batch."""
    order = torch.randperm(len(pairs), generator=generator).tolist()
    for start in range(0, len(order), size):
        yield [pairs[row] for row in order[start : start + size]]


def contrastive_loss(
    queries: Float[Tensor, "pair dim"],
    rights: Float[Tensor, "pair dim"],
    wrongs: Float[Tensor, "pair dim"],
    pairs: Sequence[Pair],
) -> Float[Tensor, ""]:
    """The loss of a batch; texts that are right for a query are never counted as wrong for it.

    Args:
        queries: Vectors of length 1 of the queries.
        rights: Of what is right.
        wrongs: Of what is not; zeros where there is no such text.
        pairs: What the vectors are of.
    """
    scores = queries @ torch.cat([rights, wrongs]).T / TEMPERATURE
    known: dict[str, set[str]] = {}
    for pair in pairs:
        known.setdefault(pair.query, set()).add(pair.right)
    texts = [pair.right for pair in pairs] + [pair.wrong for pair in pairs]
    left_out = torch.tensor(
        [
            [(text in known[pair.query] and column != row) or not text for column, text in enumerate(texts)]
            for row, pair in enumerate(pairs)
        ]
    )
    scores = scores.masked_fill(left_out.to(scores.device), float("-inf"))
    return torch.nn.functional.cross_entropy(scores, torch.arange(len(pairs), device=scores.device))
