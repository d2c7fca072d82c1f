from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from torch.nn import functional

from ragmtl.models.heads.labels import ClassHead
from ragmtl.models.heads.pair import PairHead
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Label
from ragmtl.tasks.classify import ClassTask, LabelsTask, balanced_weights, class_task, labels_task, pair_task
from ragmtl.tasks.targets import Learned

CUISINE = ClassTask("cuisine", ("french", "thai", "greek"))
DIET = LabelsTask("diet", ("vegan", "halal"))


def _examples(*labels: Mapping[str, Label]) -> list[Example]:
    return [Example(str(at), Query("text"), given, str(at), "train") for at, given in enumerate(labels)]


def test_missing_classes_are_masked_in_the_loss() -> None:
    logits = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    loss = CUISINE.loss(logits, _examples({"cuisine": 2}, {}, {"cuisine": 0}))
    assert torch.allclose(loss, functional.cross_entropy(logits[[0, 2]], torch.tensor([2, 0])))


def test_missing_labels_are_masked_in_the_loss_and_none_is_an_answer() -> None:
    logits = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    loss = DIET.loss(logits, _examples({"diet": (0, 1)}, {"cuisine": 1}, {"diet": ()}))
    truth = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    assert torch.allclose(loss, functional.binary_cross_entropy_with_logits(logits[[0, 2]], truth))


@pytest.mark.parametrize("task", [CUISINE, DIET], ids=lambda task: task.name)
def test_a_batch_without_labels_has_a_loss_of_zero_with_a_gradient(task: ClassTask | LabelsTask) -> None:
    logits = torch.ones(2, len(task.answers), requires_grad=True)
    loss = task.loss(logits, _examples({}, {}))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == 0
    assert not gradient.any()


def test_weights_change_what_counts() -> None:
    logits = torch.zeros(2, 3)
    logits[0, 0] = 5
    examples = _examples({"cuisine": 0}, {"cuisine": 1})
    only_second = ClassTask("cuisine", CUISINE.answers, weights=(0.0, 1.0, 1.0)).loss(logits, examples)
    assert torch.allclose(only_second, functional.cross_entropy(logits[1:], torch.tensor([1])))
    heavy = LabelsTask("diet", DIET.answers, weights=(3.0, 1.0)).loss(torch.zeros(1, 2), _examples({"diet": (0,)}))
    assert heavy.item() == pytest.approx(4 * np.log(2) / 2)
    assert balanced_weights([2, 0, 2]).tolist() == [1.0, 0.0, 1.0]


def test_classes_are_measured_over_labelled_examples() -> None:
    logits = np.array([[9, 0, 0], [0, 9, 0], [0, 9, 0]], np.float32)
    measured = CUISINE.measure(logits, _examples({"cuisine": 0}, {"cuisine": 2}, {}))
    assert measured["accuracy"].value == 0.5
    assert measured["macro_f1"].value == pytest.approx(1 / 3)
    assert len(measured["accuracy"]) == 3
    assert CUISINE.choose_threshold(logits, _examples({}, {}, {})) is None


def test_labels_are_measured_at_the_threshold_that_is_best_on_validation() -> None:
    generator = np.random.default_rng(0)
    truth = generator.random((300, 2)) < 0.3
    logits = (truth * 1.5 - 2 + generator.normal(size=(300, 2))).astype(np.float32)
    examples = _examples(*[{"diet": tuple(np.flatnonzero(row).tolist())} for row in truth])
    threshold = DIET.choose_threshold(logits, examples)
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    scores = {t / 20: f1_score(truth, probabilities >= t / 20, average="micro") for t in range(1, 20)}
    assert threshold == pytest.approx(max(scores, key=lambda t: (scores[t], -t)))
    assert DIET.measure(logits, examples, threshold)["micro_f1"].value == pytest.approx(max(scores.values()))
    assert DIET.measure(logits, examples)["micro_f1"].value == pytest.approx(scores[0.5])
    assert DIET.measure(logits, examples)["macro_f1"].value == pytest.approx(
        f1_score(truth, probabilities >= 0.5, average="macro")
    )


def test_labels_chosen_for_examples_without_labels_count_for_nothing() -> None:
    logits = np.full((2, 2), 9, np.float32)
    measured = DIET.measure(logits, _examples({"diet": (0, 1)}, {}))
    assert measured["micro_f1"].value == 1.0
    assert not measured["micro_f1"].rows[1].any()


def test_balanced_tasks_weigh_rare_answers_more_and_are_chosen_by_macro_f1() -> None:
    classes = class_task(Learned("mood", ("dark", "odd"), [0, 0, 0, 1]), balanced=True)
    assert classes.main_metric == "macro_f1"
    assert classes.weights == pytest.approx((2 / 3, 2))
    labels = labels_task(Learned("tags", ("a", "b"), [(0, 1), (0,), (0,), (0,), ()]), balanced=True)
    assert labels.main_metric == "macro_f1"
    assert labels.weights == pytest.approx((0.5, 2))
    assert class_task(Learned("mood", ("dark", "odd"), [0, 1])).weights == ()


def test_a_pair_is_a_class_with_a_head_that_compares() -> None:
    task = pair_task(Learned("claim", ("contradict", "support"), [0, 1, 1]), balanced=True)
    assert (task.head, task.main_metric, len(task.weights)) == ("class", "macro_f1", 2)
    assert isinstance(task.new_head(8), PairHead)
    assert isinstance(replace(task, pairs=False).new_head(8), ClassHead)
