from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from ragmtl.compare import (
    ARMS,
    Arm,
    choose_arms,
    compare,
    contrasts,
    figures,
    load_measured,
    save_measured,
)
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.evaluate import Measured
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Label, Task
from ragmtl.tasks.classify import ClassTask, LabelsTask
from ragmtl.tasks.metrics import mean
from ragmtl.tasks.recommendation.recommend import RankingTask

NUMBER = 20
SIGN = ClassTask("sign", ("minus", "plus"))
PARTS = LabelsTask("parts", ("first", "second"))
NEXT = RankingTask("next", tuple(f"http://x/{item}" for item in range(5)))
TASKS = (SIGN, PARTS, NEXT)


def measured(task: Task, right: int, threshold: float | None = None) -> Measured:
    """A task on 20 examples in 10 groups, of which the first so many are answered rightly."""
    labels: dict[str, Label] = {"sign": 1, "parts": (0,), "next": 1}
    examples = [
        Example(str(row), Query(), {task.name: labels[task.name]}, f"g{row // 2}", "test", past={"next": np.array([0])})
        for row in range(NUMBER)
    ]
    logits = np.zeros((NUMBER, len(task.answers)), np.float32)
    answer = {"sign": 1, "parts": 0, "next": 1}[task.name]
    logits[:right, answer] = 5
    logits[right:, answer - 1] = 5
    slices = {"all": np.ones(NUMBER, np.bool_), "late": np.arange(NUMBER) >= NUMBER // 2}
    groups = tuple(example.group for example in examples)
    attention = {"none": mean(np.full(NUMBER, 0.4), np.arange(NUMBER) % 2 > 0)}
    return Measured(task.name, dict(task.measure(logits, examples, threshold)), groups, slices, threshold, attention)


@pytest.mark.parametrize(("task", "threshold"), [(SIGN, None), (PARTS, 0.35), (NEXT, None)])
def test_what_was_measured_comes_back(task: Task, threshold: float | None, tmp_path: Path) -> None:
    found = measured(task, 13, threshold)
    save_measured({task.name: found}, tmp_path)
    again = load_measured(tmp_path / f"{task.name}.npz", task)
    assert (again.task, again.groups, again.threshold) == (found.task, found.groups, found.threshold)
    assert set(again.metrics) == set(found.metrics)
    for part, chosen in found.slices.items():
        assert again.slices[part].tolist() == chosen.tolist()
        for metric in found.metrics:
            assert again.value(metric, part) == found.value(metric, part)
    assert {name: one.value for name, one in again.attention.items()} == {"none": pytest.approx(0.4)}
    assert [path.name for path in tmp_path.iterdir()] == [f"{task.name}.npz"]


def test_figures_of_another_task_are_refused(tmp_path: Path) -> None:
    save_measured({"sign": measured(SIGN, 3)}, tmp_path)
    with pytest.raises(MismatchError, match="expected figures of the task 'next'"):
        load_measured(tmp_path / "sign.npz", NEXT)
    (tmp_path / "foreign.npz").write_bytes(b"PK nothing of the kind")
    with pytest.raises(MismatchError, match=r"foreign\.npz"):
        load_measured(tmp_path / "foreign.npz", SIGN)


def test_arms_are_chosen_by_name() -> None:
    assert choose_arms([]) == ARMS
    assert [arm.name for arm in choose_arms(["rag-mtl", "single"])] == ["single", "rag-mtl"]
    with pytest.raises(ConfigError, match="found best, worst"):
        choose_arms(["worst", "mtl", "best"])


class Training:
    """Stands in for training: knowledge makes more answers right."""

    def __init__(self) -> None:
        self.done: list[tuple[str, tuple[str, ...], int]] = []

    def __call__(self, arm: Arm, tasks: Sequence[str], seed: int, place: Path) -> Mapping[str, Measured]:
        self.done.append((arm.name, tuple(tasks), seed))
        right = {"retrieved": 18, "none": 5, "random-passages": 6, "shuffled-graph": 5}[arm.evidence] + seed
        return {task.name: measured(task, right) for task in TASKS if task.name in tasks}


def test_each_arm_is_trained_once_per_seed(tmp_path: Path) -> None:
    training = Training()
    found = compare("points", TASKS, ARMS, (0, 1), tmp_path, training)
    single = [("single", (task.name,), seed) for seed in (0, 1) for task in TASKS]
    assert sorted(done for done in training.done if done[0] == "single") == sorted(single)
    together = ("sign", "parts", "next")
    assert [done for done in training.done if done[0] == "mtl"] == [("mtl", together, 0), ("mtl", together, 1)]
    assert len(training.done) == 2 * (2 * len(TASKS) + 4)
    assert found.seeds == (0, 1)
    assert {row.seeds for row in found.rows} == {(0, 1)}
    assert {row.arm for row in found.rows} == {arm.name for arm in ARMS}


def test_an_interrupted_comparison_goes_on(tmp_path: Path) -> None:
    class Killed(Training):
        def __call__(self, arm: Arm, tasks: Sequence[str], seed: int, place: Path) -> Mapping[str, Measured]:
            if len(self.done) == 4:
                raise KeyboardInterrupt
            return super().__call__(arm, tasks, seed, place)

    killed, training, straight = Killed(), Training(), Training()
    with pytest.raises(KeyboardInterrupt):
        compare("points", TASKS, ARMS, (0,), tmp_path / "a", killed)
    resumed = compare("points", TASKS, ARMS, (0,), tmp_path / "a", training)
    expected = compare("points", TASKS, ARMS, (0,), tmp_path / "b", straight)
    assert killed.done + training.done == straight.done
    assert (resumed.rows, resumed.differences) == (expected.rows, expected.differences)
    third = Training()
    assert compare("points", TASKS, ARMS, (0,), tmp_path / "a", third).rows == expected.rows
    assert third.done == []


def test_seeds_are_averaged(tmp_path: Path) -> None:
    found = compare("points", (SIGN,), choose_arms(["mtl"]), (0, 1), tmp_path, Training())
    row = next(row for row in found.rows if row.metric == "accuracy" and row.slice == "all")
    assert row.value == pytest.approx((5 + 6) / 2 / NUMBER)
    assert row.low <= row.value <= row.high


def test_differences_are_paired() -> None:
    arms = {"mtl": [measured(SIGN, 6)], "rag-mtl": [measured(SIGN, 18)], "random-passages": [measured(SIGN, 6)]}
    found = {(one.arm, one.against): one for one in contrasts(arms) if one.metric == "accuracy" and one.slice == "all"}
    assert set(found) == {("rag-mtl", "mtl"), ("random-passages", "mtl"), ("rag-mtl", "random-passages")}
    gain, none = found["rag-mtl", "mtl"], found["random-passages", "mtl"]
    assert gain.value == pytest.approx(12 / NUMBER)
    assert gain.verdict == "better"
    assert (none.value, none.low, none.high) == (0, 0, 0), "the same answers on the same examples"
    assert none.verdict == "no difference shown"


def test_every_slice_and_metric_has_a_row() -> None:
    rows = figures("points", {"mtl": [measured(NEXT, 4)]}, (0,))
    assert {row.slice for row in rows} == {"all", "late"}
    assert {row.metric for row in rows} >= {"hr@1", "hr@10", "ndcg@10", "mrr"}
    assert {(row.data, row.task, row.split, row.arm) for row in rows} == {("points", "next", "test", "mtl")}
    late = next(row for row in rows if row.slice == "late" and row.metric == "hr@1")
    assert late.value == 0
