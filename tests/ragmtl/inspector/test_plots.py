from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from ragmtl.prediction import Prediction
from ragmtl.run import Run
from tests.ragmtl.conftest import World

pytest.importorskip("matplotlib", reason="needs ragmtl[plot]")


def test_a_prediction_has_a_row_of_bars_for_each_task(kitchen: Prediction) -> None:
    rows = kitchen.plot().axes
    assert [axes.get_title("left") for axes in rows] == [answer.task for answer in kitchen.answers]
    assert [text.get_text() for text in rows[0].get_yticklabels()][-1] == "Levantine"
    assert rows[0].patches[-1].get_width() == pytest.approx(0.71)
    assert rows[1].lines[0].get_xdata()[0] == 0.4, "the threshold"


def test_hostile_names_are_no_mathematics(hostile: Prediction) -> None:
    hostile.plot().savefig(io.BytesIO(), format="svg")


def test_a_prediction_without_answers_is_an_empty_figure(bare: Prediction) -> None:
    assert not replace(bare, answers=()).plot().axes


def test_a_run_shows_how_it_learned(trained: World) -> None:
    run = Run.load(trained.run)
    assert "tea: 4 tasks in one model" in run._repr_html_()
    assert run._repr_html_().startswith("<iframe")
    bare = replace(run, folder=Path("<elsewhere>"))
    assert bare._repr_html_() == "<p><b>Run</b> in &lt;elsewhere&gt;: kind, notes, orders, requests</p>"
    axes = run.plot().axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "kind",
        "notes",
        "orders",
        "requests",
        "kept",
    ]
    assert len(axes.lines[0].get_xdata()) == 2
