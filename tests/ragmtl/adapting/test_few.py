from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ragmtl.adapting.adapt import Newcomer
from ragmtl.adapting.few import batch_of, drawn, learn
from ragmtl.adapting.settings import FewSettings
from ragmtl.adapting.starts import Start
from ragmtl.evaluate import evaluate

CPU = torch.device("cpu")


def test_a_smaller_draw_is_a_part_of_a_larger_one(newcomer: Newcomer) -> None:
    small, large = (drawn(newcomer.assembly, newcomer.task, number, seed=1).source for number in (4, 9))
    other = drawn(newcomer.assembly, newcomer.task, 9, seed=2).source
    assert len(small.positions("train")) == 4
    assert set(small.positions("train")) < set(large.positions("train"))
    assert set(large.positions("train")) != set(other.positions("train"))
    assert len(small.positions("valid")) <= 4
    whole = newcomer.assembly.source
    for split in ("train", "valid", "test"):
        assert set(large.positions(split)) <= set(whole.positions(split))
    assert large.positions("test").tolist() == whole.positions("test").tolist()


@pytest.mark.parametrize("most", [3, 4, 10, 50])
def test_every_example_comes_before_any_comes_again(most: int) -> None:
    rows = np.arange(100, 110)
    steps = [batch_of(rows, step, most, seed=0) for step in range(12)]
    assert {len(step) for step in steps} == {min(most, 10)}
    seen = [row for step in steps for row in step]
    for start in range(0, len(seen) - 9, 10):
        assert sorted(seen[start : start + 10]) == rows.tolist()


def test_learning_starts_where_it_is_told_and_keeps_what_was_best(newcomer: Newcomer) -> None:
    few = drawn(newcomer.assembly, newcomer.task, 12, seed=0)
    trunk = Start.of(newcomer.run.size, newcomer.run.model)
    settings = FewSettings(stops=(2, 5))
    found = learn(trunk, few, newcomer.task, settings, 0, CPU)
    assert found.steps in settings.stops
    measured = evaluate(found.model, few, "valid")[newcomer.task.name]
    assert measured.value(newcomer.task.main_metric) == found.value
    again = learn(trunk, few, newcomer.task, settings, 0, CPU)
    assert all(
        torch.equal(one, two) for one, two in zip(found.model.parameters(), again.model.parameters(), strict=True)
    )
    slow = replace(settings, learning_rate=1e-12, weight_decay=0.0)
    unmoved = learn(trunk, few, newcomer.task, slow, 0, CPU).model.state_dict()
    assert trunk.trunk is not None
    for name, tensor in trunk.trunk.items():
        torch.testing.assert_close(unmoved[name], tensor)


def test_fresh_weights_know_nothing_of_the_run(newcomer: Newcomer) -> None:
    trunk = Start.of(newcomer.run.size, newcomer.run.model)
    fresh = trunk.fresh().model_for(newcomer.task, 0)
    torch.testing.assert_close(fresh.text.mean, newcomer.run.model.text.mean)
    assert not torch.equal(fresh.text.project.weight, newcomer.run.model.text.project.weight)
    other = trunk.fresh().model_for(newcomer.task, 1)
    assert not torch.equal(fresh.text.project.weight, other.text.project.weight)
