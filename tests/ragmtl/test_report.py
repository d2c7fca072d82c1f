from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmtl.curves import Curve
from ragmtl.errors import MismatchError
from ragmtl.report import Comparison, Difference, Row, command, commit, machine, versions


@pytest.fixture
def comparison() -> Comparison:
    row = Row("tea", "kind", "all", "test", "mtl", "macro_f1", 0.5, 0.25, 1 / 3, (0, 1))
    difference = Difference("kind", "all", "macro_f1", "rag-mtl", "mtl", 0.1, -0.1, 0.3)
    curve = Curve("valid", "kind", "mtl", 0, (10, 20), (0.5, 0.25))
    machine, versions = "Linux", {"python": "3.11"}
    return Comparison(
        "tea", (row,), (difference,), "ragmtl compare", "abc+", machine, versions, (0, 1), ("tästings: 1",), (curve,)
    )


def test_it_comes_back_as_it_was(comparison: Comparison, tmp_path: Path) -> None:
    comparison.save(tmp_path / "result.json")
    assert Comparison.load(tmp_path / "result.json") == comparison


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "null", "{}", '{"rows": [{"seeds": []}]}', '{"rows": 1}'])
def test_what_is_no_comparison_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "foreign.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MismatchError, match=r"foreign\.json: expected a comparison written by `ragmtl compare`"):
        Comparison.load(path)
    with pytest.raises(MismatchError, match=r"none\.json"):
        Comparison.load(tmp_path / "none.json")


def test_another_version_is_refused(comparison: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    comparison.save(path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"more": 1}), encoding="utf-8")
    with pytest.raises(MismatchError, match="more"):
        Comparison.load(path)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.1, 0.2, "better"),
        (-0.2, -0.1, "worse"),
        (-0.1, 0.1, "no difference shown"),
        (0.0, 0.1, "no difference shown"),
    ],
)
def test_a_difference_is_shown_where_its_interval_leaves_out_zero(low: float, high: float, verdict: str) -> None:
    assert Difference("t", "all", "m", "a", "b", (low + high) / 2, low, high).verdict == verdict


def test_where_it_was_run_is_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"python", "torch", "rdflib", "numpy"} <= set(versions())
    assert "cores" in machine()
    assert commit(tmp_path) == ""
    monkeypatch.setattr("sys.argv", ["/x/ragmtl/__main__.py", "compare", "my tea.toml"])
    assert command() == "ragmtl compare 'my tea.toml'"


def test_a_package_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragmtl.report.REPORTED_VERSIONS", ("numpy", "no-such-package"))
    assert set(versions()) == {"python", "numpy"}
