from __future__ import annotations

from dataclasses import replace

import pytest

from ragmtl.inspector.report_page import render_comparison
from ragmtl.inspector.verdicts import caution, sentence
from ragmtl.report import Comparison, Difference


def test_figures_differences_and_origin_are_shown(comparison: Comparison) -> None:
    source = render_comparison(comparison)
    for shown in (
        '<b>.611</b> <span class="low">[.595, .626]</span>',
        "retrieval helps genre in joint training: +.093 [.079, .108]",
        "the gain is gone under the shuffled graph: -.006 [-.020, .009]",
        "no effect of retrieval on dialogues trained alone is shown: +.011 [-.003, .026]",
        "ragmtl compare movies.toml",
        "0123456789ab",
        "Linux x86_64, 2 cores",
        "torch 2.13.0",
        "dialogues: 31 rows without a known film were left out",
        "new only",
    ):
        assert shown in source
    assert source.count('class="plot"') == 3
    assert source.count("(best)") == 4
    assert "<script" not in source
    assert "script-src 'none'" in source
    assert source == render_comparison(comparison)


def test_hostile_names_stay_text(hostile_comparison: Comparison) -> None:
    source = render_comparison(hostile_comparison)
    assert "<script" not in source
    assert "<img" not in source
    assert "&lt;script&gt;alert(1)" in source
    source.encode("utf-8")


def test_nothing_compared_still_renders(comparison: Comparison) -> None:
    assert "In short" not in render_comparison(replace(comparison, differences=(), seeds=(0, 1, 2)))
    assert "How it was made" in render_comparison(replace(comparison, rows=(), differences=()))


def drawn(arm: str, against: str, low: float, high: float) -> Difference:
    return Difference("genre", "all", "f1", arm, against, (low + high) / 2, low, high)


GAIN = drawn("rag-mtl", "mtl", 0.05, 0.09)
AHEAD = drawn("rag-mtl", "shuffled-graph", 0.05, 0.09)
LEVEL = drawn("rag-mtl", "shuffled-graph", -0.01, 0.03)
NO_GAIN = drawn("rag-mtl", "mtl", -0.01, 0.03)


@pytest.mark.parametrize(
    ("low", "high", "others", "claim"),
    [
        (-0.02, 0.02, (GAIN, AHEAD), "the gain is gone under the shuffled graph"),
        (-0.02, 0.02, (GAIN, LEVEL), "no gain is shown under the shuffled graph, nor that it falls behind rag-mtl"),
        (-0.02, 0.02, (GAIN,), "no gain is shown under the shuffled graph, nor that it falls behind rag-mtl"),
        (0.01, 0.04, (GAIN, AHEAD), "only a part of the gain stays under the shuffled graph"),
        (0.01, 0.04, (GAIN, LEVEL), "a gain stays under the shuffled graph"),
        (-0.02, 0.02, (NO_GAIN,), "no difference to mtl is shown under the shuffled graph"),
        (0.01, 0.04, (), "a gain over mtl is shown under the shuffled graph"),
        (-0.04, -0.01, (), "a loss against mtl is shown under the shuffled graph"),
    ],
)
def test_a_control_claims_no_more_than_its_intervals(
    comparison: Comparison, low: float, high: float, others: tuple[Difference, ...], claim: str
) -> None:
    control = drawn("shuffled-graph", "mtl", low, high)
    said = sentence(control, replace(comparison, differences=(control, *others)))
    assert said.startswith(f"{claim}: ")


def test_unknown_arms_are_named_plainly(comparison: Comparison) -> None:
    said = [sentence(drawn("rag-mtl", "ease", *ends), comparison) for ends in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1))]
    assert said[0] == "rag-mtl does better than ease: +.150 [.100, .200]"
    assert said[1] == "rag-mtl does worse than ease: -.150 [-.200, -.100]"
    assert said[2] == "no difference between rag-mtl and ease is shown: +.000 [-.100, .100]"


def test_what_the_intervals_do_not_cover_is_said(comparison: Comparison) -> None:
    assert "do not cover how much another seed" in caution(comparison)
    assert "Were none of the 32 differences real, about 2 would" in caution(comparison)
    assert caution(replace(comparison, seeds=(0, 1, 2), differences=())) == "Figures are means over 3 seeds."
