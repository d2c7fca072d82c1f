from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ragmtl.errors import ConfigError
from ragmtl.server.access import Access, Limits, is_loopback, read_token
from ragmtl.server.opened import Opened
from tests.ragmtl.server.conftest import serving

TOKEN = "a-token-of-twenty-letters"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("[::1]:8000", 200),
        ("192.168.1.5", 200),  # an address cannot be rebound
        ("attacker.example", 421),
        ("localhost.attacker.example", 421),
        ("127.0.0.1.attacker.example:8000", 421),
        ("", 421),
    ],
)
def test_only_known_hosts_are_answered(client: TestClient, host: str, status: int) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "http://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
    ],
)
def test_pages_of_others_get_nothing(client: TestClient, headers: dict[str, str], status: int) -> None:
    found = client.get("/health", headers=headers)
    assert found.status_code == status
    assert not [name for name in found.headers if name.startswith("access-control")]


def test_browsers_are_told_what_pages_may_do(client: TestClient) -> None:
    for path in ("/", "/health", "/nothing", "/static/live.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert client.get("/").headers["cache-control"] == "no-store"


def test_large_bodies_are_refused_however_they_come(opened: Opened) -> None:
    with serving(opened, limits=Limits(body=100)) as client:
        json = {"Content-Type": "application/json"}
        whole = client.post("/predict", content=b" " * 101, headers=json)
        parts = client.post("/predict", content=iter([b" " * 60, b" " * 60]), headers=json)
        lied = client.post("/predict", content=b"{}", headers=json | {"Content-Length": "-1"})
    assert [found.status_code for found in (whole, parts, lied)] == [413, 413, 413]


@pytest.fixture(scope="module")
def locked(opened: Opened) -> Iterator[TestClient]:
    with serving(opened, Access(host="0.0.0.0", token=TOKEN)) as found:
        yield found


@pytest.mark.parametrize("path", ["/entities?q=s", "/metrics", "/openapi.json", "/fragment", "/neighbours?iri=x"])
def test_without_the_token_nothing_is_told(locked: TestClient, path: str) -> None:
    locked.cookies.clear()
    for headers in ({}, {"Authorization": "Bearer " + TOKEN[:-1]}, {"Authorization": "Basic " + TOKEN}):
        found = locked.get(path, headers=headers)
        assert (found.status_code, found.headers["www-authenticate"]) == (401, "Bearer")
    assert locked.get(path, headers={"Authorization": "Bearer " + TOKEN}).status_code in (200, 422)


def test_health_is_told_to_all(locked: TestClient) -> None:
    locked.cookies.clear()
    assert locked.get("/health").status_code == locked.get("/ready").status_code == 200


def test_people_log_in_once(locked: TestClient) -> None:
    locked.cookies.clear()
    away = locked.get("/?q=tea", headers={"Accept": "text/html"})
    assert (away.status_code, away.headers["location"]) == (303, "/login?next=%2F%3Fq%3Dtea")
    assert 'value="/?q=&quot;&gt;' in locked.get("/login", params={"next": '/?q=">'}).text
    assert locked.post("/login", data={"token": "wrong", "next": "/"}).status_code == 401
    entered = locked.post("/login", data={"token": TOKEN, "next": "/?q=tea"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/?q=tea")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN not in cookie
    assert locked.get("/?q=tea", headers={"Accept": "text/html"}).status_code == 200
    locked.cookies.clear()


@pytest.mark.parametrize("target", ["//attacker.example", "https://attacker.example", "/\\attacker.example", "/\r\nX:"])
def test_the_login_leads_nowhere_else(locked: TestClient, target: str) -> None:
    entered = locked.post("/login", data={"token": TOKEN, "next": target})
    assert entered.headers["location"] == "/"
    locked.cookies.clear()


def test_without_a_token_there_is_no_login(client: TestClient) -> None:
    assert client.get("/login").status_code == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_others_get_in_with_a_token_only(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(ConfigError, match="expected a token where others can reach the server"):
        Access(host=host)
    with pytest.raises(ConfigError, match="at least 20 characters, found 5"):
        Access(host=host, token="short")
    assert Access(host=host, token=TOKEN).admits(TOKEN)


def test_a_token_stands_alone_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(ConfigError, match="expected a file with a token"):
        read_token(path)
    path.write_text("two words")
    with pytest.raises(ConfigError, match="expected one token, found 2 words"):
        read_token(path)
    path.write_text(TOKEN + "\n")
    assert read_token(path) == TOKEN
