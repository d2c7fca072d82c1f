from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from ragmtl.errors import DataError
from ragmtl.models.heads.given import HeadInput
from ragmtl.retrieval.query import Query
from ragmtl.tasks.answer import Asked
from ragmtl.tasks.base import Example, Source, Task
from ragmtl.tasks.classify import class_task
from ragmtl.tasks.examples import Columns, read_examples
from ragmtl.tasks.regress import Loss, NumberTask, number_task
from ragmtl.tasks.targets import Learned, Target

TASK = NumberTask("stars", 5.0, 2.0, "stars")
EXAMPLES = [
    Example(str(at), Query("x"), {} if label is None else {"stars": label}, str(at), "train")
    for at, label in enumerate([1.0, 4.0, None, 9.0])
]
STARS = Target("stars", "stars", "number", partial(number_task, unit="stars"))
MOOD = Target("mood", "mood", "class", class_task)
ROWS: list[dict[str, object]] = [
    {"text": "poor", "stars": "1.5", "mood": "dark", "split": "train"},
    {"text": "good", "stars": 8, "mood": "light", "split": "train"},
    {"text": "fine", "stars": None, "mood": "light", "split": "train"},
    {"text": "so so", "stars": 5, "mood": None, "split": "valid"},
    {"text": "hm", "stars": 4, "mood": "dark", "split": "valid"},
]


def _read(folder: Path, rows: list[dict[str, object]], *targets: Target) -> Source:
    path = folder / "reviews.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return read_examples(path, Columns(text="text", split="split"), targets)


def test_metrics_of_a_number() -> None:
    found = TASK.measure(np.array([[2.0], [4.0], [100.0], [7.0]], np.float32), EXAMPLES)
    truth, off = np.array([1.0, 4.0, 9.0]), np.array([1.0, 0.0, -2.0])
    assert found["mae"].value == pytest.approx(1.0)
    assert found["rmse"].value == pytest.approx(np.sqrt(5 / 3))
    assert found["mae_of_mean"].value == pytest.approx((4 + 1 + 4) / 3)
    assert found["r2"].value == pytest.approx(1 - (off**2).sum() / ((truth - truth.mean()) ** 2).sum())
    assert all(len(one) == 4 for one in found.values())
    assert np.isnan(TASK.measure(np.zeros((0, 1), np.float32), [])["r2"].value)


@pytest.mark.parametrize("error", ["squared", "absolute", "huber"])
def test_the_loss_is_in_units_of_the_spread_and_masks_what_is_missing(error: Loss) -> None:
    task = NumberTask("stars", 5.0, 2.0, "stars", error)
    logits = torch.tensor([[2.0], [4.0], [1e6], [5.0]], requires_grad=True)
    loss = task.loss(logits, EXAMPLES)
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad[2, 0] == 0
    off = np.array([0.5, 0.0, 2.0])
    each = {"squared": off**2, "absolute": off, "huber": np.where(off < 1, off**2 / 2, off - 0.5)}[error]
    assert float(loss.detach()) == pytest.approx(each.mean())
    assert float(task.loss(logits, [EXAMPLES[2]] * 4).detach()) == 0


def test_a_new_head_says_about_the_mean() -> None:
    torch.manual_seed(0)
    head = TASK.new_head(8)
    torch.nn.init.zeros_(head.linear.weight)  # type: ignore[union-attr,arg-type]
    torch.nn.init.zeros_(head.linear.bias)  # type: ignore[union-attr,arg-type]
    assert head(HeadInput(torch.randn(3, 8), torch.zeros(3, 4), None)).tolist() == [[5.0]] * 3


def test_a_number_is_shown_with_what_is_usual() -> None:
    answer = TASK.answer(np.array([7.26], np.float32), Asked(EXAMPLES[0], str))
    assert isinstance(TASK, Task)
    assert (answer.chosen, answer.scores, answer.kind) == (("7.3",), (), "number")
    assert "stars is 5.0 on average" in answer.meaning


def test_numbers_stand_beside_classes_in_a_table(tmp_path: Path) -> None:
    source = _read(tmp_path, ROWS, STARS, MOOD)
    number, classes = source.tasks
    assert isinstance(number, NumberTask)
    assert (number.middle, number.spread) == (4.75, 3.25)
    assert classes.answers == ("dark", "light")
    assert [dict(example.labels) for example in source.examples] == [
        {"stars": 1.5, "mood": 0},
        {"stars": 8.0, "mood": 1},
        {"mood": 1},
        {"stars": 5.0},
        {"stars": 4.0, "mood": 0},
    ]


@pytest.mark.parametrize("bad", ["four", "nan", "1e999", [1, 2]])
def test_what_is_no_number_names_its_line(tmp_path: Path, bad: object) -> None:
    with pytest.raises(DataError, match=r"reviews\.jsonl:2: expected a finite number in 'stars'"):
        _read(tmp_path, [ROWS[0], ROWS[1] | {"stars": bad}, *ROWS[2:]], STARS)


def test_numbers_that_are_all_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected numbers that differ in 'stars', found 3 in all 2 training rows"):
        _read(tmp_path, [row | {"stars": 3} for row in (ROWS[0], ROWS[1], ROWS[3])], STARS)


def test_counts_of_training_labels() -> None:
    assert Learned("tags", ("a", "b"), [(0, 1), (1,), ()]).counts == [1, 2]
