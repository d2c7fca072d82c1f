"""The page of an adaptation: how good a new task gets with how many labels, from which start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragmtl.inspector.curve_plot import curve_plot
from ragmtl.inspector.markup import escape, page
from ragmtl.inspector.report_page import figures, main_metric, short
from ragmtl.inspector.report_parts import made, mean_over_seeds, notes
from ragmtl.inspector.verdicts import caution
from ragmtl.inspector.words import figure
from ragmtl.report import Comparison, Row

STARTS: Mapping[str, str] = {
    "scratch": "Starts from fresh weights: what the labels alone teach.",
    "fine-tune": "Starts from the weights of the trained run.",
    "reptile": "Starts from the weights of the run after Reptile: they were moved to where few steps lead far, on "
    "small tasks made of those of the run.",
    "maml": "The same with first-order MAML instead of Reptile.",
}

_QUESTIONS = {
    ("fine-tune", "scratch"): "The trained run",
    ("reptile", "scratch"): "Run and Reptile",
    ("maml", "scratch"): "Run and MAML",
    ("reptile", "fine-tune"): "Reptile alone",
    ("maml", "fine-tune"): "MAML alone",
}


def render_adaptation(comparison: Comparison) -> str:
    """One self-contained HTML page, in the look of a comparison."""
    task = comparison.rows[0].task
    places = dict.fromkeys((row.data, row.slice, row.split) for row in comparison.rows)
    tables = [figures(place, [row for row in comparison.rows if _place(row) == place]) for place in places]
    body = "\n".join(
        (
            '<header class="top"><p class="brand">ragmtl <span>adaptation</span></p></header><main class="report">',
            _introduction(task, comparison),
            notes(comparison.notes),
            _curve(task, comparison),
            short([task], comparison, _QUESTIONS),
            f"<section><h2>All figures</h2>{''.join(tables)}</section>",
            made(comparison, comparison.seeds),
            "</main>",
        )
    )
    return page(f"{comparison.name}: {task} from few labels · ragmtl", body)


def _place(row: Row) -> tuple[str, str, str]:
    return row.data, row.slice, row.split


def _introduction(task: str, comparison: Comparison) -> str:
    used = dict.fromkeys(row.arm for row in comparison.rows)
    arms = "".join(f"<dt>{escape(arm)}</dt><dd>{STARTS.get(arm, 'Another start.')}</dd>" for arm in used)
    return (
        f"<section><h1>{escape(task)}: how far do few labels lead?</h1>"
        f"<p>A new task, {escape(task)}, was added to a trained run of {escape(comparison.name)}. Every arm learned "
        "from the same labels, with the same steps to choose from, and chose by no more labels than it learned from; "
        "only where it started differs.</p>"
        f'<dl class="arms">{arms}</dl><p>Figures are given with a 95&nbsp;% bootstrap interval in brackets. '
        f"{caution(comparison)}</p></section>"
    )


def _curve(task: str, comparison: Comparison) -> str:
    curves = mean_over_seeds(comparison.curves)
    metric = main_metric(comparison, task)
    names = [curve.arm for curve in curves]
    plot = curve_plot(f"{metric} of {task} by number of labels", curves, names, doublings_of="labels")
    items = "".join(f"<li>{escape(line)}</li>" for line in savings(comparison))
    title = f"<h2>{escape(metric)} by number of labels</h2>"
    return f'<section id="curve">{title}{plot}<ul class="verdicts">{items}</ul></section>'


def savings(comparison: Comparison) -> Sequence[str]:
    """With how few labels each arm reaches what fresh weights reach with the most."""
    curves = {curve.arm: curve for curve in mean_over_seeds(comparison.curves)}
    scratch = curves.pop("scratch", None)
    if scratch is None:
        return []
    most, goal = scratch.steps[-1], scratch.values[-1]
    lines = []
    for arm, curve in curves.items():
        reached = [size for size, value in zip(curve.steps, curve.values, strict=True) if value >= goal]
        what = f"{figure(goal)}, what scratch reaches with {most} labels"
        lines.append(f"{arm} reaches {what}, with {reached[0]}" if reached else f"{arm} does not reach {what}")
    return lines
