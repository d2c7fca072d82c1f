from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragmtl.config import Config
from ragmtl.errors import MismatchError
from ragmtl.retrieval.index import Index
from ragmtl.training.train import Trainer
from ragmtl.tuned import Tuned
from tests.ragmtl.conftest import Ragmtl, World

optuna = pytest.importorskip("optuna", reason="needs ragmtl[tune]")


@pytest.fixture
def short(config: Config) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update={"epochs": 1, "steps": 3})})


def test_every_search_has_the_same_budget_and_starts_with_the_given_settings(
    short: Config, index: Index, tmp_path: Path
) -> None:
    from ragmtl.tune import tune_arms

    tuned = tune_arms(short, index, tmp_path, 3, arms=["single", "mtl"])
    assert {arm: set(found) for arm, found in tuned.best.items()} == {
        "single": {"kind", "notes", "orders", "requests"},
        "mtl": {"all"},
    }
    for found in tuned.best.values():
        for best in found.values():
            assert best.trials == 3
            assert best.value >= best.first
    assert "temperature" in tuned.best["mtl"]["all"].settings
    assert "temperature" not in tuned.best["single"]["kind"].settings
    assert Tuned.load(tmp_path / "tuned.json") == tuned
    assert not list((tmp_path / "trials").rglob("*.safetensors"))
    first = next(iter(optuna.load_study(study_name="mtl all", storage=_journal(tmp_path)).trials))
    assert first.params["learning_rate"] == short.training.learning_rate
    assert first.params["dropout"] == short.model.dropout


def _journal(folder: Path) -> Any:  # noqa: ANN401 - optuna's
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(folder / "journal.log")))


def test_an_interrupted_search_goes_on(
    short: Config, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ragmtl.tune import tune_arms

    straight = tune_arms(short, index, tmp_path / "a", 3, arms=["mtl"])
    steps = 0
    step = Trainer._step

    def killed(self: Trainer) -> None:
        nonlocal steps
        steps += 1
        if steps == 5:  # in the second trial, whose steps are three
            raise KeyboardInterrupt
        step(self)

    monkeypatch.setattr(Trainer, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        tune_arms(short, index, tmp_path / "b", 3, arms=["mtl"])
    monkeypatch.undo()
    assert tune_arms(short, index, tmp_path / "b", 3, arms=["mtl"]).best == straight.best
    monkeypatch.setattr("ragmtl.tune.fit", None)  # nothing is trained again
    assert tune_arms(short, index, tmp_path / "b", 3, arms=["mtl"]).best == straight.best


def test_a_search_on_other_settings_is_refused(short: Config, index: Index, tmp_path: Path) -> None:
    from ragmtl.tune import tune_arms

    tune_arms(short, index, tmp_path, 2, arms=["mtl"])
    other = short.model_copy(update={"model": short.model.model_copy(update={"layers": 2})})
    with pytest.raises(MismatchError, match="expected a search on this configuration"):
        tune_arms(other, index, tmp_path, 2, arms=["mtl"])


def test_a_comparison_takes_what_was_tuned(ragmtl: Ragmtl, trained: World, tmp_path: Path) -> None:
    index, out = trained.index, tmp_path / "tune"
    called = ragmtl(
        "tune", trained.config, "--index", index, "--out", out, "--trials", 2, "--arm", "mtl", "--epochs", 1
    )
    assert called.code == 0, called.err
    assert "mtl" in called.out
    compared = ragmtl(
        "compare", trained.config, "--index", index, "--out", tmp_path / "c", "--arm", "mtl", "--epochs", 1,
        "--tuned", out / "tuned.json",
    )  # fmt: skip
    assert compared.code == 0, compared.err
    claimed = json.loads((tmp_path / "c" / "comparison.json").read_text())
    assert claimed["tuned"]["best"]["mtl"]["all"]["trials"] == 2
    missing = ragmtl(
        "compare", trained.config, "--index", index, "--out", tmp_path / "d", "--arm", "rag-mtl", "--epochs", 1,
        "--tuned", out / "tuned.json",
    )  # fmt: skip
    assert missing.code == 1
    assert "run `ragmtl tune` with --arm rag-mtl" in missing.err


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "x"}', '{"format": "ragmtl tuning", "best": 3}'])
def test_a_file_of_something_else_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "tuned.json"
    path.write_text(content)
    with pytest.raises(MismatchError, match=r"tuned\.json: expected settings written by `ragmtl tune`"):
        Tuned.load(path)


def test_settings_of_one_search_serve_single_tasks(config: Config) -> None:
    from ragmtl.tuned import Best

    best = Best(0.5, 0.4, 3, {"learning_rate": 0.01, "dropout": 0.25})
    tuned = Tuned("g", "c", {"single": {"kind": best}, "mtl": {"all": best}})
    applied = tuned.applied(config, "single", ["kind"])
    assert (applied.training.learning_rate, applied.model.dropout) == (0.01, 0.25)
    assert applied.training.weight_decay == config.training.weight_decay
    with pytest.raises(MismatchError, match="'single' for notes"):
        tuned.applied(config, "single", ["notes"])
