from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Task
from ragmtl.tasks.question import ABSENT, QuestionTask

TASK = QuestionTask("who", 3)


def example(label: tuple[int, ...] | None, nodes: tuple[str, ...] = ("x",)) -> Example:
    labels = {} if label is None else {"who": label}
    return Example("e", Query("?"), labels, "g", "train", nodes={} if label is None else {"who": nodes})


EXAMPLES = [example((1,)), example((2, 3)), example((0,), ()), example(()), example(None)]
LOGITS = np.log(
    np.array(
        [
            [0.1, 0.6, 0.2, 0.1],
            [0.4, 0.1, 0.2, 0.3],
            [0.2, 0.5, 0.2, 0.1],
            [0.1, 0.7, 0.1, 0.1],
            [0.7, 0.1, 0.1, 0.1],
        ]
    )
)


def test_it_is_a_task() -> None:
    assert isinstance(TASK, Task)
    assert TASK.answers == (ABSENT, "node 1", "node 2", "node 3")


def test_the_loss_is_that_of_any_right_place() -> None:
    loss = TASK.loss(torch.from_numpy(LOGITS), EXAMPLES)
    assert float(loss) == pytest.approx(-(math.log(0.6) + math.log(0.5) + math.log(0.2)) / 3)


def test_the_gradient_pulls_up_right_places_only() -> None:
    logits = torch.from_numpy(LOGITS).requires_grad_()
    torch.autograd.backward(TASK.loss(logits, EXAMPLES))
    assert logits.grad is not None
    assert (logits.grad[1] < 0).tolist() == [False, False, True, True]
    assert not logits.grad[3:].any()


def test_nothing_is_learned_where_no_right_node_was_retrieved() -> None:
    logits = torch.from_numpy(LOGITS).requires_grad_()
    loss = TASK.loss(logits, [example(())] * 5)
    torch.autograd.backward(loss)
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_metrics_count_what_was_not_retrieved_as_wrong_and_leave_out_what_was_not_asked() -> None:
    found = TASK.measure(LOGITS, EXAMPLES)
    assert found["hits@1"].value == pytest.approx(1 / 4)
    assert found["hits@3"].value == pytest.approx(3 / 4)
    assert found["mrr"].value == pytest.approx((1 + 1 / 2 + 1 / 2.5 + 0) / 4)
    assert found["retrieved"].value == pytest.approx(3 / 4)
    assert set(found) == {"hits@1", "hits@3", "hits@10", "mrr", "retrieved"}


def test_equal_logits_gain_nothing() -> None:
    assert TASK.measure(np.zeros((1, 4)), [example((1,))])["hits@1"].value == 0


def test_no_examples_can_be_measured() -> None:
    assert math.isnan(TASK.measure(np.zeros((0, 4)), [])["hits@1"].value)


def test_parts_are_questions_with_and_without_an_answer_in_the_graph() -> None:
    assert [TASK.slices(one)[1] for one in EXAMPLES[:3]] == ["in the graph", "in the graph", ABSENT]
