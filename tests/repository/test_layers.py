"""The folder tree is the architecture: each layer imports only what stands to its left."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("errors", "kg", "retrieval", "models", "tasks", "application")
ABOVE_THE_APPLICATION = ("cli", "inspector")


def sources(folder: Path) -> list[Path]:
    """Every file of Python below a folder, but for links to the other folders."""
    inside = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    return [*sorted(folder.glob("*.py")), *(file for path in inside for file in sources(path))]


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def layer_of(module: str) -> str:
    part = module.split(".")[1] if "." in module else "errors"
    return part if part in LAYERS else "application"


@pytest.mark.parametrize("layer", ["kg", "retrieval", "models", "tasks"])
def test_a_layer_imports_only_from_its_left(layer: str) -> None:
    files = sources(ROOT / layer)
    assert files
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files
        for module in imported_modules(path)
        if module.startswith("ragmtl") and layer_of(module) not in allowed
    ]
    assert not wrong


def test_nothing_in_the_application_imports_the_command_line() -> None:
    files = [path for path in (ROOT / "ragmtl").glob("*.py") if path.stem not in {"cli", "__main__"}]
    assert files
    assert not [path.name for path in files if any("ragmtl.cli" in module for module in imported_modules(path))]


def test_few_files_touch_an_rdf_library() -> None:
    touching = {
        str(path.relative_to(ROOT))
        for folder in ("kg", "retrieval", "models", "tasks", "ragmtl")
        for path in sources(ROOT / folder)
        if any(module.split(".")[0] in {"rdflib", "pyoxigraph"} for module in imported_modules(path))
    }
    sparql = {f"kg/sparql/{name}.py" for name in ("query", "questions", "engine", "batches")}
    bridge = {f"kg/bridge/{name}.py" for name in ("collect", "store", "terms")}
    lanes = {f"kg/parsing/{name}.py" for name in ("oxigraph", "batches", "rdflib_reader", "scan")}
    assert touching <= {"kg/exporting/write.py"} | lanes | sparql | bridge


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("kg", "retrieval", "models", "tasks", "ragmtl")
        for path in sources(ROOT / folder)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert not long


def test_folders_stay_legible() -> None:
    crowded = {
        str(path.relative_to(ROOT)): count
        for folder in ("kg", "retrieval", "models", "tasks")
        for path in [ROOT / folder, *(ROOT / folder).rglob("*/")]
        if (count := len(list(path.glob("*.py")))) > 22
    }
    assert not crowded
