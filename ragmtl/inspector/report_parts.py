"""Parts of the pages of comparisons and trainings: how arms learned, where they looked, and how it was made."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ragmtl.curves import Curve
from ragmtl.inspector.curve_plot import curve_plot
from ragmtl.inspector.markup import escape, table
from ragmtl.inspector.words import figure, interval
from ragmtl.report import ATTENTION, Comparison, Row
from ragmtl.trained import Origin

_SHARES = {"passages": "passages", "nodes": "entities of the graph", "none": "none of it"}


def learning(task: str, comparison: Comparison) -> str:
    """How each arm got better on validation, as the mean over its seeds."""
    found = mean_over_seeds([curve for curve in comparison.curves if (curve.kind, curve.name) == ("valid", task)])
    if not found:
        return ""
    plot = curve_plot(f"{task} on validation after each epoch, by arm", found, [curve.arm for curve in found])
    return f"<h3>While learning</h3><p>The main metric on validation after each epoch.</p>{plot}"


def attention(task: str, comparison: Comparison) -> str:
    """Where the attention of the arms with evidence went."""
    rows = [row for row in comparison.rows if row.task == task and row.metric.startswith(ATTENTION)]
    if not rows:
        return ""
    by_cell = {(row.arm, row.metric.removeprefix(ATTENTION)): row for row in rows}
    arms = list(dict.fromkeys(row.arm for row in rows))
    cells = [[escape(arm), *(_share(by_cell.get((arm, share))) for share in _SHARES)] for arm in arms]
    caption = "Mean share of attention on test. A model that reads its evidence turns away from what is random or false"
    shown = table(caption, ["Arm", *_SHARES.values()], cells, kind="figures")
    return f"<h3>Where attention went</h3>{shown}"


def conflict(comparison: Comparison) -> str:
    """How the gradients of the tasks lay to each other in each arm that trains them together."""
    return conflict_plots(mean_over_seeds([curve for curve in comparison.curves if curve.kind == "conflict"]))


def conflict_plots(curves: Sequence[Curve]) -> str:
    """The section with a plot for each arm; nothing where there is no curve."""
    arms = list(dict.fromkeys(curve.arm for curve in curves))
    plots = []
    for arm in arms:
        lines = [curve for curve in curves if curve.arm == arm]
        title = f"Cosine between the gradients of each two tasks in {arm}, after each epoch"
        plots.append(f"<h3>{escape(arm)}</h3>{curve_plot(title, lines, [line.name for line in lines], zero=True)}")
    if not plots:
        return ""
    return (
        '<section id="conflict"><h2>Do tasks pull together?</h2><p>The cosine between the gradients of each two tasks '
        "on what they share, after each epoch. Above zero a step for one also helps the other; below zero it "
        f"hurts.</p>{''.join(plots)}</section>"
    )


def notes(lines: Sequence[str]) -> str:
    """What the reader should know, such as what was left out of the tables."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<section class="notes"><h2>Please note</h2><ul>{items}</ul></section>' if lines else ""


def made(origin: Origin | Comparison, seeds: Sequence[int]) -> str:
    """What is needed to make it again."""
    versions = ", ".join(f"{name} {version}" for name, version in origin.versions.items())
    facts = (
        ("Command", f"<code>{escape(origin.command)}</code>"),
        ("Commit", f"<code>{escape(origin.commit or 'unknown')}</code>"),
        ("Machine", escape(origin.machine)),
        ("Seeds", ", ".join(str(seed) for seed in seeds)),
        ("Versions", escape(versions)),
    )
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    return f'<section id="made"><h2>How it was made</h2><dl class="made">{rows}</dl></section>'


def _share(row: Row | None) -> str:
    if row is None:
        return '<span class="low">not measured</span>'
    return f'<b>{figure(row.value)}</b> <span class="low">{interval(row.low, row.high)}</span>'


def mean_over_seeds(curves: Sequence[Curve]) -> list[Curve]:
    """One curve per arm and name: the mean of its seeds where at least one was seen."""
    found = []
    for arm, name in dict.fromkeys((curve.arm, curve.name) for curve in curves):
        same = [curve for curve in curves if (curve.arm, curve.name) == (arm, name)]
        steps = sorted({step for curve in same for step in curve.steps})
        seen = [[dict(zip(one.steps, one.values, strict=True)).get(step, math.nan) for one in same] for step in steps]
        values = [_mean([value for value in at if math.isfinite(value)]) for at in seen]
        found.append(Curve(same[0].kind, name, arm, same[0].seed, tuple(steps), tuple(values)))
    return found


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
