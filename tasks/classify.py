"""Classification: one class of many, or any number of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.heads.labels import ClassHead, LabelHead
from ragmtl.models.heads.pair import PairHead
from ragmtl.tasks.answer import Answer, Asked, best_first, softmax, warmed
from ragmtl.tasks.base import Example, Head, Plain, no_loss, positions
from ragmtl.tasks.metrics import Statistics, accuracy, class_f1, macro_f1, micro_f1
from ragmtl.tasks.targets import Learned

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))


@dataclass(frozen=True, slots=True)
class ClassTask(Plain):
    """One class of many: cross-entropy; accuracy and macro-F1.

    Attributes:
        name: Name of the task.
        answers: Names of the classes.
        main_metric: `accuracy` or `macro_f1`.
        weights: How much an example of each class counts in the loss; empty: all alike.
        pairs: The text is judged against each retrieved passage by itself (`ragmtl.models.heads.pair`).
    """

    name: str
    answers: tuple[str, ...]
    main_metric: str = "accuracy"
    weights: tuple[float, ...] = ()
    pairs: bool = False

    @property
    def head(self) -> Head:
        """The kind of head that answers this task."""
        return "class"

    def new_head(self, dim: int) -> nn.Module:
        """One logit per class."""
        return (PairHead if self.pairs else ClassHead)(dim, len(self.answers))

    def loss(self, logits: Float[Tensor, "batch answer"], examples: Sequence[Example]) -> Float[Tensor, ""]:
        """Cross-entropy, averaged over the labelled examples (with their weights)."""
        truth = torch.from_numpy(self._truth(examples)).to(logits.device)
        labelled = truth >= 0
        if not bool(labelled.any()):
            return no_loss(logits)
        weights = logits.new_tensor(self.weights) if self.weights else None
        return functional.cross_entropy(logits[labelled], truth[labelled], weights)

    def measure(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example], threshold: float | None = None
    ) -> Mapping[str, Statistics]:
        """`accuracy` and `macro_f1`; `threshold` means nothing here."""
        chosen, truth = logits.argmax(axis=1).astype(np.int64), self._truth(examples)
        return {"accuracy": accuracy(chosen, truth), "macro_f1": class_f1(chosen, truth, len(self.answers))}

    def answer(self, logits: Float[np.ndarray, " answer"], asked: Asked) -> Answer:
        """The likeliest class, and the chance of each."""
        scores = best_first(self.answers, softmax(logits / np.float32(asked.temperature)))
        return Answer(self.name, self.head, (scores[0].name,), scores)

    def _truth(self, examples: Sequence[Example]) -> Int64[np.ndarray, " example"]:
        """The class of each example; -1 where it is not labelled."""
        return np.array([example.labels.get(self.name, -1) for example in examples], np.int64)


@dataclass(frozen=True, slots=True)
class LabelsTask:
    """Any number of labels: binary cross-entropy of each; micro- and macro-F1 at one threshold.

    Attributes:
        name: Name of the task.
        answers: Names of the labels.
        main_metric: `micro_f1` or `macro_f1`.
        weights: How much a positive example of each label counts in the loss; empty: as much as a negative one.
    """

    name: str
    answers: tuple[str, ...]
    main_metric: str = "micro_f1"
    weights: tuple[float, ...] = ()

    @property
    def head(self) -> Head:
        """The kind of head that answers this task."""
        return "labels"

    def new_head(self, dim: int) -> nn.Module:
        """One logit per label."""
        return LabelHead(dim, len(self.answers))

    def loss(self, logits: Float[Tensor, "batch answer"], examples: Sequence[Example]) -> Float[Tensor, ""]:
        """Binary cross-entropy, averaged over labels and labelled examples."""
        rows, truth = self._labelled(examples), torch.from_numpy(self._truth(examples)).to(logits)
        if not len(rows):
            return no_loss(logits)
        weights = logits.new_tensor(self.weights) if self.weights else None
        chosen = torch.from_numpy(rows).to(logits.device)
        return functional.binary_cross_entropy_with_logits(logits[chosen], truth[chosen], pos_weight=weights)

    def measure(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example], threshold: float | None = None
    ) -> Mapping[str, Statistics]:
        """`micro_f1` and `macro_f1` when labels with a probability of at least `threshold` (.5) are chosen."""
        truth = self._truth(examples)
        chosen = self._chosen(logits, examples, 0.5 if threshold is None else threshold)
        return {"micro_f1": micro_f1(chosen, truth), "macro_f1": macro_f1(chosen, truth)}

    def choose_threshold(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example]
    ) -> float | None:
        """The multiple of .05 with the best micro-F1 on these examples; the lowest of equals."""
        truth = self._truth(examples)
        values = [micro_f1(self._chosen(logits, examples, threshold), truth).value for threshold in THRESHOLDS]
        return THRESHOLDS[int(np.argmax(np.nan_to_num(values)))]

    def slices(self, example: Example) -> tuple[str, ...]:
        """Every example counts in `all`."""
        return ("all",)

    def answer(self, logits: Float[np.ndarray, " answer"], asked: Asked) -> Answer:
        """The labels that are probable enough, and the chance of each."""
        threshold = warmed(asked.threshold or 0.5, asked.temperature)
        scores = best_first(self.answers, 1 / (1 + np.exp(-logits / np.float32(asked.temperature))))
        chosen = tuple(score.name for score in scores if score.value >= threshold)
        return Answer(self.name, self.head, chosen, scores, threshold)

    def _labelled(self, examples: Sequence[Example]) -> Int64[np.ndarray, " labelled"]:
        return np.array([at for at, example in enumerate(examples) if self.name in example.labels], np.int64)

    def _truth(self, examples: Sequence[Example]) -> Bool[np.ndarray, "example answer"]:
        truth = np.zeros((len(examples), len(self.answers)), np.bool_)
        for row, example in enumerate(examples):
            truth[row, positions(example.labels.get(self.name))] = True
        return truth

    def _chosen(
        self, logits: Float[np.ndarray, "example answer"], examples: Sequence[Example], threshold: float
    ) -> Bool[np.ndarray, "example answer"]:
        """Labels that are probable enough; none for examples that are not labelled."""
        chosen = np.zeros(logits.shape, np.bool_)
        rows = self._labelled(examples)
        chosen[rows] = logits[rows] >= np.log(threshold / (1 - threshold))
        return chosen


def class_task(learned: Learned, *, balanced: bool = False) -> ClassTask:
    """The task of a column with classes; balanced, all classes count alike in the loss, and macro-F1 is what counts."""
    if not balanced:
        return ClassTask(learned.task, learned.answers)
    return ClassTask(learned.task, learned.answers, "macro_f1", tuple(balanced_weights(learned.counts).tolist()))


def pair_task(learned: Learned, *, balanced: bool = False) -> ClassTask:
    """The task of a column that says how a text stands to what is retrieved for it; macro-F1 is what counts."""
    return replace(class_task(learned, balanced=balanced), main_metric="macro_f1", pairs=True)


def labels_task(learned: Learned, *, balanced: bool = False) -> LabelsTask:
    """The task of a column with labels; balanced, examples with a label count √(without / with) times."""
    if not balanced:
        return LabelsTask(learned.task, learned.answers)
    having = np.maximum(np.asarray(learned.counts, np.float64), 1)
    weights = np.sqrt(np.maximum(len(learned.train) - having, 1) / having)
    return LabelsTask(learned.task, learned.answers, "macro_f1", tuple(weights.tolist()))


def balanced_weights(counts: Sequence[int]) -> Float32[np.ndarray, " answer"]:
    """Weights in proportion to 1 / count, with a mean of 1 over the examples; a count of 0 weighs 0.

    >>> balanced_weights([2, 4]).tolist()
    [1.5, 0.75]
    """
    number = np.asarray(counts, np.float32)
    present = number > 0
    shares = np.divide(1, number, out=np.zeros_like(number), where=present)
    return np.asarray(shares * number.sum() / present.sum(), np.float32)
