"""What is said of results is what the committed result files hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.movies.table import with_table
from benchmarks.page import FILES, figure, results_page

ROOT = Path(__file__).parents[2]


def test_the_table_of_the_readme_is_that_of_the_result_file() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    result = json.loads((ROOT / "benchmarks" / "movies" / "result.json").read_text(encoding="utf-8"))
    assert with_table(text, result) == text, "python -m benchmarks.movies.table"


def test_every_result_file_is_on_the_page() -> None:
    page = results_page(ROOT)
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "benchmarks").glob(FILES))
    assert files
    assert [name for name in files if f"## {name}" not in page] == []


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob(FILES)), ids=lambda path: path.parent.name)
def test_every_row_is_on_the_page_with_its_interval(path: Path) -> None:
    result = json.loads(path.read_text(encoding="utf-8"))
    part = results_page(ROOT).split(f"## {path.relative_to(ROOT)}\n")[1].split("\n## ")[0]
    assert f"`{result['command']}`" in part
    lines = [line for line in part.splitlines() if line.startswith("| ")][2:]
    assert len(lines) == len(result["rows"])
    for row, line in zip(result["rows"], lines, strict=True):
        shown = [cell.strip() for cell in line.strip("|").replace("\\|", "\0").split(" | ")]
        assert all(figure(value) in shown for value in row.values() if isinstance(value, float)), (row, line)


def test_figures_are_shown_with_three_places_and_large_ones_whole() -> None:
    assert [figure(value) for value in (0.12345, -0.0004, 1.0, 12345.6, 33.333)] == [
        "0.123",
        "-0.000",
        "1.000",
        "12,346",
        "33.333",
    ]
