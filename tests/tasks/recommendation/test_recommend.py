from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Label
from ragmtl.tasks.classify import ClassTask
from ragmtl.tasks.recommendation.recommend import RankingTask, ask, is_new

ITEMS = ("a", "b", "c", "d")


def _example(label: Label | None, past: tuple[int, ...] = ()) -> Example:
    labels = {} if label is None else {"rank": label}
    return Example("x", Query("text"), labels, "x", "train", past={"rank": np.array(past, np.int64)})


def test_the_loss_is_cross_entropy_over_all_items() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]], requires_grad=True)
    loss = RankingTask("rank", ITEMS).loss(logits, [_example(2, (0,)), _example(None)])
    assert loss.item() == pytest.approx(math.log(4))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert not gradient[1].any()


def test_the_loss_leaves_out_the_past_and_the_untrained_but_never_what_is_wanted() -> None:
    task = RankingTask("rank", ITEMS, mask_past=True, untrained=(3,))
    logits = torch.zeros(3, 4, requires_grad=True)
    examples = [_example(2, (0,)), _example(1, (1,)), _example(3, (0, 0, 1))]
    expected = (math.log(2) + math.log(3) + math.log(2)) / 3
    loss = task.loss(logits, examples)
    assert loss.item() == pytest.approx(expected)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.isfinite(gradient).all()
    assert gradient[0, 0] == gradient[0, 3] == 0


def test_several_wanted_items_are_averaged() -> None:
    logits = torch.tensor([[1.0, 2.0, 0.0, 0.0]])
    scores = logits.log_softmax(dim=1)[0]
    loss = RankingTask("rank", ITEMS).loss(logits, [_example((0, 1))])
    assert loss.item() == pytest.approx(-float(scores[0] + scores[1]) / 2)


def test_a_batch_without_labels_has_a_loss_of_zero_with_a_gradient() -> None:
    logits = torch.ones(1, 4, requires_grad=True)
    loss = RankingTask("rank", ITEMS).loss(logits, [_example(None)])
    assert loss.item() == 0
    assert not torch.autograd.grad(loss, logits)[0].any()


def test_the_past_is_no_answer_only_where_the_task_says_so() -> None:
    logits = np.array([[4, 3, 2, 1]], np.float32)
    examples = [_example(2, (0, 1))]
    assert RankingTask("rank", ITEMS).measure(logits, examples)["mrr"].value == pytest.approx(1 / 3)
    assert RankingTask("rank", ITEMS, mask_past=True).measure(logits, examples)["mrr"].value == 1.0
    assert logits.tolist() == [[4, 3, 2, 1]]


def test_every_cut_off_is_measured() -> None:
    logits = np.array([[4, 3, 2, 1], [4, 3, 2, 1], [1, 1, 1, 1]], np.float32)
    measured = RankingTask("rank", ITEMS, cutoffs=(1, 2)).measure(
        logits, [_example(0), _example((1, 2)), _example(None)]
    )
    assert set(measured) == {"hr@1", "hr@2", "recall@1", "recall@2", "ndcg@1", "ndcg@2", "map@1", "map@2", "mrr"}
    assert measured["hr@2"].value == 1.0
    assert measured["recall@2"].value == 0.75
    assert len(measured["mrr"]) == 3


def test_parts_of_the_evaluation() -> None:
    task = RankingTask("rank", ITEMS, parts={"new only": is_new("rank")})
    assert task.slices(_example(2, (0, 1))) == ("all", "new only")
    assert task.slices(_example(1, (0, 1))) == ("all",)
    assert task.slices(_example(None)) == ("all",)


def test_a_question_is_an_example_without_labels() -> None:
    example = ask(Query("text", history=("d", "unknown", "a")), [RankingTask("rank", ITEMS), ClassTask("class", ITEMS)])
    assert example.past["rank"].tolist() == [3, 0]
    assert (list(example.past), example.labels, example.time) == (["rank"], {}, None)
