"""A dot-and-interval plot of differences as inline SVG, readable at 400 pixels, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ragmtl.inspector.markup import escape
from ragmtl.inspector.verdicts import kind
from ragmtl.inspector.words import interval, shorten, signed
from ragmtl.report import Difference

WIDTH, ROW, MARGIN, AXIS = 480, 44, 14, 24


def difference_plot(title: str, differences: Sequence[Difference]) -> str:
    """One row per difference: a dot at its value, a line over its interval, and zero as a dashed line."""
    low, high, step = _range(differences)
    height = ROW * len(differences) + AXIS

    def across(value: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (value - low) / (high - low), 1)

    ticks = [low + step * i for i in range(round((high - low) / step) + 1)]
    grid = "".join(_tick(across(tick), tick, height, step) for tick in ticks)
    rows = "".join(_row(difference, row, across) for row, difference in enumerate(differences))
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f'<g class="axis">{grid}</g>{rows}</svg>'
    )


def _row(difference: Difference, row: int, across: Callable[[float], float]) -> str:
    top, mark = row * ROW, kind(difference)
    middle = top + 27
    name = shorten(f"{difference.arm} \u2212 {difference.against}", 40)
    ends = [
        across(value) if math.isfinite(value) else 0.0 for value in (difference.low, difference.high, difference.value)
    ]
    figures = f"{signed(difference.value)} {interval(difference.low, difference.high)}"
    return (
        f'<text x="{MARGIN}" y="{top + 15}">{escape(name)}</text>'
        f'<text class="soft" x="{WIDTH - MARGIN}" y="{top + 15}" text-anchor="end">{figures}</text>'
        f'<line class="{mark}" x1="{ends[0]}" x2="{ends[1]}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="{mark}" cx="{ends[2]}" cy="{middle}" r="4.5"/>'
    )


def _tick(x: float, value: float, height: int, step: float) -> str:
    zero = abs(value) < step / 2
    places = max(0, -math.floor(math.log10(step)))
    shown = "0" if zero else f"{value:+.{places}f}".replace("0.", ".", 1)
    return (
        f'<line class="{"zero" if zero else "grid"}" x1="{x}" x2="{x}" y1="0" y2="{height - AXIS + 6}"/>'
        f'<text x="{x}" y="{height - 6}" text-anchor="middle">{shown}</text>'
    )


def _range(differences: Sequence[Difference]) -> tuple[float, float, float]:
    """Ends of the axis and the step between its ticks: round numbers, zero among them."""
    values = [v for d in differences for v in (d.low, d.high, d.value) if math.isfinite(v)]
    lowest, highest = min([0.0, *values]), max([0.0, *values])
    rough = max(highest - lowest, 1e-3) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return math.floor(lowest / step) * step, max(math.ceil(highest / step), 1) * step, step
