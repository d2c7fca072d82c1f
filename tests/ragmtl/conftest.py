"""A very small world about tea, indexed and trained once for all tests of the whole program."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ragmtl.build import build_index, open_index
from ragmtl.config import Config, read_config
from ragmtl.predict import Predictor
from ragmtl.retrieval.index import Index
from ragmtl.run import train_run

TEA = Path(__file__).parent / "tea"


@dataclass(frozen=True)
class World:
    """Where everything lies; tests that change something copy it first."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "tea.toml"

    @property
    def index(self) -> Path:
        return self.folder / "index"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def copy(self, folder: Path) -> World:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return World(folder)

    def edit(self, name: str, change: Callable[[str], str]) -> Path:
        """Change a file that must change."""
        path = self.folder / name
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert before != after
        path.write_text(after, encoding="utf-8")
        return path

    def replace(self, name: str, old: str, new: str) -> Path:
        return self.edit(name, lambda text: text.replace(old, new, 1))


@dataclass(frozen=True)
class Called:
    """What a command did."""

    code: int
    out: str
    err: str


Ragmtl = Callable[..., Called]


@pytest.fixture
def ragmtl(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ragmtl:
    """The command line, called as the `ragmtl` program calls it, in an empty folder."""
    from ragmtl.cli import main

    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("COLUMNS", "100")

    def call(*words: object) -> Called:
        monkeypatch.setattr(sys, "argv", ["ragmtl", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        shown = capsys.readouterr()
        return Called(code, shown.out, shown.err)

    return call


@pytest.fixture
def files(tmp_path: Path) -> World:
    """The files of a user, for changing."""
    shutil.copytree(TEA, tmp_path / "tea")
    return World(tmp_path / "tea")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Files, index and run; not to be changed."""
    world = World(tmp_path_factory.mktemp("tea") / "world")
    shutil.copytree(TEA, world.folder)
    config = read_config(world.config)
    build_index(config, world.index)
    train_run(config, open_index(config, world.index), world.run)
    return world


@pytest.fixture(scope="session")
def config(trained: World) -> Config:
    return read_config(trained.config)


@pytest.fixture(scope="session")
def index(trained: World, config: Config) -> Index:
    return open_index(config, trained.index)


@pytest.fixture(scope="session")
def predictor(trained: World) -> Predictor:
    return Predictor.load(trained.run)
