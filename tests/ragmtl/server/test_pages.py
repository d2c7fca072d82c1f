from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.ragmtl.server.conftest import TEXT, T


def test_the_page_works_without_scripts(client: TestClient) -> None:
    empty = client.get("/")
    assert 'name="q"' in empty.text
    assert "kind, notes, orders, requests" in empty.text
    page = client.get("/", params={"q": TEXT, "task": "kind", "passages": "1", "nodes": "", "beside": ""})
    assert page.status_code == 200
    assert page.text.count("<article") == 2  # an answer and a passage
    assert '<option value="kind" selected>' in page.text
    assert 'id="graph-data"' in page.text
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page.text)


def test_a_typed_iri_is_an_entity(client: TestClient) -> None:
    page = client.get("/", params={"q": T + "sencha"}).text
    assert "Seed entities" in page
    wrong = client.get("/", params={"q": T + "senchaa"})
    assert wrong.status_code == 422
    assert "did you mean" in wrong.text


@pytest.mark.parametrize(
    "parameters", [{"passages": "many"}, {"knowledge": "maybe"}, {"q": "x" * 20_001}, {"run": "third"}]
)
def test_an_odd_address_is_told_on_the_page(client: TestClient, parameters: dict[str, str]) -> None:
    page = client.get("/", params={"q": "tea"} | parameters)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert "Traceback" not in page.text


def test_what_changes_comes_by_itself(client: TestClient) -> None:
    found = client.get("/fragment", params={"q": TEXT}).json()
    assert found["title"].startswith("Charcoal first")
    assert 'id="answers"' in found["html"]
    assert len(found["graph"]["nodes"]) > 0
    without = client.get("/fragment", params={"q": TEXT, "knowledge": "off"}).json()
    assert without["graph"] is None
    assert "retrieval is off" in without["html"]
    assert client.get("/fragment", params={"q": TEXT, "task": "flavour"}).json()["status"] == 422


def test_two_runs_stand_side_by_side(client: TestClient) -> None:
    found = client.get("/fragment", params={"q": TEXT, "beside": "other"}).json()["html"]
    assert all(f"run={name}#graph" in found for name in ("tea", "other"))
    assert "Both agree on all 3 tasks." in found
    assert found.count('class="card answer"') == 6


def test_reasons_are_told_on_the_page(client: TestClient) -> None:
    found = client.get("/fragment/why", params={"q": TEXT, "task": "kind", "answer": "green"}).json()["html"]
    assert "green" in found
    assert "Without any evidence it would have" in found
    item = {"history": T + "sencha", "task": "orders", "answer": T + "matcha"}
    assert "matcha" in client.get("/fragment/why", params=item).json()["html"]


def test_only_files_of_the_page_can_be_fetched(client: TestClient) -> None:
    for name in ("style.css", "live.css", "live.js", "page.js", "cytoscape.min.js"):
        found = client.get(f"/static/{name}")
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
    for name in ("VENDORED.md", "..%2Fpage.py", "%2e%2e/page.py", "/etc/passwd"):
        assert client.get(f"/static/{name}").status_code == 404
