"""The real pages in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragmtl.inspector.notebook import framed
from ragmtl.inspector.page import render_prediction
from ragmtl.inspector.report_page import render_comparison
from ragmtl.prediction import Prediction
from ragmtl.report import Comparison
from tests.ragmtl.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: the pages were not tried in a browser")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


PAINTED = """[...canvas.querySelectorAll('canvas')].some((one) =>
  one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(Boolean))"""


FIND = """(() => {
  const box = canvas.getBoundingClientRect();
  const at = canvas._cyreg.cy.nodes().filter((node) => node.data("label") === %s).renderedPosition();
  return [box.x + at.x, box.y + at.y];
})()"""


def place_of(browser: Browser, label: str) -> tuple[float, float]:
    """Where the drawing shows an entity, in pixels of the window."""
    browser.run("canvas.scrollIntoView({ block: 'center' })")
    browser.settle()
    x, y = browser.run(FIND % json.dumps(label))
    return x, y


def detail(browser: Browser) -> str:
    return str(browser.run("document.getElementById('detail').innerText"))


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, False), (1280, True)])
def test_the_graph_is_drawn_at_any_width_and_in_the_dark(
    browser: Browser, kitchen: Prediction, width: int, dark: bool, tmp_path: Path
) -> None:
    browser.show(render_prediction(kitchen), width=width, dark=dark)
    browser.settle()
    assert browser.run("canvas.dataset.drawn") == str(len(kitchen.nodes))
    assert browser.run(PAINTED)
    assert browser.run("document.documentElement.scrollWidth") == width
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in background[4:-1].split(",")) < 200) == dark
    browser.shoot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000
    assert not browser.complaints()


def test_an_entity_tells_why_it_is_there(browser: Browser, kitchen: Prediction) -> None:
    browser.show(render_prediction(kitchen))
    x, y = place_of(browser, "sumac")
    browser.hover(x, y)
    tip = browser.run("document.getElementById('tip').innerText")
    assert "named in the text as 'sumac'" in tip
    assert "https://example.org/kitchen/sumac" in tip
    browser.click(x, y)
    assert "grown in \u2192 Levant" in detail(browser)


def test_a_triple_tells_where_it_comes_from(browser: Browser, kitchen: Prediction) -> None:
    browser.show(render_prediction(kitchen))
    browser.run("document.querySelectorAll('button.show')[3].click()")
    shown = detail(browser)
    for part in (
        "za'atar \u2014 typical of \u2192 Levant",
        "0.71",
        "ingredients.ttl",
        "https://example.org/kitchen/graph/origins",
    ):
        assert part in shown
    assert browser.run("document.querySelectorAll('tr.lit').length") == 1


def test_the_drawing_obeys_the_keyboard(browser: Browser, kitchen: Prediction) -> None:
    browser.show(render_prediction(kitchen))
    browser.run("canvas.focus()")
    browser.press("ArrowRight")
    assert detail(browser).startswith("sumac")
    browser.press("ArrowRight")
    assert detail(browser).startswith("sesame")
    browser.press("Escape")
    assert detail(browser).startswith("Choose an entity")


def test_without_scripts_the_tables_stay(browser: Browser, kitchen: Prediction, tmp_path: Path) -> None:
    browser.show(render_prediction(kitchen), scripts=False)
    browser.shoot(tmp_path / "page.png")
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.run("document.querySelector('.drawing').hidden")
    assert "The drawing needs JavaScript" in browser.run("document.body.innerText")
    assert browser.run("document.querySelectorAll('#graph tbody tr').length") == len(kitchen.triples) + len(
        kitchen.nodes
    )


def test_hostile_text_runs_nothing(browser: Browser, hostile: Prediction) -> None:
    browser.show(render_prediction(hostile))
    browser.settle()
    assert browser.run("canvas.dataset.drawn") == "2"
    browser.run("document.querySelectorAll('button.show')[0].click()")
    browser.settle()
    addresses = browser.run("[...document.querySelectorAll('a')].map((link) => link.protocol)")
    assert set(addresses) <= {"https:", "file:"}
    assert not browser.run("document.querySelectorAll('img').length")
    assert not browser.complaints()


def test_a_notebook_shows_the_page_in_a_frame(browser: Browser, kitchen: Prediction) -> None:
    browser.show(f"<!DOCTYPE html><html><body>{framed(kitchen)}</body></html>")
    browser.settle()
    assert not browser.complaints()
    assert (
        browser.run("document.querySelector('iframe').contentDocument") is None
    )  # another origin: no hold on the notebook


@pytest.mark.parametrize("width", [1280, 400])
def test_a_comparison_fits_the_screen(browser: Browser, comparison: Comparison, width: int) -> None:
    browser.show(render_comparison(comparison), width=width)
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run("document.querySelectorAll('svg.plot circle').length") == 24
    assert not browser.complaints()


def test_a_hostile_comparison_runs_nothing(browser: Browser, hostile_comparison: Comparison) -> None:
    browser.show(render_comparison(hostile_comparison))
    assert browser.run("document.documentElement.scrollWidth") == 1280
    assert not browser.run("document.querySelectorAll('img').length")
    assert not browser.complaints()
