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


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel, and beside it only what this one has for it to stand on."""
    home = tmp_path_factory.mktemp("clean") / "env"
    run(sys.executable, "-m", "venv", "--without-pip", str(home))
    python = next(home.glob("bin/python")) if (home / "bin").is_dir() else home / "Scripts" / "python.exe"
    place = Path(run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (place / "beside.pth").write_text("\n".join(sorted(site_packages())), encoding="utf-8")
    wheel = str(next(built.glob("*.whl")))
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", wheel)
    return python.parent


def site_packages() -> set[str]:
    """Where the packages of this environment are; what makes a checkout importable from there is not followed."""
    return {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}


def run(*command: str) -> str:
    """What a command prints, in a folder without sources."""
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(command[0]).parent)
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]
    return found.stdout


def test_the_program_runs_from_the_wheel_alone(installed: Path) -> None:
    place = run(str(installed / "python"), "-c", "import ragmtl.kg.graph; print(ragmtl.kg.graph.__file__)").strip()
    assert Path(place).is_relative_to(installed.parent), "the wheel, not the checkout"
    assert "  predict " in run(str(installed / "ragmtl"), "--help")
    assert run(str(installed / "ragmtl"), "--version").startswith("ragmtl ")


def test_an_image_runs_as_a_normal_user_and_copies_what_there_is() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in ("root", "0")
    assert lines.index(f"USER {users[-1]}") < next(n for n, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert copied
    assert not [name for names in copied for name in names if not (ROOT / name).exists()]


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
