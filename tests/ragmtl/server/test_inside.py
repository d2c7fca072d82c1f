"""Runs of strangers: what they name, what they link to, and what they hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragmtl.errors import Error, MismatchError
from ragmtl.server.inside import refuse_outside
from ragmtl.server.run import named, open_inside
from tests.ragmtl.conftest import World


@pytest.fixture
def world(trained: World, tmp_path: Path) -> World:
    """A run that was moved: everything that it names is below one folder."""
    world = trained.copy(tmp_path / "theirs")
    change(world, lambda saved: saved.update(index=str(world.index)))
    change(world, lambda saved: saved["config"].update(folder=str(world.folder)))
    manifest = world.index / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(str(trained.folder), str(world.folder)))
    return world


def change(world: World, edit: Callable[[dict[str, Any]], object]) -> None:
    saved = read(world)
    edit(saved)
    (world.run / "run.json").write_text(json.dumps(saved), encoding="utf-8")


def read(world: World) -> dict[str, Any]:
    return dict(json.loads((world.run / "run.json").read_text(encoding="utf-8")))


def test_a_run_may_read_beside_itself(world: World, tmp_path: Path) -> None:
    refuse_outside(world.run, [])
    assert open_inside([], "theirs", world.run).name == "theirs"
    deeper = tmp_path / "elsewhere"
    shutil.copytree(world.run, deeper / "run")
    with pytest.raises(MismatchError, match="if you trust it, name the folder with --files"):
        refuse_outside(deeper / "run", [])
    refuse_outside(deeper / "run", [world.folder])


@pytest.mark.parametrize("place", ["/etc/passwd", "../secret.csv", "data/../../secret.csv"])
def test_a_table_elsewhere_is_refused(world: World, tmp_path: Path, place: str) -> None:
    (tmp_path / "secret.csv").write_text("id,text\n")
    change(world, lambda saved: saved["config"]["tasks"][0].update(data=place))
    with pytest.raises(MismatchError, match="found one that names .*(passwd|secret.csv)"):
        open_inside([], "theirs", world.run)


def test_a_table_of_entities_elsewhere_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("item,entity\n")
    logs = [at for at, task in enumerate(read(world)["config"]["tasks"]) if task["kind"] == "recommend"]
    change(world, lambda saved: saved["config"]["tasks"][logs[0]].update(entities="../secret.csv"))
    with pytest.raises(MismatchError, match="found one that names .*secret.csv"):
        open_inside([], "theirs", world.run)


def test_a_part_of_an_index_elsewhere_is_refused(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.index / "corpus", tmp_path / "secret")
    manifest = world.index / "manifest.json"
    saved = json.loads(manifest.read_text(encoding="utf-8")) | {"places": {"corpus": "../../secret"}}
    manifest.write_text(json.dumps(saved), encoding="utf-8")
    with pytest.raises(MismatchError, match="found one that names .*secret"):
        open_inside([], "theirs", world.run)


@pytest.mark.parametrize("place", ["/", "/etc", "..", "index/../../other"])
def test_an_index_elsewhere_is_refused(world: World, place: str) -> None:
    change(world, lambda saved: saved.update(index=place if place.startswith("/") else str(world.folder / place)))
    with pytest.raises(MismatchError, match="expected a run that reads files below"):
        open_inside([], "theirs", world.run)


@pytest.mark.parametrize("link", ["run/best/more", "index/graph/more", "run/events.more"])
def test_links_out_of_the_run_are_refused(world: World, tmp_path: Path, link: str) -> None:
    (tmp_path / "secret").mkdir()
    (world.folder / link).symlink_to(tmp_path / "secret")
    with pytest.raises(MismatchError, match="found one that names .*more"):
        open_inside([], "theirs", world.run)


def test_an_encoder_elsewhere_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    change(world, lambda saved: saved["config"]["encoder"].update(name=str(tmp_path / "model")))
    with pytest.raises(MismatchError, match="found one that names .*model"):
        open_inside([], "theirs", world.run)


def test_what_holds_objects_is_never_executed(world: World, tmp_path: Path) -> None:
    """A file of every kind becomes a pickle that would write a file."""
    witness = tmp_path / "witness"
    attack = f"cos\nsystem\n(S'touch {witness}'\ntR.".encode()
    files = [path for path in (*world.index.rglob("*"), *world.run.rglob("*")) if path.is_file()]
    kinds = {path.suffix: path for path in files}
    for path in kinds.values():
        kept = path.read_bytes()
        path.write_bytes(attack)
        try:
            open_inside([], "theirs", world.run)
        except Error:
            pass  # one clear message; no other error, and nothing was executed
        finally:
            path.write_bytes(kept)
    assert {".json", ".npy", ".safetensors"} <= set(kinds)
    assert not witness.exists()


def test_a_broken_run_is_told_as_always(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="expected a run, found no run.json"):
        open_inside([], "none", tmp_path / "none")
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(MismatchError, match="expected a run"):
        open_inside([], "none", tmp_path)


def test_runs_are_told_apart_by_as_much_of_their_path_as_that_takes() -> None:
    assert list(named([Path("/a/x/run")])) == ["run"]
    assert list(named([Path("/a/x/run"), Path("/b/x/run")])) == ["a/x/run", "b/x/run"]
