from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ragmtl.errors import ConfigError
from ragmtl.retrieval.encoders.course import Followed, Pace, follow, forget
from ragmtl.retrieval.progress import Progress

PACE = Pace(epochs=6, batch=4, rate=0.05, patience=9, seed=3, keep_every=0.0)
COUNT = 18


class Line:
    """Learns a line, with dropout, so that everything random counts."""

    def __init__(self, qualities: Sequence[float] | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.inputs = torch.randn(COUNT, 3, generator=generator)
        self.outputs = self.inputs @ torch.tensor([1.0, -2.0, 0.5])
        self.model = nn.Sequential(nn.Dropout(0.2), nn.Linear(3, 1))
        for weight in self.model.parameters():
            nn.init.zeros_(weight)
        self.said = list(qualities or ())

    def weights(self) -> dict[str, Tensor]:
        return dict(self.model.named_parameters())

    def loss(self, rows: Sequence[int]) -> Tensor:
        found: Tensor = self.model(self.inputs[list(rows)])[:, 0]
        return ((found - self.outputs[list(rows)]) ** 2).mean()

    def quality(self) -> float | None:
        return self.said.pop(0) if self.said else None


def learned(
    state: Path, pace: Pace = PACE, progress: Progress | None = None, same: str = "a line"
) -> tuple[Followed, Line]:
    line = Line()
    return follow(line, COUNT, pace, state=state, same=same, progress=progress), line


def equal(first: Line, second: Line) -> bool:
    ours, theirs = first.weights(), second.weights()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("stop", [1, 4, 5, 17, 29])
def test_interrupted_after_any_step_it_ends_with_equal_weights(tmp_path: Path, stop: int) -> None:
    def interrupt(done: int, _: int) -> None:
        if done == stop:
            raise KeyboardInterrupt

    _, whole = learned(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        learned(tmp_path / "parts", progress=interrupt)
    done, parts = learned(tmp_path / "parts")
    assert (done.resumed, done.steps) == (stop, 30)
    assert equal(whole, parts)
    assert not equal(whole, learned(tmp_path / "other", replace(PACE, seed=4))[1])


def test_killed_without_warning_it_goes_on(tmp_path: Path) -> None:
    code = (
        "import sys, time, torch\ntorch.set_num_threads(1)\n"
        "from pathlib import Path\nfrom tests.retrieval.encoders.test_course import learned\n"
        "learned(Path(sys.argv[1]), progress=lambda done, total: time.sleep(120 if done == 12 else 0))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "killed")], cwd=Path(__file__).parents[3])
    until = time.monotonic() + 120
    while not (tmp_path / "killed" / "state.json").exists() and child.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    child.kill()
    assert child.wait() != 0, "it was killed before it was done"
    done, killed = learned(tmp_path / "killed")
    assert 0 < done.resumed < done.steps == 30
    assert equal(killed, learned(tmp_path / "whole")[1])


def test_a_state_of_something_else_or_half_a_state_is_not_gone_on_from(tmp_path: Path) -> None:
    learned(tmp_path / "state")
    assert learned(tmp_path / "state")[0].resumed == 30
    assert learned(tmp_path / "state", same="another line")[0].resumed == 0
    (tmp_path / "state" / "state.safetensors").write_bytes(b"half")
    assert learned(tmp_path / "state", same="another line")[0].resumed == 0
    forget(tmp_path / "state")
    assert not (tmp_path / "state").exists()


def test_it_stops_when_validation_gets_no_better_and_keeps_the_best(tmp_path: Path) -> None:
    line = Line([0.1, 0.5, 0.9, 0.8, 0.7, 0.95])
    seen: list[Tensor] = []

    def watch(done: int, _: int) -> None:
        if done == 10:
            seen.extend(weight.detach().clone() for weight in line.weights().values())

    done = follow(line, COUNT, replace(PACE, patience=2), state=tmp_path / "state", same="", progress=watch)
    assert (done.best, done.steps, done.qualities) == (2, 20, (0.1, 0.5, 0.9, 0.8, 0.7))
    assert all(torch.equal(weight, kept) for weight, kept in zip(line.weights().values(), seen, strict=True))
    assert "0.900 at best (epoch 2 of 4)" in str(done)


def test_where_nothing_gets_better_the_first_weights_stay(tmp_path: Path) -> None:
    line = Line([0.9, 0.5, 0.6])
    done = follow(line, COUNT, replace(PACE, patience=2), state=tmp_path / "state", same="")
    assert done.best == 0
    assert not line.weights()["1.weight"].any()


def test_impossible_paces_and_losses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="epochs"):
        Pace(epochs=-1)
    line = Line()
    line.outputs[:] = float("nan")
    with pytest.raises(ConfigError, match="found nan in step 1"):
        follow(line, COUNT, PACE, state=tmp_path / "state", same="")
