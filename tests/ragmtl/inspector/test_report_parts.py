from __future__ import annotations

from dataclasses import replace

import pytest

from ragmtl.curves import Curve
from ragmtl.inspector.report_page import render_comparison
from ragmtl.inspector.report_parts import attention, conflict, learning, mean_over_seeds
from ragmtl.report import Comparison, Row


@pytest.fixture
def curved(comparison: Comparison) -> Comparison:
    task = comparison.rows[0].task
    curves = tuple(
        Curve("valid", task, arm, seed, (10, 20), (0.1, 0.2 + seed)) for arm in ("mtl", "rag-mtl") for seed in (0, 1)
    )
    curves += (Curve("conflict", "genre | sentiment", "rag-mtl", 0, (10, 20), (0.3, -0.1)),)
    row = Row("movies", task, "all", "test", "rag-mtl", "attention_none", 0.25, 0.2, 0.3, (0,))
    return replace(comparison, curves=curves, rows=(*comparison.rows, row))


def test_seeds_are_averaged(curved: Comparison) -> None:
    found = mean_over_seeds([curve for curve in curved.curves if curve.kind == "valid"])
    assert [curve.arm for curve in found] == ["mtl", "rag-mtl"]
    assert all(curve.values == pytest.approx((0.1, 0.7)) for curve in found)


def test_the_page_tells_how_arms_learned_and_where_they_looked(curved: Comparison) -> None:
    html = render_comparison(curved)
    assert "While learning" in html
    assert "Do tasks pull together?" in html
    assert "genre | sentiment" in html
    assert "Where attention went" in html
    assert "attention_none" not in html
    assert ".250" in html


def test_an_older_comparison_has_no_such_parts(comparison: Comparison) -> None:
    task = comparison.rows[0].task
    assert learning(task, comparison) == attention(task, comparison) == conflict(comparison) == ""
