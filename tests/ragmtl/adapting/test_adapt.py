from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

import ragmtl.adapting.adapt as adapting
from ragmtl.adapting.adapt import ARMS, Budget, adapt_run
from ragmtl.config import read_config
from ragmtl.errors import ConfigError, DataError, MismatchError
from ragmtl.inspector.adaptation_page import render_adaptation, savings
from ragmtl.predict import Predictor
from ragmtl.report import Comparison
from ragmtl.retrieval.query import Query
from tests.ragmtl.conftest import Ragmtl, World

SMALL = Budget(sizes=(4, 8, 4000), seeds=2, rounds=1, stops=(1, 2))


@pytest.fixture(scope="module")
def adapted(
    trained: World, asking: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Comparison, list[str]]:
    folder, told = tmp_path_factory.mktemp("adapted") / "out", list[str]()
    return folder, adapt_run(trained.run, read_config(asking), folder, budget=SMALL, tell=told.append), told


def test_every_arm_is_measured_with_every_number_of_labels(adapted: tuple[Path, Comparison, list[str]]) -> None:
    _, found, told = adapted
    accuracy = [row for row in found.rows if row.metric == "accuracy"]
    assert {(row.arm, row.slice) for row in accuracy} == {(arm, f"{size} labels") for arm in ARMS for size in (4, 8)}
    assert {row.seeds for row in found.rows} == {(0, 1)}
    assert {(one.arm, one.against) for one in found.differences} == set(adapting.PAIRS)
    assert {(curve.arm, curve.seed, curve.steps) for curve in found.curves} == {
        (arm, seed, (4, 8)) for arm in ARMS for seed in (0, 1)
    }
    assert [line for line in told if "not tried: 4000" in line]
    assert found.notes


def test_the_page_tells_how_many_labels_are_saved(adapted: tuple[Path, Comparison, list[str]]) -> None:
    page = render_adaptation(adapted[1])
    lines = savings(adapted[1])
    assert [line.split()[0] for line in lines] == ["fine-tune", "reptile", "maml"]
    assert all("what scratch reaches with 8 labels" in line for line in lines)
    assert all(line.split(",")[0] in page for line in lines)
    assert "8 labels" in page


def test_what_was_best_on_validation_is_a_run(adapted: tuple[Path, Comparison, list[str]]) -> None:
    folder, _, _ = adapted
    predictor = Predictor.load(folder / "run")
    (answer,) = predictor(Query(text="A grassy green cup.")).answers
    assert answer.task == "light"
    assert answer.chosen[0] in ("True", "False")
    values = {
        path.parts[-4]: json.loads(path.read_text(encoding="utf-8"))["value"]
        for path in (folder / "arms").glob("*/8-labels/seed-0/valid.json")
    }
    kept = json.loads((folder / "run" / "best" / "checkpoint.json").read_text(encoding="utf-8"))["metadata"]
    assert values[kept["arm"]] == max(values.values())


def test_what_was_measured_is_not_measured_again(
    adapted: tuple[Path, Comparison, list[str]], trained: World, asking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, found, _ = adapted
    monkeypatch.setattr(adapting, "_keep_best", lambda *_: None)
    monkeypatch.setattr(adapting, "learn", lambda *_: pytest.fail("learned again"))
    again = adapt_run(trained.run, read_config(asking), folder, budget=SMALL)
    assert again.rows == found.rows
    with pytest.raises(MismatchError, match="expected the adaptation of this"):
        adapt_run(trained.run, read_config(asking), folder, budget=Budget((4,), 1, rounds=2, stops=(1, 2)))


def test_mistakes_are_told(trained: World, asking: Path, tmp_path: Path, ragmtl: Ragmtl) -> None:
    with pytest.raises(ConfigError, match="expected one new task beside those of the run .* found none"):
        adapt_run(trained.run, read_config(trained.config), tmp_path / "a")
    with pytest.raises(ConfigError, match="expected a new task 'dark' .* found light"):
        adapt_run(trained.run, read_config(asking), tmp_path / "b", task="dark")
    with pytest.raises(DataError, match="expected at least 4000 labelled rows for training"):
        adapt_run(trained.run, read_config(asking), tmp_path / "c", budget=Budget((4000,)))
    ranking = asking.read_text(encoding="utf-8").replace('name = "requests"', 'name = "wishes"')
    (asking.parent / "ranking.toml").write_text(ranking, encoding="utf-8")
    with pytest.raises(ConfigError, match="'wishes': expected a table with classes or labels .* found kind 'rank'"):
        adapt_run(trained.run, read_config(asking.parent / "ranking.toml"), tmp_path / "d", task="wishes")
    rows = (asking.parent / "light.csv").read_text(encoding="utf-8")
    (asking.parent / "unmeasured.csv").write_text(rows.replace(",test", ",train"), encoding="utf-8")
    table = asking.read_text(encoding="utf-8").replace('"light.csv"', '"unmeasured.csv"')
    (asking.parent / "unmeasured.toml").write_text(table, encoding="utf-8")
    with pytest.raises(DataError, match="task 'light': expected test rows to measure, found none"):
        adapt_run(trained.run, read_config(asking.parent / "unmeasured.toml"), tmp_path / "e")
    called = ragmtl("adapt", trained.run, trained.config)
    assert called.code == 1
    assert "expected one new task" in called.err


def test_the_command_writes_figures_and_a_page(
    trained: World, asking: Path, tmp_path: Path, ragmtl: Ragmtl, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr(adapting, "Budget", partial(Budget, stops=(1, 2)))
    called = ragmtl("adapt", trained.run, asking, "--labels", 4, "--seeds", 1, "--rounds", 1, "--out", out)
    assert called.code == 0, called.err
    assert "fine-tune" in called.out
    assert Comparison.load(out / "result.json").rows
    assert "how far do few labels lead" in (out / "report.html").read_text(encoding="utf-8")
