"""What encoders learn from: a query, a text that is right for it, and texts that only look right.

Texts that look right are those that BM25 finds and that are not right ("hard negatives"; Karpukhin et al., "Dense
passage retrieval", 2020). Beside them, what is right for the other queries of a batch is wrong for this one:

    loss = - log( exp(q · right / t) / Σ over rights and wrongs of the batch exp(q · text / t) )
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ragmtl.errors import DataError
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import Question

TEMPERATURE = 0.05
_FEWEST = 2


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


def check_pairs(pairs: Sequence[Pair]) -> None:
    """See whether anything can be learned from pairs.

    Raises:
        DataError: There is none, or one; a query or a right text is empty; all right texts are the same one.
    """
    if len(pairs) < _FEWEST:
        found = "one: what is right for one is wrong for the other" if pairs else "none"
        raise DataError(f"expected two pairs or more to learn from, found {found}; add questions with right passages")
    for place, pair in enumerate(pairs, 1):
        if not pair.query.strip() or not pair.right.strip():
            what = "right text" if pair.query.strip() else "query"
            raise DataError(f"expected words in every pair, found an empty {what} in pair {place}; leave it out")
    if len({text for pair in pairs for text in (pair.right, pair.wrong) if text.strip()}) < _FEWEST:
        raise DataError("expected different texts to tell apart, found the same one in every pair; add others")


def reciprocal_rank_of_pairs(pairs: Sequence[Pair], encode: Callable[[list[str]], Float[Tensor, "text dim"]]) -> float:
    """How far up the first right text of each query stands among all texts of all pairs: the mean of 1 / its rank.

    Args:
        pairs: Of validation.
        encode: Makes vectors of length 1.
    """
    rights: dict[str, set[str]] = {}
    for pair in pairs:
        rights.setdefault(pair.query, set()).add(pair.right)
    texts = sorted({text for pair in pairs for text in (pair.right, pair.wrong) if text})
    queries = list(rights)
    scores = encode(queries) @ encode(texts).T
    is_right = torch.tensor([[text in rights[query] for text in texts] for query in queries], device=scores.device)
    best = scores.masked_fill(~is_right, float("-inf")).amax(dim=1, keepdim=True)
    ranks = 1 + ((scores >= best) & ~is_right).sum(dim=1)
    return float((1.0 / ranks).mean())
