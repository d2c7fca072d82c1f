from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from ragmtl.curves import Curve
from ragmtl.inspector.curve_plot import HEIGHT, WIDTH, curve_plot


def curve(name: str, *values: float) -> Curve:
    return Curve("valid", name, "mtl", 0, tuple(range(10, 10 + 10 * len(values), 10)), values)


def shown(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def test_every_curve_is_a_line_with_its_name() -> None:
    svg = curve_plot("title", [curve("a", 0.1, 0.5), curve("b", 0.2, 0.3)], ["a", "b"])
    assert len(shown(svg).findall(".//polyline")) == 2
    assert {text.text for text in shown(svg).iter("text")} >= {"a", "b", "20 steps"}


def test_more_is_higher_and_all_is_inside() -> None:
    line = shown(curve_plot("t", [curve("a", 0.1, 0.9, 0.4)], ["a"])).findall(".//polyline")[0]
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert points[1][1] < points[2][1] < points[0][1]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)


def test_names_of_lines_that_end_together_do_not_cover_each_other() -> None:
    svg = curve_plot("t", [curve(name, 0.1, 0.5) for name in "abcdef"], list("abcdef"))
    tops = sorted(float(y) for y, name in re.findall(r'y="([\d.]+)">([a-f])</text>', svg))
    assert len(tops) == 6
    assert all(second - first >= 14.9 for first, second in zip(tops[:-1], tops[1:], strict=True))
    assert tops[-1] <= HEIGHT


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_none_leave_a_gap(value: float) -> None:
    svg = curve_plot("t", [curve("a", 0.1, value, 0.5), curve("b", value)], ["a", "b"])
    assert "nan" not in svg
    assert "inf" not in svg
    assert len(shown(svg).findall(".//polyline")) == 1
    assert curve_plot("t", [curve("a", value)], ["a"]) == ""


def test_names_are_escaped() -> None:
    svg = curve_plot("<t>", [curve("a", 0.1)], ["<script>"])
    assert "<script>" not in svg
    shown(svg)


def test_a_single_epoch_is_seen_and_a_long_name_fits() -> None:
    svg = shown(curve_plot("t", [curve("a", 0.1)], ["cuisine | missing-ingredient"]))
    [end] = svg.findall(".//circle")
    assert 0 < float(end.attrib["cx"]) < WIDTH
    [name] = [text for text in svg.iter("text") if (text.text or "").startswith("cuisine")]
    assert float(name.attrib["x"]) + float(name.attrib["textLength"]) <= WIDTH
