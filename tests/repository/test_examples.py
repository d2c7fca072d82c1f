"""The examples of the documentation run as they are written, with few steps of training."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.repository.small_kitchen import small_kitchen

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
KITCHEN = ROOT / "examples" / "kitchen"


def main_of(name: str) -> Any:  # noqa: ANN401 -- each has its own arguments
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]


def test_each_example_is_tried_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = [path.stem for path in EXAMPLES.glob("*.py")]
    assert len(names) >= 3
    assert [name for name in names if f'main_of("{name}")' not in source] == []


def test_looking_at_a_graph(capsys: pytest.CaptureFixture[str]) -> None:
    main_of("look_at_a_graph")(str(KITCHEN / "graph"))
    shown = capsys.readouterr().out
    assert "sumac | " in shown
    assert "sumac —" in shown


def test_retrieving(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_of("retrieve_evidence")(tmp_path, KITCHEN)
    shown = capsys.readouterr().out
    assert "'sumac' is sumac" in shown
    assert "1.00  " in shown, "the best passage"


def test_training_and_explaining(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_of("train_and_explain")(tmp_path, small_kitchen(tmp_path / "kitchen"), epochs=1, steps=4)
    shown = capsys.readouterr().out
    assert "the epoch that was kept: 1 of 1" in shown
    assert "cuisine: " in shown
    assert "on no evidence" in shown
