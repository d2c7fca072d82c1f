from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ragmtl.assembly import Assembly
from ragmtl.config import ModelConfig
from ragmtl.errors import DataError, MismatchError
from ragmtl.evaluate import evaluate
from ragmtl.models.batch import Reading, Vectors
from ragmtl.retrieval.query import Query
from ragmtl.sizes import HeadSize, ModelSize, build_model
from ragmtl.tasks.base import Example, Source, Split
from ragmtl.tasks.classify import ClassTask, LabelsTask
from ragmtl.training.epochs import Epoch, aggregate
from ragmtl.training.train import Trainer, TrainingSettings

TASKS = (ClassTask("sign", ("minus", "plus")), LabelsTask("parts", ("first", "second")))
SETTINGS = TrainingSettings(epochs=3, patience=3, batch_size=8, device="cpu", checkpoint_every=2, seed=3)
WIDTH = 6


def assembly(splits: tuple[Split, ...] = ("train", "valid", "test"), number: int = 60) -> Assembly:
    """Points; a task for the sign of the first number, and one for which numbers are positive."""
    points = np.random.default_rng(0).normal(size=(number, WIDTH)).astype(np.float32)
    examples = [
        Example(
            id=str(row),
            query=Query(text="point"),
            labels={"sign": int(point[0] > 0)} if row % 5 else {"parts": tuple(np.flatnonzero(point[:2] > 0).tolist())},
            group=str(row),
            split=splits[row % len(splits)],
        )
        for row, point in enumerate(points)
    ]
    readings = [Reading(point[None], None, np.zeros(0, np.int64), {}) for point in points]
    vectors = Vectors(np.zeros((1, WIDTH), np.float32), np.zeros(1, np.int64), np.zeros((0, WIDTH), np.float32))
    return Assembly(Source.of("points", examples, TASKS), readings, vectors, {})


def trainer(folder: Path, settings: TrainingSettings = SETTINGS, fingerprint: str = "points") -> Trainer:
    torch.manual_seed(settings.seed)
    heads = {"sign": HeadSize(kind="class", answers=2), "parts": HeadSize(kind="labels", answers=2)}
    small = ModelConfig(dim=16, layers=1, attention_heads=2)
    model = build_model(ModelSize(text_dim=WIDTH, segment_dim=WIDTH, relations=1, ids=0, settings=small, heads=heads))
    return Trainer(model, [assembly()], settings, folder, fingerprint=fingerprint)


def kill_at(step: int) -> Callable[[int, int, Epoch | None], None]:
    def report(done: int, total: int, ended: Epoch | None) -> None:
        if done == step:
            raise KeyboardInterrupt

    return report


def test_it_learns_both_tasks(tmp_path: Path) -> None:
    longer = TrainingSettings(epochs=25, patience=25, batch_size=8, device="cpu", learning_rate=1e-2, conflicts=0)
    done = trainer(tmp_path, longer)
    done.fit()
    found = evaluate(done.model, done.assemblies[0], "test", done.best_epoch().thresholds)
    assert found["sign"].value("accuracy") > 0.8
    assert found["parts"].value("micro_f1") > 0.6
    assert {path.name for path in tmp_path.iterdir()} == {"last", "best", "best-sign", "best-parts"}


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    """Trained without a break."""
    done = trainer(tmp_path_factory.mktemp("straight"))
    done.fit()
    return done


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 7, 8])
def test_killed_at_any_step_it_ends_with_the_same_weights(straight: Trainer, tmp_path: Path, step: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "killed").fit(kill_at(step))
    resumed = trainer(tmp_path / "killed")
    resumed.fit()
    for name, tensor in straight.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name]), name
    assert straight.progress.epochs == resumed.progress.epochs


@pytest.mark.parametrize("method", ["fixed", "uncertainty", "dwa", "gradnorm", "pcgrad", "nash-mtl", "upgrad"])
def test_every_balance_goes_on_as_if_it_had_not_been_killed(tmp_path: Path, method: str) -> None:
    if method == "pcgrad":
        pytest.importorskip("torchjd", reason="needs ragmtl[balance]")
    settings = replace(SETTINGS, balance=method)
    straight = trainer(tmp_path / "straight", settings)
    straight.fit()
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "killed", settings).fit(kill_at(5))
    resumed = trainer(tmp_path / "killed", settings)
    resumed.fit()
    for name, tensor in straight.model.state_dict().items():
        assert torch.equal(tensor, resumed.model.state_dict()[name]), name
    assert straight.progress.epochs == resumed.progress.epochs


def test_looking_at_conflicts_changes_no_weights(straight: Trainer, tmp_path: Path) -> None:
    assert all(-1 <= epoch.conflict["sign | parts"] <= 1 for epoch in straight.progress.epochs)
    blind = trainer(tmp_path / "blind", replace(SETTINGS, conflicts=0))
    assert all(epoch.conflict == {} for epoch in blind.fit())
    for name, tensor in straight.model.state_dict().items():
        assert torch.equal(tensor, blind.model.state_dict()[name]), name


def test_one_lucky_epoch_is_not_the_best(tmp_path: Path) -> None:
    def epoch(number: int, sign: float, parts: float) -> Epoch:
        return Epoch(number, number, {}, {"sign": sign, "parts": parts}, {}, aggregate([sign, parts]))

    done = trainer(tmp_path)
    figures = [(0.9, 0.5), (0.8, 0.5), (0.5, 0.5), (0.7, float("nan")), (0.9, 0.6), (0.6, 0.6)]
    done.progress.epochs = [epoch(number, *pair) for number, pair in enumerate(figures, 1)]
    assert [done._best(task).epoch for task in ("sign", "parts")] == [3, 3]
    assert done.best_epoch().epoch == 3
    done.progress.epochs.append(epoch(7, 0.75, 0.6))
    assert [done._best(task).epoch for task in ("sign", "parts")] == [7, 7]
    done.progress.epochs = done.progress.epochs[:2]
    assert done.best_epoch().epoch == 2


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path).fit(kill_at(3))
    with pytest.raises(MismatchError, match="expected a checkpoint of the same data and settings"):
        trainer(tmp_path, fingerprint="others").fit()


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path).fit(kill_at(3))
    weights = next((tmp_path / "last").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(MismatchError, match="truncated"):
        trainer(tmp_path).fit()


def test_a_task_without_validation_rows_is_refused(tmp_path: Path) -> None:
    heads = {"sign": HeadSize(kind="class", answers=2), "parts": HeadSize(kind="labels", answers=2)}
    small = ModelConfig(dim=16, layers=1, attention_heads=2)
    model = build_model(ModelSize(text_dim=WIDTH, segment_dim=WIDTH, relations=1, ids=0, settings=small, heads=heads))
    with pytest.raises(DataError, match="expected labelled examples in the split 'valid', found none"):
        Trainer(model, [assembly(("train", "test"))], SETTINGS, tmp_path)


def test_the_aggregate_does_not_care_for_units() -> None:
    assert aggregate([0.5, 0.22]) / aggregate([0.5, 0.2]) == pytest.approx(
        aggregate([0.55, 0.2]) / aggregate([0.5, 0.2])
    )
    assert aggregate([float("nan"), 0.0]) == pytest.approx(1e-3)
