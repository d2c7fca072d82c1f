"""Questions over the graph: which node of the evidence answers, or that the graph holds no answer.

The answers of the task are places in an example's evidence, after "not in the graph"; `ragmtl.places` says where the
right ones stand. An example whose right nodes were not retrieved has none: nothing can be learned from it, and it
counts as wrong.

    loss = - log Σ over the right places of softmax(logits)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor, nn

from ragmtl.models.heads.nodes import NodeHead
from ragmtl.tasks.answer import Answer, Asked, Score, softmax
from ragmtl.tasks.base import Example, Head, Plain, no_loss, positions
from ragmtl.tasks.metrics import Statistics, mean
from ragmtl.tasks.recommendation.ranks import Relevant, ranks
from ragmtl.tasks.targets import Learned

ABSENT = "not in the graph"
"""The answer to a question that the graph cannot answer."""

CUTOFFS = (1, 3, 10)
_MEANING = "One entity of the evidence, or none, with probabilities."


SHOWN = 20


@dataclass(frozen=True, slots=True)
class QuestionTask(Plain):
    """A node of the evidence, or none: hits@k and mean reciprocal rank of the best right answer.

    Attributes:
        name: Name of the task.
        places: The most nodes that the evidence of an example has.
        main_metric: `hits@1`, `hits@3`, `hits@10` or `mrr`.
    """

    name: str
    places: int
    main_metric: str = "hits@1"

    @property
    def head(self) -> Head:
        """The kind of head that answers this task."""
        return "node"

    @property
    def answers(self) -> tuple[str, ...]:
        """No answer, and each place of the evidence."""
        return (ABSENT, *(f"node {place}" for place in range(1, self.places + 1)))

    def new_head(self, dim: int) -> nn.Module:
        """A logit for no answer, and one for each place of the evidence."""
        return NodeHead(dim, self.places)

    def loss(self, logits: Float[Tensor, "batch answer"], examples: Sequence[Example]) -> Float[Tensor, ""]:
        """- log of the chance of the right places, averaged over the examples that have one."""
        right = torch.from_numpy(self._right(examples)).to(logits.device)
        able = right.any(1)
        if not bool(able.any()):
            return no_loss(logits)
        found = logits[able].log_softmax(1).masked_fill(~right[able], -torch.inf)
        return -found.logsumexp(1).mean()

    def measure(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example], threshold: float | None = None
    ) -> Mapping[str, Statistics]:
        """`hits@k` and `mrr`; `retrieved`: the share whose right answer could be chosen. `threshold` means nothing."""
        best = self._best_ranks(logits, examples)
        asked = np.array([self.name in example.labels for example in examples], np.bool_)
        figures = {f"hits@{k}": mean((best <= k).astype(np.float64), asked) for k in CUTOFFS}
        return figures | {"mrr": mean(1 / best, asked), "retrieved": mean(np.isfinite(best).astype(np.float64), asked)}

    def slices(self, example: Example) -> tuple[str, ...]:
        """`all`, and whether the graph holds the answer."""
        return "all", "in the graph" if example.nodes.get(self.name) else ABSENT

    def answer(self, logits: Float[np.ndarray, " answer"], asked: Asked) -> Answer:
        """The likeliest node, and how one gets there; or that there is none."""
        chances = softmax(logits[: 1 + len(asked.nodes)].astype(np.float64))
        names = [(ABSENT, None), *((asked.label(iri), iri) for iri in asked.nodes)]
        order = np.argsort(-chances, kind="stable").tolist()
        scores = tuple(Score(names[at][0], float(chances[at]), names[at][1]) for at in order[:SHOWN])
        path = asked.path(order[0] - 1) if order[0] else ()
        return Answer(self.name, self.head, (scores[0].name,), scores, meaning=_MEANING, path=path)

    def _right(self, examples: Sequence[Example]) -> Bool[np.ndarray, "example answer"]:
        right = np.zeros((len(examples), self.places + 1), np.bool_)
        for row, example in enumerate(examples):
            right[row, np.array(positions(example.labels.get(self.name)), np.int64)] = True
        return right

    def _best_ranks(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example]
    ) -> Float64[np.ndarray, " example"]:
        """The rank of the best right answer; infinite where there is none to choose."""
        rows, places = np.nonzero(self._right(examples))
        best = np.full(len(examples), np.inf)
        np.minimum.at(best, rows, ranks(logits, Relevant(len(examples), rows, places)))
        return best


def question_task(learned: Learned, *, places: int) -> QuestionTask:
    """The task of a column of entities, of evidence with at most so many nodes."""
    return QuestionTask(learned.task, places)
