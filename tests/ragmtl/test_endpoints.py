from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ragmtl.build import build_index
from ragmtl.config import parse_config
from ragmtl.config.graph import EndpointConfig
from ragmtl.endpoints import endpoint_of, fetch_endpoints
from ragmtl.errors import ConfigError

TRIPLE = b'<http://x/sumac> <http://www.w3.org/2000/01/rdf-schema#label> "sumac" .\n'


@pytest.fixture
def address() -> Iterator[tuple[str, list[str]]]:
    tokens: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens.append(self.headers.get("Authorization", ""))
            count = b'<urn:ragmtl:all> <urn:ragmtl:rows> "1" .\n'
            self.send_response(200)
            self.send_header("Content-Type", "application/n-triples")
            self.end_headers()
            self.wfile.write(count if "COUNT" in asked else TRIPLE)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", tokens
    server.shutdown()
    thread.join()
    server.server_close()


def fields(folder: Path, url: str, **more: object) -> dict[str, object]:
    (folder / "passages.jsonl").write_text('{"id": "1", "text": "Sumac is sour."}\n')
    (folder / "rows.csv").write_text("text,kind\nsumac,spice\n")
    return {
        "name": "test",
        "folder": folder,
        "graph": {"endpoints": [{"url": url, **more}]},
        "corpus": {"path": "passages.jsonl"},
        "encoder": {"name": "hashing"},
        "tasks": [{"name": "kind", "kind": "class", "data": "rows.csv", "text": "text", "label": "kind"}],
    }


def test_an_index_is_built_from_an_endpoint(address: tuple[str, list[str]], tmp_path: Path) -> None:
    url, tokens = address
    config = parse_config(fields(tmp_path, url))
    index = build_index(config, tmp_path / "index")
    assert list(index.graph.nodes) == ["http://x/sumac"]
    assert (tmp_path / "index-endpoints").is_dir()
    asked = len(tokens)
    build_index(config, tmp_path / "index")
    assert len(tokens) == asked


def test_a_token_comes_from_the_environment(
    address: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, tokens = address
    config = parse_config(fields(tmp_path, url, authorization="RAGMTL_TEST_TOKEN"))
    monkeypatch.delenv("RAGMTL_TEST_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="RAGMTL_TEST_TOKEN, found it unset"):
        fetch_endpoints(config, tmp_path / "cache")
    monkeypatch.setenv("RAGMTL_TEST_TOKEN", "Bearer sesame")
    assert fetch_endpoints(config, tmp_path / "cache")[0].read_bytes() == TRIPLE
    assert set(tokens) == {"Bearer sesame"}


def test_every_key_reaches_the_endpoint() -> None:
    chosen = EndpointConfig(
        url="https://x/", classes=["a:c"], predicates=["a:p"], graphs=["a:g"], page=5, pause=1, timeout=2, attempts=3
    )
    found = endpoint_of(chosen)
    assert (found.classes, found.predicates, found.graphs, found.page) == (("a:c",), ("a:p",), ("a:g",), 5)
    assert (found.manners.pause, found.manners.timeout, found.manners.attempts) == (1, 2, 3)
    assert not found.manners.elsewhere
