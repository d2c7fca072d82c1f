"""Going on from a run whose tables have since got another class."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ragmtl.models.checkpoint import load_checkpoint
from tests.ragmtl.conftest import Ragmtl, World

WHITE = """w0,"Hay, melon and a soft down on the buds.",https://tea.example/sencha,white,floral,train
w1,"Pale, melon, hay.",https://tea.example/keemun,white,floral,valid
"""


@pytest.fixture
def world(trained: World, tmp_path: Path) -> World:
    world = trained.copy(tmp_path / "world")
    world.edit("tastings.csv", lambda text: text.rstrip() + "\n" + WHITE)
    world.replace("tea.toml", "epochs = 2\nsteps = 6", "epochs = 1\nsteps = 1\nlearning_rate = 1e-9")
    return world


def test_known_classes_are_kept_and_a_new_one_begins_between_them(world: World, ragmtl: Ragmtl) -> None:
    called = ragmtl("train", world.config, "--index", world.index, "--out", world.folder / "more", "--from", world.run)
    assert called.code == 0, called.err
    assert "kind: of 4 answers, 1 new (white)" in " ".join((called.out + called.err).split())
    old, new = (load_checkpoint(folder / "best").tensors for folder in (world.run, world.folder / "more"))
    name = "heads.task kind.linear.weight"
    assert (len(old[name]), len(new[name])) == (3, 4)
    torch.testing.assert_close(new[name][:3], old[name], atol=1e-6, rtol=0)
    assert (new[name][3] <= old[name].max(0).values + 1e-6).all()
    assert (new[name][3] >= old[name].min(0).values - 1e-6).all()
    torch.testing.assert_close(new["passages.0.weight"], old["passages.0.weight"], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dim = 16", "dim = 32", "expected [model] as in"),
        ('name = "notes"', 'name = "tastes"', "`ragmtl adapt` adds a task"),
    ],
)
def test_another_model_or_other_tasks_are_refused(world: World, ragmtl: Ragmtl, old: str, new: str, said: str) -> None:
    world.replace("tea.toml", old, new)
    called = ragmtl("train", world.config, "--index", world.index, "--out", world.folder / "more", "--from", world.run)
    assert called.code == 1
    assert said in " ".join(called.err.split())
