from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from ragmtl.inspector.terminal import print_comparison, print_prediction
from ragmtl.prediction import Prediction
from ragmtl.report import Comparison


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=80, color_system=None)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 80
    return " ".join(text.replace("\u00a0", " ").split())


def test_a_prediction_fits_80_columns(console: Console, kitchen: Prediction) -> None:
    print_prediction(console, kitchen)
    text = printed(console)
    for shown in (
        "note 2 items",
        "cuisine Levantine Levantine 71 %",
        "42 % of the attention",
        "17 % 1.00 Sumac",
        "history hummus",
    ):
        assert shown in text
    assert "30 triples, the 12 of most weight" in text
    assert "0.94 za'atar contains sumac ingredients.ttl" in text


def test_nothing_retrieved_is_said(console: Console, bare: Prediction) -> None:
    print_prediction(console, bare)
    text = printed(console)
    assert bare.notes[0] in text
    assert "Passages" not in text


def test_hostile_text_obeys_nothing(hostile: Prediction, hostile_comparison: Comparison) -> None:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    print_prediction(console, hostile)
    print_comparison(console, hostile_comparison)
    assert isinstance(console.file, io.StringIO)
    assert not set(console.file.getvalue()) & set("\x1b\x00\u202e\ud800")


def test_markup_in_labels_is_printed_as_it_is(console: Console, comparison: Comparison) -> None:
    print_comparison(console, replace(comparison, notes=("[red]x[/red] [/bold]",)))
    assert "[red]x[/red] [/bold]" in printed(console)


def test_a_comparison_fits_80_columns(console: Console, comparison: Comparison) -> None:
    print_comparison(console, comparison)
    text = printed(console)
    assert "rag-mtl .611 [.595, .626] .483 [.467, .498]" in text
    assert "the gain is gone under the shuffled graph: -.006 [-.020, .009]" in text
    assert "new only: retrieval helps dialogues" in text
