from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ragmtl.errors import ConfigError
from ragmtl.models.batch import Reading
from ragmtl.read import read_together
from ragmtl.retrieval.query import Query
from ragmtl.training.processes import Processes, computing, refuse_several
from ragmtl.training.train import _shards
from tests.ragmtl.training.test_train import SETTINGS, kill_at, trainer
from tests.ragmtl.training.two import DIVIDED, METHODS

ROOT = Path(__file__).parents[3]
LONGEST = 300


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What two processes saw, where they went on with what one had begun."""
    if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
        pytest.skip("needs gloo")
    folder = tmp_path_factory.mktemp("two")
    with pytest.raises(KeyboardInterrupt):
        trainer(folder / "begun", DIVIDED).fit(kill_at(3))
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    script = str(Path(__file__).with_name("two.py"))
    running = [
        subprocess.Popen(
            [sys.executable, script, str(folder)],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank), "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [process.communicate(timeout=LONGEST)[1] for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0, 0], said
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}


@pytest.mark.parametrize("method", [*METHODS, "begun"])
def test_two_processes_see_the_losses_of_one(two: dict[str, Any], method: str, tmp_path: Path) -> None:
    settings = DIVIDED if method == "begun" else replace(DIVIDED, balance=method)
    alone = trainer(tmp_path, settings)
    epochs = alone.fit()
    assert two[method]["count"] == 2
    for epoch, seen in zip(epochs, two[method]["losses"], strict=True):
        assert seen == pytest.approx(dict(epoch.loss), rel=1e-4)
    weights = sum(float(parameter.detach().double().sum()) for parameter in alone.model.parameters())
    assert two[method]["weights"] == pytest.approx(weights, rel=1e-4, abs=1e-3)


def test_processes_tell_each_other(two: dict[str, Any]) -> None:
    assert two["parts"] == [0, 1]


def test_shards_follow_the_whole_batch_where_nothing_is_random(tmp_path: Path) -> None:
    whole, cut = trainer(tmp_path / "a"), trainer(tmp_path / "b", replace(SETTINGS, shards=3))
    draw = whole.mixture.draw(0)
    whole.model.eval()
    cut.model.eval()
    losses, _ = whole.lessons.whole(draw)
    divided, _ = cut.lessons.divided(draw, 3, [0])
    assert {name: float(loss.detach()) for name, loss in divided.items()} == pytest.approx(
        {name: float(loss.detach()) for name, loss in losses.items()}, rel=1e-5
    )


def test_more_shards_than_examples_are_empty(tmp_path: Path) -> None:
    one = trainer(tmp_path, replace(SETTINGS, shards=20))
    one.model.eval()
    draw = one.mixture.draw(0)
    assert len(draw.chosen) < 20
    losses, divided = one.lessons.whole(draw)[0], one.lessons.divided(draw, 20, [0])[0]
    for name, loss in losses.items():
        assert float(divided[name].detach()) == pytest.approx(float(loss.detach()), rel=1e-5)


def test_shards_must_be_shared_out_evenly() -> None:
    three = Processes(0, 3, torch.device("cpu"))
    assert _shards(SETTINGS, three) == 3
    assert _shards(replace(SETTINGS, shards=6), three) == 6
    with pytest.raises(ConfigError, match="expected `training.shards` to be a multiple of the number of processes"):
        _shards(replace(SETTINGS, shards=4), three)


def test_reading_is_shared_out_and_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    queries = [Query(text=str(row)) for row in range(7)]
    asked: list[str] = []

    def read(some: Sequence[Query]) -> list[Reading]:
        asked.extend(query.text for query in some)
        return [reading(int(query.text)) for query in some]

    def everyone(self: Processes, value: list[Reading]) -> list[list[Reading]]:
        others = [[reading(row) for row in range(first, 7, 3)] for first in range(3)]
        return [value if place == self.index else one for place, one in enumerate(others)]

    monkeypatch.setattr(Processes, "exchange", everyone)
    found = read_together(queries, Processes(1, 3, torch.device("cpu")), read)
    assert asked == ["1", "4"]
    assert [int(one.segments[0, 0]) for one in found] == list(range(7))


def reading(row: int) -> Reading:
    return Reading(np.full((1, 1), row, np.float32), None, np.zeros(0, np.int64), {})


def test_what_one_process_does_is_refused_to_several(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_several("a comparison")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="expected one process for a comparison, found 2"):
        refuse_several("a comparison")


def test_bfloat16_learns_too(tmp_path: Path) -> None:
    one = trainer(tmp_path, replace(SETTINGS, epochs=1, precision="bfloat16"))
    with computing(one.device, "bfloat16"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
    (epoch,) = one.fit()
    assert all(loss == loss for loss in epoch.loss.values())
    assert {parameter.dtype for parameter in one.model.parameters()} == {torch.float32}
