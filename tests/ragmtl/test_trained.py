from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ragmtl.errors import MismatchError
from ragmtl.trained import TRAINED, Trained
from tests.ragmtl.conftest import World


@pytest.fixture(scope="module")
def tea(trained: World) -> Trained:
    return Trained.load(trained.run)


def test_a_training_is_written_down(tea: Trained, trained: World) -> None:
    assert [task.name for task in tea.tasks] == ["kind", "notes", "orders", "requests"]
    with (trained.folder / "tastings.csv").open(encoding="utf-8") as file:
        labelled = [row for row in csv.DictReader(file) if row["split"] == "train" and row["notes"]]
    assert tea.tasks[1].examples["train"] == len(labelled)
    assert all(set(task.examples) == {"train", "valid", "test"} for task in tea.tasks)
    assert [epoch.epoch for epoch in tea.epochs] == [1, 2]
    saved = json.loads((trained.run / "run.json").read_text(encoding="utf-8"))
    assert tea.best == saved["best"]["epoch"]
    assert tea.temperatures == saved["temperatures"]
    assert tea.weights > 1000
    assert tea.settings["training"]["epochs"] == 2
    assert "torch" in tea.origin.versions


def test_it_comes_back_as_it_was_saved(tea: Trained, tmp_path: Path) -> None:
    tea.save(tmp_path)
    assert Trained.load(tmp_path) == tea
    assert [path.name for path in tmp_path.iterdir()] == [TRAINED]


def test_curves_have_a_point_for_each_epoch(tea: Trained) -> None:
    assert {curve.name for curve in tea.curves("valid")} == {task.name for task in tea.tasks}
    assert all(curve.steps == (6, 12) for curve in tea.curves("valid"))
    assert {curve.name for curve in tea.losses()} == {task.name for task in tea.tasks}
    unseen = replace(tea, epochs=tuple(replace(epoch, loss={}) for epoch in tea.epochs))
    assert all(curve.steps == () for curve in unseen.losses())


@pytest.mark.parametrize(
    ("old", "new"),
    [('"seed"', '"sead"'), ('"best": ', '"best": 9'), ("{", "["), ('"epoch": 1', '"epochs": 1')],
)
def test_a_damaged_file_is_refused(tea: Trained, tmp_path: Path, old: str, new: str) -> None:
    tea.save(tmp_path)
    text = (tmp_path / TRAINED).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / TRAINED).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MismatchError, match="train again"):
        Trained.load(tmp_path)


def test_a_run_without_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="No such file"):
        Trained.load(tmp_path)
