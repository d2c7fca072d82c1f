from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.optim import AdamW

from ragmtl.adapting.adapt import Newcomer
from ragmtl.adapting.episodes import draw_episode
from ragmtl.adapting.few import loss_on, take_step
from ragmtl.adapting.meta import Meta
from ragmtl.adapting.settings import MetaSettings, Method
from ragmtl.adapting.starts import Start, Trunk
from ragmtl.errors import MismatchError

SMALL = MetaSettings(rounds=3, episodes=2, steps=2, support=(4, 6), asked=4, checkpoint_every=1, pace=0.01)


@pytest.fixture
def start(newcomer: Newcomer) -> Start:
    return Start.of(newcomer.run.size, newcomer.run.model)


def meta(newcomer: Newcomer, method: Method, settings: MetaSettings = SMALL) -> Meta:
    return Meta(method, newcomer.pools, settings, 0, torch.device("cpu"))


def same(one: Trunk | None, other: Trunk | None) -> bool:
    assert one is not None
    assert other is not None
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def test_reptile_that_goes_the_whole_way_is_what_was_adapted(newcomer: Newcomer, start: Start, tmp_path: Path) -> None:
    settings = replace(SMALL, rounds=1, episodes=1, pace=1.0)
    found = meta(newcomer, "reptile", settings).learn(start, tmp_path, "")
    random = np.random.default_rng([0, 0, 0])
    episode = draw_episode(newcomer.pools, settings, random)
    seed = int(random.integers(2**31))
    model = start.model_for(episode.task, seed)
    torch.manual_seed(seed)
    optimiser = AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.0, fused=True)
    for _ in range(settings.steps):
        take_step(model, optimiser, episode.assembly, episode.task, episode.learned)
    assert found.trunk is not None
    for name, parameter in model.named_parameters():
        if name in found.trunk:
            torch.testing.assert_close(found.trunk[name], parameter.detach())


def test_maml_without_steps_is_the_gradient_of_what_is_asked(newcomer: Newcomer, start: Start, tmp_path: Path) -> None:
    settings = replace(SMALL, rounds=1, episodes=1, steps=0)
    found = meta(newcomer, "maml", settings).learn(start, tmp_path, "")
    random = np.random.default_rng([0, 0, 0])
    episode = draw_episode(newcomer.pools, settings, random)
    seed = int(random.integers(2**31))
    model = start.model_for(episode.task, seed).train()
    torch.manual_seed(seed)
    optimiser = AdamW(model.parameters(), lr=settings.pace, weight_decay=0.0)
    loss_on(model, episode.assembly, episode.task, episode.asked).backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    assert found.trunk is not None
    for name, parameter in model.named_parameters():
        if name in found.trunk:
            torch.testing.assert_close(found.trunk[name], parameter.detach())


@pytest.mark.parametrize("method", ["maml", "reptile"])
def test_interrupted_learning_goes_on(newcomer: Newcomer, start: Start, tmp_path: Path, method: Method) -> None:
    straight = meta(newcomer, method).learn(start, tmp_path / "a", "same")

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        meta(newcomer, method).learn(start, tmp_path / "b", "same", stop)
    told: list[int] = []
    resumed = meta(newcomer, method).learn(start, tmp_path / "b", "same", lambda done, _: told.append(done))
    assert told == [3]
    assert same(straight.trunk, resumed.trunk)
    assert not same(straight.trunk, start.trunk)
    with pytest.raises(MismatchError, match="choose another folder"):
        meta(newcomer, method).learn(start, tmp_path / "b", "other")
