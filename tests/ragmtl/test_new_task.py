"""The task of docs/new-task.md, as written, on the small world about tea."""

from __future__ import annotations

import csv
import io
import re
import runpy
import sys
from pathlib import Path

import pytest
from rich.console import Console

from ragmtl.config import parse_config, read_config
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.inspector.page import render_prediction
from ragmtl.inspector.terminal import print_prediction
from ragmtl.run import Run
from tests.ragmtl.conftest import World

PAGE = (Path(__file__).parents[2] / "docs" / "new-task.md").read_text(encoding="utf-8")
TASK, PROGRAM = re.findall(r"^```python\n(.+?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
(TABLE,) = re.findall(r"^```toml\n(.+?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def _with_strength(files: World) -> None:
    path = files.folder / "tastings.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "strength"])
        writer.writeheader()
        writer.writerows(row | {"strength": {"black": 3, "oolong": 2}.get(row["kind"], 1)} for row in rows)


def test_the_task_has_at_most_sixty_lines() -> None:
    assert len(TASK.splitlines()) <= 60


def test_it_is_trained_measured_and_shown_as_written(files: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_strength(files)
    files.edit("tea.toml", lambda text: text + TABLE)
    (files.folder / "ordinal.py").write_text(TASK, encoding="utf-8")
    (files.folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.chdir(files.folder)
    monkeypatch.syspath_prepend(files.folder)
    found = runpy.run_path("program.py")
    monkeypatch.delitem(sys.modules, "ordinal")
    own = [row for row in found["figures"] if row.task == "strength"]
    assert [row.metric for row in own] == ["exact", "mae"]
    answer = next(answer for answer in found["prediction"].answers if answer.task == "strength")
    assert answer.chosen[0] in "123"
    assert "A grade of an order." in render_prediction(found["prediction"])
    console = Console(record=True, width=100, file=io.StringIO())
    print_prediction(console, found["prediction"])
    assert "strength" in console.export_text()
    with pytest.raises(ConfigError, match="ordinal"):
        read_config("tea.toml")
    with pytest.raises((ConfigError, MismatchError), match="ordinal"):
        Run.load("runs/run")


def test_unknown_keys_of_own_kinds_name_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "ordinal.py").write_text(TASK, encoding="utf-8")
    section = runpy.run_path(str(tmp_path / "ordinal.py"))["OrdinalConfig"]
    tasks = [{"name": "s", "kind": "ordinal", "data": "x", "text": "t", "labl": "l"}]
    with pytest.raises(ConfigError, match="did you mean `label`"):
        parse_config({"name": "x", "corpus": {"path": "p"}, "tasks": tasks}, kinds=[section])
