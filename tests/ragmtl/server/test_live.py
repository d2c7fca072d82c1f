"""The live page of really trained runs in a real browser; one of them is hostile, in every label and passage."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn

from ragmtl.build import build_index, open_index
from ragmtl.config import read_config
from ragmtl.predict import Predictor
from ragmtl.run import train_run
from ragmtl.server.access import Access, Limits
from ragmtl.server.app import create_app
from ragmtl.server.completion import Completion
from ragmtl.server.metrics import Metrics
from ragmtl.server.opened import Opened
from ragmtl.server.service import Service
from tests.ragmtl.browser import CHROMIUM, PATIENCE, Browser
from tests.ragmtl.conftest import TEA
from tests.ragmtl.server.conftest import TEXT, T

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: the page was not tried in a browser")
ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A run whose labels and passages are attacks."""
    folder = tmp_path_factory.mktemp("hostile") / "tea"
    shutil.copytree(TEA, folder)
    graph, passages, table = folder / "graph.ttl", folder / "passages.jsonl", folder / "tastings.csv"
    graph.write_text(graph.read_text().replace('"sencha"', json.dumps(f"sencha {ATTACK}")))
    rows = [json.loads(line) for line in passages.read_text().splitlines()]
    attacked = [row | {"text": f"{ATTACK} {row['text']}", "title": f"{ATTACK} {row.get('title', '')}"} for row in rows]
    passages.write_text("\n".join(map(json.dumps, attacked)))
    table.write_text(table.read_text().replace("green", "<img src=x onerror=alert(1)>"))
    text = (folder / "tea.toml").read_text().replace("epochs = 2", "epochs = 1")
    (folder / "tea.toml").write_text(text)
    config = read_config(folder / "tea.toml")
    build_index(config, folder / "index")
    train_run(config, open_index(config, folder / "index"), folder / "run")
    predictor = Predictor.load(folder / "run")
    return Opened("hostile", folder / "run", predictor, Completion.of(predictor.index.graph))


@pytest.fixture(scope="module")
def address(opened: Opened, hostile: Opened) -> Iterator[str]:
    """A server on a free port of this machine."""
    runs = {"tea": opened, "hostile": hostile}
    service = Service({name: one.folder for name, one in runs.items()}, Limits(), Metrics.new(), lambda n, _: runs[n])
    config = uvicorn.Config(create_app(service, Access()), port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(PATIENCE)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = Browser(tmp_path_factory.mktemp("browser"))
    yield found
    found.close()


def link(address: str, **asked: object) -> str:
    return f"{address}/?{urlencode({'q': TEXT} | asked)}"


def drawn(browser: Browser) -> int:
    return int(browser.run("canvas._cyreg.cy.nodes().length"))


def here(browser: Browser) -> str:
    return str(browser.run("location.search"))


SERIOUS = """axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => one.id + ": " + one.nodes.map((node) => node.html).join(" | ")))"""


def barriers(browser: Browser) -> list[str]:
    """What axe-core finds serious."""
    script = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    browser.run(script + "; 0")
    return list(browser.run(SERIOUS))


def test_an_entity_is_found_by_the_keyboard_and_asked_about(browser: Browser, address: str) -> None:
    browser.visit(address)
    browser.press("/")
    assert browser.run("document.activeElement.id") == "q"
    browser.type("senc")
    browser.until("document.querySelectorAll('#found li').length")
    browser.press("ArrowDown")
    assert browser.run("q.getAttribute('aria-activedescendant')") == "found-0"
    browser.press("Enter")
    browser.until("document.querySelector('#answers')")
    assert urlencode({"entity": T + "sencha"}) in here(browser)
    assert "sencha" in browser.run("document.querySelector('#picked-entity').innerText")
    browser.run("document.querySelector('#picked-entity .move').click()")
    browser.until("location.search.includes('history=')")
    browser.until("[...document.querySelectorAll('article.answer h3')].some((one) => one.innerText === 'orders')")
    assert "kind:" in browser.run("said.textContent")
    assert not browser.complaints(address)


def test_the_graph_grows_and_shrinks(browser: Browser, address: str) -> None:
    browser.visit(link(address, nodes=4))
    browser.until("window.canvas && canvas.dataset.drawn")
    before = drawn(browser)
    assert before == 4
    browser.run("canvas.focus()")
    browser.press("ArrowRight")
    browser.run("document.querySelectorAll('.actions button')[0].click()")
    browser.until("canvas._cyreg.cy.nodes('.added').length")
    assert drawn(browser) > before
    browser.run("document.querySelectorAll('.actions button')[1].click()")
    browser.press("ArrowRight")
    browser.until("canvas._cyreg.cy.edges('.path').length")
    relations = browser.run("document.querySelectorAll('#relations input').length")
    assert relations > 0
    browser.run("document.querySelectorAll('#relations input').forEach((one) => one.click())")
    browser.until("canvas._cyreg.cy.edges(':visible').length === 0")
    assert not browser.complaints(address)


def test_what_is_chosen_changes_the_page_and_its_address(browser: Browser, address: str) -> None:
    browser.visit(link(address))
    browser.until("window.canvas && canvas.dataset.drawn")
    browser.run("document.querySelector('[name=knowledge]').click()")
    browser.until("document.body.innerText.includes('retrieval is off')")
    assert "knowledge=off" in here(browser)
    browser.run("document.querySelector('[name=knowledge]').click()")
    browser.until("window.canvas && canvas.dataset.drawn")
    slide = "(one) => { one.value = 2; one.dispatchEvent(new Event('input', { bubbles: true })); }"
    browser.run(f"({slide})(document.getElementById('most-nodes'))")
    browser.until("location.search.includes('nodes=2')")
    assert drawn(browser) == 2
    browser.run("document.querySelector('[name=task]').value = 'kind'")
    browser.run("document.querySelector('[name=task]').dispatchEvent(new Event('change', { bubbles: true }))")
    browser.until("document.querySelectorAll('article.answer').length === 1")
    browser.visit(address + "/" + here(browser))  # the link that one would send
    browser.until("window.canvas && canvas.dataset.drawn")
    assert (drawn(browser), browser.run("document.getElementById('most-nodes').value")) == (2, "2")
    assert browser.run("document.querySelectorAll('article.answer').length") == 1


def test_why_and_why_not(browser: Browser, address: str) -> None:
    browser.visit(link(address))
    browser.run("document.querySelectorAll('article.answer .ask-why')[1].click()")
    browser.until("document.querySelector('.reasons')")
    assert "is what it is held against" in browser.run("document.querySelector('.reasons').innerText")
    browser.run("document.querySelector('.why input').value = 'no such kind'")
    browser.run("document.querySelector('.why button').click()")
    browser.until("document.querySelector('article .problem')")
    assert "expected an answer of 'kind'" in browser.run("document.querySelector('article .problem').innerText")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, False), (1280, True)])
def test_nothing_stands_in_the_way(browser: Browser, address: str, width: int, dark: bool, tmp_path: Path) -> None:
    for asked in ({}, {"beside": "hostile"}, {"task": "kind", "run": "hostile"}):
        browser.visit(link(address, **asked), width=width, dark=dark)
        assert browser.run("document.documentElement.scrollWidth") == width
        assert barriers(browser) == []
        browser.shoot(tmp_path / "page.png")
        assert (tmp_path / "page.png").stat().st_size > 20_000


def test_hostile_labels_and_passages_run_nothing(browser: Browser, address: str) -> None:
    asked = {"run": "hostile", "entity": T + "sencha"}
    browser.visit(link(address, **asked))
    browser.until("window.canvas && canvas.dataset.drawn")
    assert "onerror=alert(1)" in browser.run("document.body.innerText")
    browser.run("canvas.focus()")
    browser.press("ArrowRight")
    browser.run("document.querySelectorAll('.actions button')[0].click()")
    browser.run("document.querySelectorAll('article.answer .ask-why')[0].click()")
    browser.until("document.querySelector('.reasons')")
    browser.run("q.focus(); q.value = ''")
    browser.type("sencha")
    browser.until("document.querySelectorAll('#found li').length")
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert not browser.complaints(address)
