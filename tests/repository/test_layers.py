"""The folder tree is the architecture: each layer imports only what stands to its left."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("errors", "kg", "retrieval", "models", "tasks", "application")
ABOVE_THE_APPLICATION = ("cli", "inspector")


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
    files = sorted((ROOT / layer).glob("*.py"))
    assert files
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    wrong = [
        f"{layer}/{path.name} imports {module}"
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
        f"{folder}/{path.name}"
        for folder in ("kg", "retrieval", "models", "tasks", "ragmtl")
        for path in (ROOT / folder).glob("*.py")
        if any(module.split(".")[0] in {"rdflib", "pyoxigraph"} for module in imported_modules(path))
    }
    sparql = {"kg/query.py", "kg/questions.py", "kg/sparql.py", "kg/sparql_batches.py"}
    store = {"kg/rdflib_collect.py", "kg/rdflib_store.py", "kg/rdflib_terms.py"}
    lanes = {"kg/oxigraph.py", "kg/rdflib_reader.py", "kg/scan.py"}
    assert touching <= {"kg/write.py"} | lanes | sparql | store


def test_files_stay_short() -> None:
    folders = ("kg", "retrieval", "models", "tasks", "ragmtl", "ragmtl/inspector")
    long = {
        f"{folder}/{path.name}": lines
        for folder in folders
        for path in (ROOT / folder).glob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert not long
