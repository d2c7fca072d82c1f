from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.endpoints.endpoint import MANIFEST, Endpoint
from ragmtl.kg.endpoints.web import Manners
from ragmtl.kg.parsing.read import read_rdf

TRIPLES = [f"<http://x/n{number:03}> <http://x/p> <http://x/n{(number * 7) % 100:03}> ." for number in range(95)]
Reply = Callable[[BaseHTTPRequestHandler, bytes], None]


@dataclass
class Server:
    """An endpoint with triples of its own, that may be told to misbehave."""

    url: str = ""
    triples: list[str] = field(default_factory=lambda: list(TRIPLES))
    most: int = 10_000
    replies: list[Reply] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    order: Callable[[int, bool, list[str]], list[str]] = lambda _, __, triples: triples
    label: Callable[[int, str], str] = lambda _, line: line

    def rows(self, query: str) -> list[str]:
        if "COUNT(*)" in query:
            return [f'<urn:ragmtl:all> <urn:ragmtl:rows> "{len(self.triples)}" .']
        limit, offset = (int(number) for number in re.findall(r"(?:LIMIT|OFFSET) (\d+)", query))
        ordered = self.order(len(self.asked), "ORDER BY" in query, self.triples)
        found = ordered[offset : offset + min(limit, self.most)]
        return [self.label(place, line) for place, line in enumerate(found)]


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            query = parse_qs(body)["query"][0]
            state.asked.append(query)
            state.headers.append({"path": self.path, **dict(self.headers)})
            content = "".join(f"{line}\n" for line in state.rows(query)).encode()
            reply = state.replies.pop(0) if state.replies else answer()
            reply(self, content)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    web = Quiet(("127.0.0.1", 0), Handler)
    thread = Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{web.server_port}/sparql"
    yield state
    web.shutdown()
    thread.join()
    web.server_close()


def answer(status: int = 200, kind: str = "application/n-triples", body: bytes | None = None, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        content = content if body is None else body
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def cut_off(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/n-triples")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])


def half_a_line(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(body=content[:-10])(handler, content)


def packed(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answer(body=gzip.compress(content), Content_Encoding="gzip")(handler, content)


def slow(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/n-triples")
    handler.end_headers()
    while True:  # until nobody listens
        handler.wfile.write(b"#\n")
        handler.wfile.flush()
        time.sleep(0.02)


def hang_up(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.connection.close()


def endpoint(server: Server, waited: list[float] | None = None, **manners: float | bool) -> Endpoint:
    waits: list[float] = [] if waited is None else waited
    return Endpoint(server.url, page=10, manners=Manners(sleep=waits.append, **manners))  # type: ignore[arg-type]


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_pages_are_put_together(server: Server, tmp_path: Path) -> None:
    seen: list[int] = []
    path = endpoint(server).fetch(tmp_path, lambda _, count: seen.append(count))
    assert lines(path) == TRIPLES
    assert seen == sorted(seen)
    assert seen[-1] == len(TRIPLES)
    assert len(read_rdf(path)) == len(TRIPLES)


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    path = endpoint(server).fetch(tmp_path)
    asked = len(server.asked)
    assert endpoint(server).fetch(tmp_path) == path
    assert len(server.asked) == asked


@pytest.mark.parametrize("pages", [1, 2, 5, 11])
def test_a_fetch_that_was_stopped_goes_on_where_it_was(server: Server, tmp_path: Path, pages: int) -> None:
    server.replies = [answer()] * pages + [answer(400, "text/plain", b"no more")] * 9
    with pytest.raises(DataError, match="HTTP 400: no more"):
        endpoint(server).fetch(tmp_path)
    before = [query for query in server.asked[:pages] if "COUNT" not in query]
    server.replies = []
    asked = len(server.asked)
    path = endpoint(server).fetch(tmp_path)
    assert lines(path) == TRIPLES
    assert not set(before) & set(server.asked[asked:])


def test_what_a_kill_left_half_written_is_dropped(server: Server, tmp_path: Path) -> None:
    server.replies = [answer()] * 3 + [answer(400)]
    with pytest.raises(DataError):
        endpoint(server).fetch(tmp_path)
    (data,) = tmp_path.glob("*/data.nt")
    with data.open("a") as file:
        file.write("<http://x/half> <http://x/p> <htt")
    assert lines(endpoint(server).fetch(tmp_path)) == TRIPLES


def test_a_damaged_cache_is_an_error(server: Server, tmp_path: Path) -> None:
    server.replies = [answer()] * 3 + [answer(400)]
    with pytest.raises(DataError):
        endpoint(server).fetch(tmp_path)
    (data,) = tmp_path.glob("*/data.nt")
    data.write_text("")
    with pytest.raises(MismatchError, match="delete the folder"):
        endpoint(server).fetch(tmp_path)
    (data.parent / MANIFEST).write_text("[]")
    with pytest.raises(MismatchError, match="expected a manifest of ours"):
        endpoint(server).fetch(tmp_path)


def test_a_server_may_give_less_than_it_is_asked_for(server: Server, tmp_path: Path) -> None:
    server.most = 4
    assert lines(endpoint(server).fetch(tmp_path)) == TRIPLES


@pytest.mark.parametrize(
    ("reply", "waits"),
    [
        (answer(500, "text/plain", b"busy"), [1.0]),
        (answer(503, "text/html", b"busy"), [1.0]),
        (answer(429, "text/plain", b"slowly", Retry_After="7"), [7.0]),
        (answer(429, "text/plain", b"slowly", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), [0.0]),
        (answer(429, "text/plain", b"slowly", Retry_After="soon"), [1.0]),
        (answer(503, "text/plain", b"slowly", Retry_After="99999999"), [600.0]),
        (answer(X_SQL_State="S1TAT"), [1.0]),
        (cut_off, [1.0]),
        (half_a_line, [1.0]),
        (hang_up, [1.0]),
    ],
)
def test_what_passes_is_tried_again(server: Server, tmp_path: Path, reply: Reply, waits: list[float]) -> None:
    server.replies = [answer(), reply]
    waited: list[float] = []
    assert lines(endpoint(server, waited).fetch(tmp_path)) == TRIPLES
    assert waited == waits


def test_waits_grow_until_it_is_an_error(server: Server, tmp_path: Path) -> None:
    server.replies = [answer(500, "text/plain", b"out of order")] * 9
    waited: list[float] = []
    with pytest.raises(DataError, match="found HTTP 500: out of order 4 times; ask later, or for smaller pages"):
        endpoint(server, waited, attempts=4).fetch(tmp_path)
    assert waited == [1.0, 2.0, 4.0]


def test_a_slow_answer_is_given_up(server: Server, tmp_path: Path) -> None:
    server.replies = [slow]
    with pytest.raises(DataError, match=r"no answer within 0\.2 seconds 1 times"):
        endpoint(server, attempts=1, timeout=0.2).fetch(tmp_path)


def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no connection"):
        Endpoint("http://127.0.0.1:1/", manners=Manners(attempts=1)).fetch(tmp_path)


PAGE = b"<!doctype html><html><head><title>Please\n sign in</title></head></html>"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (answer(kind="text/html", body=PAGE), "found text/html: Please sign in; is this a SPARQL endpoint"),
        (answer(kind="application/json", body=b'{"a": 1}'), "found application/json"),
        (answer(401, "text/plain", b"who are you"), "HTTP 401: who are you; check the credentials"),
        (answer(404, "text/plain", b""), "HTTP 404: .*; check address"),
        (answer(400, "text/plain", b"bad query"), "HTTP 400: bad query"),
        (answer(body=b""), "expected triples, found none"),
    ],
)
def test_other_answers_are_errors_at_once(server: Server, tmp_path: Path, reply: Reply, message: str) -> None:
    server.replies = [reply]
    waited: list[float] = []
    if "found none" in message:
        server.triples = []
    with pytest.raises(DataError, match=message):
        endpoint(server, waited).fetch(tmp_path)
    assert not waited


def test_pages_are_bounded(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found more than 100 bytes"):
        endpoint(server, most=100).fetch(tmp_path)


def test_packed_answers_are_unpacked(server: Server, tmp_path: Path) -> None:
    server.replies = [packed] * 3 + [answer(body=b"\x1f\x8bgarbage", Content_Encoding="gzip")]
    waited: list[float] = []
    assert lines(endpoint(server, waited).fetch(tmp_path)) == TRIPLES
    assert waited == [1.0]


def test_a_server_without_an_order_of_its_own_is_asked_to_sort(server: Server, tmp_path: Path) -> None:
    def turned(request: int, ordered: bool, triples: list[str]) -> list[str]:
        return triples if ordered else triples[request * 13 :] + triples[: request * 13]

    server.order = turned
    path = endpoint(server).fetch(tmp_path)
    assert lines(path) == TRIPLES
    assert "ORDER BY" in server.asked[-1]


def test_a_hole_that_no_page_shows_is_found_by_counting(server: Server, tmp_path: Path) -> None:
    def hole(request: int, ordered: bool, triples: list[str]) -> list[str]:
        return triples if ordered or request < 2 else triples[:10] + triples[15:]

    server.order = hole
    assert lines(endpoint(server).fetch(tmp_path)) == TRIPLES


def test_a_server_that_never_keeps_an_order_is_an_error(server: Server, tmp_path: Path) -> None:
    def turned(request: int, ordered: bool, triples: list[str]) -> list[str]:
        return triples[request * 13 % 90 :] + triples[: request * 13 % 90]

    server.order = turned
    with pytest.raises(DataError, match="expected pages that fit together"):
        endpoint(server).fetch(tmp_path)


BLANK = [f"_:b{number} <http://x/p> <http://x/n{number}> ." for number in range(30)]


def test_blank_nodes_that_keep_their_names_are_nodes_of_all_pages(server: Server, tmp_path: Path) -> None:
    server.triples = [*BLANK, *(line.replace("/p>", "/q>") for line in BLANK)]
    graph = read_rdf(endpoint(server).fetch(tmp_path))
    assert sum(name.startswith("_:") for name in graph.nodes) == 30


def test_blank_nodes_that_are_named_anew_are_an_error(server: Server, tmp_path: Path) -> None:
    server.triples = list(BLANK)
    server.label = lambda place, line: re.sub(r"^_:b\d+", f"_:b{place}", line)
    with pytest.raises(DataError, match="found blank nodes that each answer names anew"):
        endpoint(server).fetch(tmp_path)


def test_named_graphs_are_kept(server: Server, tmp_path: Path) -> None:
    source = Endpoint(server.url, graphs=("http://x/g",), page=50)
    graph = read_rdf(source.fetch(tmp_path))
    assert {origin.graph for origin in graph.origins} == {"http://x/g"}
    assert len(graph) == len(TRIPLES)


def test_parts_follow_each_other(server: Server, tmp_path: Path) -> None:
    source = Endpoint(server.url, predicates=("http://x/p", "http://x/q"), page=50)
    assert len(read_rdf(source.fetch(tmp_path))) == len(TRIPLES)
    assert len({query.split("LIMIT")[0] for query in server.asked if "COUNT" not in query}) == 2


def test_credentials_are_sent_but_never_shown(server: Server, tmp_path: Path) -> None:
    url = server.url.replace("http://", "http://me:sesame@") + "?key=sesame"
    source = Endpoint(url, page=10)
    seen: list[str] = []
    source.fetch(tmp_path, lambda name, _: seen.append(name))
    assert server.headers[0]["Authorization"] == "Basic bWU6c2VzYW1l"
    assert server.headers[0]["path"] == "/sparql?key=sesame"
    server.replies = [answer(403)]
    with pytest.raises(DataError) as error:
        Endpoint(url, predicates=("http://x/p",), authorization="Bearer sesame").fetch(tmp_path)
    assert server.headers[-1]["Authorization"] == "Bearer sesame"
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert "sesame" not in written + str(error.value) + repr(source) + "".join(seen)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/", "x", "http://", "http://[/", "http://x:port/"])
def test_only_addresses_of_the_web(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected an http or https address"):
        Endpoint(url).fetch(tmp_path)
    assert not list(tmp_path.iterdir())


def test_redirects_stay_on_the_host(server: Server, tmp_path: Path) -> None:
    server.replies = [answer(307, body=b"", Location="/other")]
    assert lines(endpoint(server).fetch(tmp_path)) == TRIPLES
    assert server.headers[1]["path"] == "/other"


@pytest.mark.parametrize("location", ["http://localhost:1/", "https://127.0.0.2/", "http://127.0.0.1:1/"])
def test_redirects_elsewhere_are_refused(server: Server, tmp_path: Path, location: str) -> None:
    server.replies = [answer(302, body=b"", Location=location + "?secret=1")]
    with pytest.raises(DataError, match=f"found a redirect to {location}; give that address"):
        endpoint(server).fetch(tmp_path)


def test_redirects_elsewhere_may_be_allowed_but_get_no_credentials(server: Server, tmp_path: Path) -> None:
    other = server.url.replace("127.0.0.1", "localhost")
    server.replies = [answer(302, body=b"", Location=other)]
    manners = Manners(elsewhere=True)
    assert lines(Endpoint(server.url, page=100, authorization="Bearer x", manners=manners).fetch(tmp_path)) == TRIPLES
    assert ["Authorization" in headers for headers in server.headers[:2]] == [True, False]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/"])
def test_redirects_out_of_the_web_are_refused(server: Server, tmp_path: Path, location: str) -> None:
    server.replies = [answer(302, body=b"", Location=location)]
    with pytest.raises(DataError, match="expected an http or https address"):
        endpoint(server, elsewhere=True).fetch(tmp_path)


def test_redirects_without_end_are_refused(server: Server, tmp_path: Path) -> None:
    server.replies = [answer(302, body=b"", Location="/sparql")] * 20
    with pytest.raises(DataError, match="more than 5 redirects"):
        endpoint(server).fetch(tmp_path)


def test_there_is_a_pause_between_requests(server: Server, tmp_path: Path) -> None:
    waited: list[float] = []
    endpoint(server, waited, pause=5.0).fetch(tmp_path)
    assert len(waited) == len(server.asked) - 1
    assert all(4.0 < wait <= 5.0 for wait in waited)


def test_the_manifest_says_what_was_asked(server: Server, tmp_path: Path) -> None:
    path = endpoint(server).fetch(tmp_path)
    manifest = json.loads((path.parent / MANIFEST).read_text())
    assert manifest["url"] == server.url
    assert manifest["state"]["triples"] == len(TRIPLES)


def test_a_page_has_room_for_the_row_that_comes_again(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pages of at least 2 triples, found 1"):
        Endpoint(server.url, page=1).fetch(tmp_path)


def test_an_answer_that_unpacks_without_end_is_refused(server: Server, tmp_path: Path) -> None:
    bomb = gzip.compress(b"#" * 10_000_000)
    server.replies = [answer(body=bomb, Content_Encoding="gzip")]
    with pytest.raises(DataError, match="found more than 20,000 bytes; ask for smaller pages"):
        endpoint(server, most=20_000).fetch(tmp_path)
    assert len(bomb) < 20_000


def test_who_asks_for_the_same_meanwhile_waits_and_asks_for_nothing_again(server: Server, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        paths = list(pool.map(lambda _: endpoint(server).fetch(tmp_path), range(3)))
    assert lines(paths[0]) == TRIPLES
    assert len(set(paths)) == 1
    assert len(server.asked) == len(set(server.asked))
    assert [path.parent for path in tmp_path.rglob("data.nt")] == list(tmp_path.iterdir())
