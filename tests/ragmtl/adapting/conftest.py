"""A new question about the teas of the run, and what there is to learn it with."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ragmtl.adapting.adapt import Budget, Newcomer, meet
from ragmtl.adapting.newcomer import new_task
from ragmtl.config import read_config
from ragmtl.run import Run
from tests.ragmtl.conftest import TEA, World

TASK = """
[[tasks]]
name = "light"
kind = "class"
data = "light.csv"
id = "id"
text = "text"
label = "light"
split = "split"
"""


@pytest.fixture(scope="session")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration with one more task."""
    folder = tmp_path_factory.mktemp("light")
    for path in TEA.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with (TEA / "tastings.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    with (folder / "light.csv").open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file)
        written.writerow(["id", "text", "light", "split"])
        written.writerows([row["id"], row["text"], row["kind"] in ("green", "white"), row["split"]] for row in rows)
    path = folder / "tea.toml"
    path.write_text(path.read_text(encoding="utf-8") + TASK, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def newcomer(trained: World, asking: Path, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    run, config = Run.load(trained.run), read_config(asking)
    return meet(run, new_task(run.config, config, None), config, Budget(), tmp_path_factory.mktemp("out"))
