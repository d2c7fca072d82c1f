"""The real pages in a real browser: Debian's chromium, headless, spoken to over a pipe (Chrome DevTools Protocol)."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ragmtl.inspector.notebook import framed
from ragmtl.inspector.page import render_prediction
from ragmtl.inspector.report_page import render_comparison
from ragmtl.prediction import Prediction
from ragmtl.report import Comparison

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60.0
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: the pages were not tried in a browser")


class Browser:
    """A page in a headless browser; `events` keeps what it reported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[dict[str, Any]] = []
        self.sent = 0
        self.buffer = b""
        to_browser, self.write = os.pipe()
        self.read, from_browser = os.pipe()
        move = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        self.process = subprocess.Popen(
            ["bash", "-c", move, str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.session = ""
        targets = self.ask("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        self.sent += 1
        number = self.sent
        message = {"id": number, "method": method, "params": params} | (
            {"sessionId": self.session} if self.session else {}
        )
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser did not answer")
            part = os.read(self.read, 1 << 20)
            if not part:
                raise ConnectionError("the browser ended")
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return dict(json.loads(message))

    def show(
        self, page: str, *, width: int = 1280, height: int = 900, dark: bool = False, scripts: bool = True
    ) -> None:
        path = self.folder / "page.html"
        path.write_text(page, encoding="utf-8")
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events.clear()
        self.ask("Page.navigate", url=path.as_uri())
        until = time.monotonic() + PATIENCE
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() < until, "the page did not load"
            self.events.append(self._next())

    def run(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page gives
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def settle(self) -> None:
        """Give the page time to draw (a page whose scripts are off cannot be asked when it has)."""
        time.sleep(0.3)

    def click(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def hover(self, x: float, y: float) -> None:
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x - 3, y=y)
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.settle()

    def press(self, key: str) -> None:
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.settle()

    def shoot(self, path: Path, *, whole: bool = False) -> None:
        self.settle()
        picture = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))

    def complaints(self) -> list[str]:
        """Errors, refusals of the page's policy, and everything that the page tried to load."""
        found = []
        for event in self.events:
            match event.get("method"):
                case "Runtime.exceptionThrown" | "Log.entryAdded" | "Page.javascriptDialogOpening":
                    found.append(json.dumps(event["params"]))
                case "Runtime.consoleAPICalled" if event["params"]["type"] in ("error", "warning"):
                    found.append(json.dumps(event["params"]))
                case "Network.requestWillBeSent" if not event["params"]["request"]["url"].startswith("file:"):
                    found.append(str(event["params"]["request"]["url"]))
        return found

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self.write)
        os.close(self.read)


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
