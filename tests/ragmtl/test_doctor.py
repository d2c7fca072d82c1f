from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest

from ragmtl.doctor import Check, environment, examine
from tests.ragmtl.conftest import Ragmtl, World


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.what: check for check in checks}


def test_the_environment_is_named() -> None:
    found = by_name(list(environment()))
    assert f"torch {metadata.version('torch')}" in found["packages"].found
    assert "cores" in found["device"].found
    assert found["extra balance"].state == "good"
    assert not {"extra test", "extra dev"} & set(found), "those are for people who work on ragmtl"


def test_a_package_that_is_missing_or_too_old_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version
    monkeypatch.setattr("ragmtl.doctor.metadata.requires", lambda _: ["numpy>=9000", "no-such-package>=1", "torch"])
    found = by_name(list(environment()))
    assert found["numpy"] == Check(
        "numpy", "bad", f"expected numpy>=9000, found {real('numpy')}; pip install 'numpy>=9000'"
    )
    assert found["no-such-package"].found.startswith("expected no-such-package>=1, found none")
    assert "torch" not in found


def test_an_extra_that_is_missing_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ['no-such-package>=1; extra == "wings"', "torch"]
    monkeypatch.setattr("ragmtl.doctor.metadata.requires", lambda _: lines)
    found = by_name(list(environment()))["extra wings"]
    assert found == Check("extra wings", "note", "without no-such-package; pip install 'ragmtl[wings]'")


def test_it_runs_from_a_checkout_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr("ragmtl.doctor.metadata.requires", missing)
    monkeypatch.setattr("ragmtl.doctor.metadata.version", missing)
    assert by_name(list(environment()))["packages"].state == "note"


def test_a_full_disk_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr("ragmtl.doctor.shutil.disk_usage", lambda _: Usage(2**20))
    found = by_name(list(environment()))["disk"]
    assert found.state == "bad"
    assert "0.0 GiB free" in found.found


def test_a_configuration_with_its_index_and_run(trained: World) -> None:
    found = by_name(list(examine(trained.config, trained.index, trained.run)))
    assert found["configuration"].found.endswith("tea, 4 tasks")
    assert {found[name].state for name in ("configuration", "encoder", "index", "run")} == {"good"}
    assert found["index"].found.endswith("10 passages")


def test_what_is_not_there_yet_names_the_next_step(trained: World, tmp_path: Path) -> None:
    found = by_name(list(examine(trained.config, tmp_path / "no-index")))
    assert found["index"] == Check("index", "note", f"none in {tmp_path / 'no-index'}; ragmtl index {trained.config}")
    found = by_name(list(examine(trained.config, trained.index, tmp_path / "no-run")))
    assert found["run"].found.endswith(f"ragmtl train {trained.config}")


def test_an_index_of_other_files_is_bad(trained: World, tmp_path: Path) -> None:
    world = trained.copy(tmp_path / "copy")
    shutil.copytree(world.index, tmp_path / "index")
    world.edit("tea.toml", lambda text: text.replace("[graph]", '[graph]\nlanguages = ["de"]'))
    found = by_name(list(examine(world.config, world.index, world.run)))
    assert found["index"].state == "bad"
    assert "languages" in found["index"].found
    assert "run" not in found


def test_an_encoder_is_looked_for_and_not_fetched(files: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.snapshot_download", None)
    files.replace("tea.toml", '"hashing"', '"nobody/no-such-model"')
    found = by_name(list(examine(files.config)))
    assert found["encoder"].state == "note"
    assert "not in the cache" in found["encoder"].found
    assert "encoder is not here" in found["index"].found


def test_a_folder_is_an_index_or_a_run(trained: World) -> None:
    assert by_name(list(examine(trained.index)))["index"].state == "good"
    assert by_name(list(examine(trained.run)))["run"].state == "good"
    assert by_name(list(examine(trained.folder)))["index"].state == "bad"


def test_the_command_ends_with_one_where_something_is_bad(ragmtl: Ragmtl, trained: World) -> None:
    good = ragmtl("doctor", trained.index, "--json")
    assert good.code == 0, good
    assert json.loads(good.out)["good"] is True
    bad = ragmtl("doctor", "missing.toml")
    assert bad.code == 1
    assert "BAD   configuration" in bad.out
    assert "`ragmtl init` writes one" in bad.out
    assert bad.out.endswith("1 bad\n")
