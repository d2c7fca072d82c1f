"""Lines over training steps as inline SVG, each named at its end, so that no legend and no colour is needed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from ragmtl.curves import Curve
from ragmtl.inspector.markup import escape
from ragmtl.inspector.words import figure

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 220, 44, 140, 12, 26
_NAME = 15
_LONG = 20
"""Letters of a name that fit; longer ones are squeezed."""
_DASHES = ("", "6 3", "2 3", "9 3 2 3", "1 4", "12 4")


def curve_plot(
    title: str, curves: Sequence[Curve], names: Sequence[str], *, zero: bool = False, doublings_of: str = ""
) -> str:
    """One line per curve.

    Args:
        title: What is shown, for those who cannot see it.
        curves: At least one.
        names: What each is called at its end.
        zero: Whether the axis must hold zero, which is then drawn.
        doublings_of: What is counted across, where each doubling is as wide as another; training steps where empty.
    """
    points = [(step, value) for curve in curves for step, value in _points(curve)]
    if not points:
        return ""
    first, last = min(step for step, _ in points), max(step for step, _ in points)
    low, high = _ends([value for _, value in points] + ([0.0] if zero else []))

    def place(step: int, value: float) -> tuple[float, float]:
        share = step / max(last, 1)
        if doublings_of:
            share = math.log2(step / first) / max(math.log2(last / first), 1e-9)
        x = LEFT + (WIDTH - LEFT - RIGHT) * share
        return round(x, 1), round(TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low), 1)

    axis = "".join(_level(place(first, value)[1], value) for value in (low, high))
    if zero and low < 0 < high:
        level = place(first, 0.0)[1]
        axis += f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{level}" y2="{level}"/>'
    axis += f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{last:,} {doublings_of or "steps"}</text>'
    if doublings_of:
        axis += f'<text x="{LEFT}" y="{HEIGHT - 6}">{first:,}</text>'
    drawn = [[place(step, value) for step, value in _points(curve)] for curve in curves]
    tops = _apart([line[-1][1] if line else math.nan for line in drawn])
    lines = "".join(
        _line(line, name, dash, top)
        for line, name, dash, top in zip(drawn, names, itertools.cycle(_DASHES), tops, strict=False)
        if line
    )
    return (
        f'<svg class="plot curves" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<g class="axis">{axis}</g>{lines}</svg>'
    )


def _points(curve: Curve) -> list[tuple[int, float]]:
    return [(s, v) for s, v in zip(curve.steps, curve.values, strict=True) if math.isfinite(v)]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = max(high - low, 0.01) * 0.08
    return low - room, high + room


def _level(y: float, value: float) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{figure(value)}</text>'
    )


def _line(points: Sequence[tuple[float, float]], name: str, dash: str, top: float) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    x = points[-1][0]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    squeezed = f' textLength="{RIGHT - 10}" lengthAdjust="spacingAndGlyphs"' if len(name) > _LONG else ""
    return (
        f'<polyline class="curve" fill="none" points="{path}"{dashes}/>'
        f'<circle class="end" cx="{x}" cy="{points[-1][1]}" r="2.5"/>'
        f'<line class="grid" x1="{x}" x2="{WIDTH - RIGHT + 4}" y1="{points[-1][1]}" y2="{top}"/>'
        f'<text x="{WIDTH - RIGHT + 8}" y="{top + 4}"{squeezed}>{escape(name)}</text>'
    )


def _apart(heights: Sequence[float]) -> list[float]:
    """Where names stand: at the ends of their lines, but never on each other."""
    tops = list(heights)
    before = -math.inf
    for place in sorted(range(len(tops)), key=lambda at: heights[at]):
        if not math.isnan(tops[place]):
            before = tops[place] = max(tops[place], before + _NAME)
    over = max([0.0, *(top - (HEIGHT - 4) for top in tops if not math.isnan(top))])
    return [top - over for top in tops]
