"""Ranking: which of all items is wanted, given a text, a history, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ragmtl.retrieval.query import Query
from ragmtl.tasks.answer import Answer, Asked, Score, softmax
from ragmtl.tasks.base import Example, Head, Items, Task, no_loss, positions
from ragmtl.tasks.metrics import Statistics
from ragmtl.tasks.recommendation.ranks import (
    Relevant,
    average_precision,
    hit_rate,
    ndcg,
    ranks,
    recall,
    reciprocal_rank,
)
from ragmtl.tasks.targets import Learned

Part = Callable[[Example, int], bool]
"""Whether an example counts in a part of the evaluation, given the item wanted."""


@dataclass(frozen=True, slots=True, eq=False)
class RankingTask:
    """One item of all, or several: cross-entropy over all items; hit rate, recall, NDCG, MAP, MRR of the full ranking.

    Attributes:
        name: Name of the task.
        answers: IRIs of the items.
        main_metric: As `hr@10`, `recall@10`, `ndcg@10` (for each cut-off) or `mrr`.
        cutoffs: Ranks at which lists are cut.
        mask_past: Items of the past are no answer: they are left out of the loss and of the ranking.
        untrained: Items that the loss leaves out, because no training example may have them as its answer.
        parts: Named parts of the evaluation beside `all`.
        known: Items that a query need not be told, beside those of its history.
    """

    name: str
    answers: tuple[str, ...]
    main_metric: str = "ndcg@10"
    cutoffs: tuple[int, ...] = (1, 10, 50)
    mask_past: bool = False
    untrained: tuple[int, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)
    known: Callable[[Query], Items] | None = None

    @property
    def head(self) -> Head:
        """The kind of head that answers this task."""
        return "ranking"

    def new_head(self, dim: int) -> nn.Module:
        """Not made here: the head of a ranking needs the vectors of its items."""
        raise TypeError("the head of a ranking is made of its items, by ragmtl.sizes.build_model")

    def loss(self, logits: Float[Tensor, "batch answer"], examples: Sequence[Example]) -> Float[Tensor, ""]:
        """Cross-entropy over the items that may be answers, averaged over the labelled examples.

        Where an example wants several items, theirs is averaged.
        """
        wanted = self.wanted(examples)
        if not len(wanted.rows):
            return no_loss(logits)
        rows, items = (torch.from_numpy(ids).to(logits.device) for ids in self._left_out(examples, training=True))
        scores = logits.index_put((rows, items), logits.new_tensor(-torch.inf)).log_softmax(dim=1)
        counts = wanted.counts
        weights = logits.new_tensor(1 / (counts[wanted.rows] * np.count_nonzero(counts)))
        pairs = (torch.from_numpy(ids).to(logits.device) for ids in (wanted.rows, wanted.items))
        return -(scores[tuple(pairs)] * weights).sum()

    def measure(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example], threshold: float | None = None
    ) -> Mapping[str, Statistics]:
        """`hr@k`, `recall@k`, `ndcg@k` and `map@k` for every cut-off, and `mrr`; `threshold` means nothing here."""
        wanted = self.wanted(examples)
        ranked = ranks(self.masked(logits, examples), wanted)
        figures = {"hr": hit_rate, "recall": recall, "ndcg": ndcg, "map": average_precision}
        measured = {f"{name}@{k}": figure(ranked, wanted, k) for name, figure in figures.items() for k in self.cutoffs}
        return measured | {"mrr": reciprocal_rank(ranked, wanted)}

    def choose_threshold(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example]
    ) -> float | None:
        """None: a ranking needs no threshold."""

    def slices(self, example: Example) -> tuple[str, ...]:
        """`all`, and each of `parts` in which (one of) the wanted items puts the example."""
        wanted = _items(example, self.name)
        return "all", *(name for name, part in self.parts.items() if any(part(example, item) for item in wanted))

    def answer(self, logits: Float[np.ndarray, " answer"], asked: Asked) -> Answer:
        """The best items that were not met before."""
        scores = self.ranked(logits / np.float32(asked.temperature), asked)
        return Answer(self.name, self.head, tuple(score.name for score in scores), scores)

    def ranked(self, logits: Float[np.ndarray, " answer"], asked: Asked) -> tuple[Score, ...]:
        """The best items by probability, without those of the past."""
        left, past = logits.astype(np.float64), asked.example.past[self.name]
        left[past] = -np.inf
        order = np.argsort(-left, kind="stable")[: min(asked.shown, len(left) - len(set(past.tolist())))]
        chances = softmax(left) if len(order) else left
        return tuple(
            Score(asked.label(self.answers[at]), float(chances[at]), self.answers[at]) for at in map(int, order)
        )

    def wanted(self, examples: Sequence[Example]) -> Relevant:
        """The items that each example wants."""
        pairs = [(row, item) for row, example in enumerate(examples) for item in _items(example, self.name)]
        rows, items = np.array(pairs, np.int64).reshape(-1, 2).T
        return Relevant(len(examples), np.ascontiguousarray(rows), np.ascontiguousarray(items))

    def masked(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example]
    ) -> Float[np.ndarray, "example answer"]:
        """The logits, with -inf where an item is no answer; what an example wants always is one."""
        rows, items = self._left_out(examples, training=False)
        if len(rows):
            logits = logits.copy()
            logits[rows, items] = -np.inf
        return logits

    def _left_out(
        self, examples: Sequence[Example], *, training: bool
    ) -> tuple[Int64[np.ndarray, " pair"], Int64[np.ndarray, " pair"]]:
        """Pairs of example and item that are no answer."""
        left_out = [example.excluded.get(self.name, _NOTHING) for example in examples]
        left_out += [example.past.get(self.name, _NOTHING) for example in examples if self.mask_past]
        rows = np.repeat(np.arange(len(left_out)) % len(examples), [len(items) for items in left_out])
        items = np.concatenate([_NOTHING, *left_out])
        if training and self.untrained:
            rows = np.concatenate([rows, np.repeat(np.arange(len(examples)), len(self.untrained))])
            items = np.concatenate([items, np.tile(np.array(self.untrained, np.int64), len(examples))])
        wanted, answers = self.wanted(examples), len(self.answers)
        other = ~np.isin(rows * answers + items, wanted.rows * answers + wanted.items)
        return rows[other], items[other]


_NOTHING = np.zeros(0, np.int64)


def _items(example: Example, task: str) -> tuple[int, ...]:
    return positions(example.labels.get(task))


def is_new(task: str) -> Part:
    """The part of the examples that want an item which is not in their past."""

    def part(example: Example, item: int) -> bool:
        return item not in example.past.get(task, _NOTHING)

    return part


def ranking_task(learned: Learned, *, history: bool) -> RankingTask:
    """The task of a column of items; with a history, those that were not met before are judged by themselves too."""
    return RankingTask(learned.task, learned.answers, parts={"new only": is_new(learned.task)} if history else {})


def ask(query: Query, tasks: Sequence[Task]) -> Example:
    """A question as an example without labels: its history is its past, and it happens after all that is known."""
    past = {}
    for task in tasks:
        if task.head == "ranking":
            places = {iri: at for at, iri in enumerate(task.answers)} if query.history else {}
            met = np.array([places[iri] for iri in query.history if iri in places], np.int64)
            known = task.known(query) if isinstance(task, RankingTask) and task.known else _NOTHING
            past[task.name] = np.concatenate([met, known])
    return Example("", query, {}, "", "test", past=past)
