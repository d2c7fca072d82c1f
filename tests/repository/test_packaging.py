"""The wheel and the sdist hold every folder, under `ragmtl` and nowhere else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("kg", "retrieval", "models", "tasks")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of the tracked files."""
    pytest.importorskip("setuptools", minversion="77", reason="building a wheel needs setuptools>=77")
    source = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, tracked.stdout.split("\0")):
        copy(ROOT / name, source / name)
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return out


def copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(path.readlink())
    elif path.exists():
        target.write_bytes(path.read_bytes())


def test_the_wheel_holds_every_module_under_ragmtl(built: Path) -> None:
    names = set(zipfile.ZipFile(next(built.glob("*.whl"))).namelist())
    for folder in FOLDERS:
        modules = {f"ragmtl/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*.py")}
        assert modules <= names
    assert "ragmtl/py.typed" in names
    assert any(name.startswith("ragmtl/inspector/static/") for name in names)


def test_the_wheel_puts_nothing_else_at_top_level(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ragmtl"}


def test_the_sdist_holds_sources_and_tests(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = archive.getnames()
    inner = {name.split("/", 1)[1] for name in names if "/" in name}
    assert {"kg/graph.py", "retrieval/query.py", "models/model.py", "tasks/base.py", "pyproject.toml"} <= inner
    assert "tests/repository/test_packaging.py" in inner
