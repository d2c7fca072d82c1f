"""Servers that answer as the documented REST interfaces of Elasticsearch, OpenSearch and Solr do, for their clients.

They are no such servers: what they know of the query languages is what the adapters use, read from the documentation.
They search for real (BM25 with the numbers of Lucene, field by field), refuse what they do not know, as the real ones
do (400), and can be told to misbehave.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from ragmtl.retrieval.passages.lexical import terms_of
from tests.retrieval.servers.replies import Reply, send

Scores = dict[str, float]


class RefusedError(Exception):
    """A request that the server does not take."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.kind, self.reason = status, kind, reason


@dataclass
class Store:
    """Documents by id, and how to search them."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    k1: float = 1.2
    b: float = 0.75
    mapping: dict[str, Any] = field(default_factory=dict)
    words: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def texts(self, name: str) -> dict[str, list[str]]:
        known = self.words.setdefault(name, {})
        for document in self.documents.values():
            if (text := str(document.get(name, ""))) not in known:
                known[text] = terms_of(text)
        return {key: known[str(document.get(name, ""))] for key, document in self.documents.items()}

    def bm25(self, names: list[str], text: str, over: Callable[[list[float]], float] = sum) -> Scores:
        """Each term field by field; where `over` is max, as common in every one as where it is most common."""
        scores = defaultdict[str, float](float)
        for term in terms_of(text):
            every = [self.counts(name, term) for name in names]
            common = max(map(len, every))
            parts = defaultdict[str, list[float]](list)
            for name, counts in zip(names, every, strict=True):
                for key, part in self.one_term(name, counts, len(counts) if over is sum else common).items():
                    parts[key].append(part)
            for key, found in parts.items():
                scores[key] += over(found)
        return dict(scores)

    def counts(self, name: str, term: str) -> dict[str, int]:
        return {key: count for key, words in self.texts(name).items() if (count := words.count(term))}

    def one_term(self, name: str, counts: dict[str, int], common: int) -> Scores:
        every = self.texts(name)
        filled = [len(words) for words in every.values() if words]
        rarity = log(1 + (len(filled) - common + 0.5) / (common + 0.5))
        mean = sum(filled) / max(len(filled), 1)
        lengths = {key: 1 - self.b + self.b * len(every[key]) / mean for key in counts}
        return {key: rarity * count / (count + self.k1 * lengths[key]) for key, count in counts.items()}

    def holding(self, name: str, phrase: str) -> Scores:
        wanted = terms_of(phrase)
        return {
            key: 1.0
            for key, words in self.texts(name).items()
            if wanted and any(words[at : at + len(wanted)] == wanted for at in range(len(words)))
        }

    def equal(self, name: str, values: list[str]) -> Scores:
        found = {}
        for key, document in self.documents.items():
            value = document.get(name)
            if set(value if isinstance(value, list) else [value]) & set(values):
                found[key] = 1.0
        return found

    def near(self, name: str, vector: list[float], most: int, among: set[str]) -> Scores:
        scores = {}
        for key in among:
            if (other := self.documents[key].get(name)) is not None:
                norm = float(np.linalg.norm(vector) * np.linalg.norm(other)) or 1.0
                scores[key] = (1 + float(np.dot(vector, other)) / norm) / 2
        return dict(sorted(scores.items(), key=lambda one: -one[1])[:most])


@dataclass
class Contract:
    """One server.

    Attributes:
        kind: "elasticsearch", "opensearch" or "solr".
        store: What it holds; None where there is no such index.
        authorization: The header that it wants.
        replies: What it does instead of answering, once each.
        asked: Path and body of each request.
        headers: The headers of each.
    """

    kind: str
    url: str = ""
    store: Store | None = None
    authorization: str = ""
    replies: list[Reply] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: str) -> tuple[int, Any]:
        if self.kind == "solr":
            return self._solr(path, body)
        parts = [part for part in urlsplit(path).path.split("/") if part]
        if not parts:
            return 200, {"name": "contract", "version": {"number": "9.0.0"}, "tagline": "You Know, for Search"}
        match method, parts[1:]:
            case "HEAD", []:
                return (200 if self.store else 404), None
            case "PUT", []:
                return self._create(json.loads(body))
            case (("POST" | "PUT"), ["_bulk"]):
                return self._bulk(body)
            case _, ["_refresh"]:
                return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}}
            case _, ["_search"]:
                return 200, self._search(json.loads(body), parts[0])
            case _, ["_msearch"]:
                lines = [json.loads(line) for line in body.split("\n") if line]
                return 200, {"took": 1, "responses": [self._or_error(line, parts[0]) for line in lines[1::2]]}
        raise RefusedError(405, "method_not_allowed", f"{method} {path}")

    def _or_error(self, body: dict[str, Any], index: str) -> dict[str, Any]:
        try:
            return self._search(body, index) | {"status": 200}
        except RefusedError as error:
            return {"error": {"type": error.kind, "reason": error.reason}, "status": error.status}

    def _create(self, body: dict[str, Any]) -> tuple[int, Any]:
        kinds = body["mappings"]["properties"]
        known = {"text", "keyword", "dense_vector" if self.kind == "elasticsearch" else "knn_vector"}
        if wrong := [one["type"] for one in kinds.values() if one["type"] not in known]:
            raise RefusedError(400, "mapper_parsing_exception", f"No handler for type [{wrong[0]}]")
        similarity = body.get("settings", {}).get("index", {}).get("similarity", {}).get("default", {})
        self.store = Store({}, similarity.get("k1", 1.2), similarity.get("b", 0.75), kinds)
        return 200, {"acknowledged": True, "shards_acknowledged": True, "index": "passages"}

    def _bulk(self, body: str) -> tuple[int, Any]:
        lines = [json.loads(line) for line in body.split("\n") if line]
        items, store = [], self._there("passages")
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            name = action["index"]["_id"]
            if any(isinstance(value, str) and len(value) > 32_766 for value in document.values()):
                error = {"type": "illegal_argument_exception", "reason": "Document contains at least one immense term"}
                items.append({"index": {"_id": name, "status": 400, "error": error}})
                continue
            store.documents[name] = document
            items.append({"index": {"_id": name, "status": 201, "result": "created"}})
        return 200, {"took": 1, "errors": any("error" in item["index"] for item in items), "items": items}

    def _there(self, index: str) -> Store:
        if self.store is None:
            raise RefusedError(404, "index_not_found_exception", f"no such index [{index}]")
        return self.store

    def _search(self, body: dict[str, Any], index: str) -> dict[str, Any]:
        store = self._there(index)
        if wrong := set(body) - {"query", "knn", "size", "_source", "track_total_hits", "aggs"}:
            raise RefusedError(400, "parsing_exception", f"Unknown key for a value in [{wrong.pop()}].")
        if "knn" in body:
            if self.kind != "elasticsearch":
                raise RefusedError(400, "parsing_exception", "Unknown key for a START_OBJECT in [knn].")
            knn = body["knn"]
            among = set(self._match(knn["filter"]) if "filter" in knn else store.documents)
            scores = store.near(knn["field"], knn["query_vector"], knn["k"], among)
        else:
            scores = self._match(body["query"])
        best = sorted(scores.items(), key=lambda one: (-one[1], one[0]))[: body.get("size", 10)]
        hits = [
            {"_index": index, "_id": key, "_score": score, "_source": self._shown(key, body)} for key, score in best
        ]
        total = {"value": len(scores), "relation": "eq"}
        shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
        answer: dict[str, Any] = {
            "took": 1,
            "timed_out": False,
            "_shards": shards,
            "hits": {"total": total, "hits": hits},
        }
        if "aggs" in body:
            filters = body["aggs"]["held"]["filters"]["filters"]
            buckets = {key: {"doc_count": len(self._match(query))} for key, query in filters.items()}
            answer["aggregations"] = {"held": {"buckets": buckets}}
        return answer

    def _shown(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        document = self._there("").documents[key]
        return {name: document[name] for name in body.get("_source", document) if name in document}

    def _match(self, query: dict[str, Any]) -> Scores:
        store = self._there("")
        ((kind, inner),) = query.items()
        match kind:
            case "match_all":
                return dict.fromkeys(store.documents, 1.0)
            case "multi_match" if inner["type"] == "cross_fields":
                return store.bm25(inner["fields"], inner["query"], over=max)
            case "multi_match" if inner["type"] == "phrase":
                return _sum([store.holding(name, inner["query"]) for name in inner["fields"]])
            case "term" | "terms":
                ((name, values),) = inner.items()
                return store.equal(name, values if isinstance(values, list) else [values])
            case "ids":
                return {key: 1.0 for key in inner["values"] if key in store.documents}
            case "constant_score":
                return dict.fromkeys(self._match(inner["filter"]), float(inner["boost"]))
            case "function_score":
                return {key: zlib.crc32(key.encode()) / 2**32 for key in self._match(inner["query"])}
            case "knn" if self.kind == "opensearch":
                ((name, asked),) = inner.items()
                among = set(self._match(asked["filter"]) if "filter" in asked else store.documents)
                return store.near(name, asked["vector"], asked["k"], among)
            case "bool":
                return self._bool(inner)
        raise RefusedError(400, "parsing_exception", f"unknown query [{kind}]")

    def _bool(self, inner: dict[str, Any]) -> Scores:
        must = [self._match(part) for part in inner.get("must", [])]
        should = [self._match(part) for part in inner.get("should", [])]
        scores = _sum([*must, *should]) if must or should else dict.fromkeys(self._there("").documents, 0.0)
        kept = set(scores).intersection(*(set(part) for part in must))
        gone = set().union(*(set(self._match(part)) for part in inner.get("must_not", [])))
        return {key: scores[key] for key in kept - gone}

    def _solr(self, path: str, body: str) -> tuple[int, Any]:
        if self.store is None:
            raise RefusedError(404, "", "Not Found")
        place = urlsplit(path)
        if place.path.rstrip("/").endswith("/update"):
            for document in json.loads(body) if body.startswith("[") else []:
                self.store.documents[document["id"]] = document
            return 200, {"responseHeader": {"status": 0, "QTime": 1}}
        asked = parse_qs(body or place.query, keep_blank_values=True)
        scores = self._lucene(asked["q"][0], asked)
        for part in asked.get("fq", []):
            if not part.startswith("-"):
                raise RefusedError(400, "", f"unknown filter {part}")
            for key in self._lucene(part[1:], {}):
                scores.pop(key, None)
        if asked.get("sort") == ["random_0 asc"]:
            scores = {key: zlib.crc32(key.encode()) / 2**32 for key in scores}
        best = sorted(scores.items(), key=lambda one: (-one[1], one[0]))[: int(asked.get("rows", ["10"])[0])]
        shown = asked.get("fl", [""])[0].split(",")
        rows = [{k: v for k, v in (self.store.documents[key] | {"score": s}).items() if k in shown} for key, s in best]
        response = {"numFound": len(scores), "start": 0, "numFoundExact": True, "docs": rows}
        answer: dict[str, Any] = {"responseHeader": {"status": 0, "QTime": 1}, "response": response}
        if asked.get("facet") == ["true"]:
            facets = {}
            for part in asked.get("facet.query", []):
                key, query = re.fullmatch(r"\{!key=(\d+)\}(.*)", part, re.DOTALL).groups()  # type: ignore[union-attr]
                facets[key] = len(self._lucene(query, {}))
            answer["facet_counts"] = {"facet_queries": facets}
        return 200, answer

    def _lucene(self, query: str, asked: dict[str, list[str]]) -> Scores:
        store = self.store or Store()
        if query == "*:*":
            return dict.fromkeys(store.documents, 1.0)
        if asked.get("defType") == ["edismax"]:
            assert asked["tie"] == ["1.0"]
            return store.bm25(asked["qf"][0].split(), query)
        if knn := re.fullmatch(r"\{!knn f=(\w+) topK=(\d+)\}\[(.*)\]", query):
            among = set(store.documents)
            for part in asked.get("fq", []):  # filters of the request are applied before the search
                among -= set(self._lucene(part[1:], {}))
            return store.near(knn[1], [float(number) for number in knn[3].split(",")], int(knn[2]), among)
        text = r'"((?:[^"\\]|\\.)*)"'
        if listed := re.fullmatch(rf"(\w+):\(({text}(?: OR {text})*)\)", query):
            return store.equal(listed[1], [_unquoted(one) for one in re.findall(text, listed[2])])
        found = []
        for name, value, alone in re.findall(rf"\(?(\w+):{text}\)?(?:\^=([\d.]+))?", query):
            held = store.holding(name, _unquoted(value)) if "_txt" in name else store.equal(name, [_unquoted(value)])
            found.append(dict.fromkeys(held, float(alone or 1.0)))
        if not found:
            raise RefusedError(400, "", f"org.apache.solr.search.SyntaxError: Cannot parse '{query}'")
        return _sum(found)


def _sum(parts: list[Scores]) -> Scores:
    total: defaultdict[str, float] = defaultdict(float)
    for part in parts:
        for key, score in part.items():
            total[key] += score
    return dict(total)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", unquote(text))


@contextmanager
def running(kind: str, store: Store | None = None) -> Iterator[Contract]:
    """A server of a kind on this machine."""
    state = Contract(kind, store=store)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            state.asked.append((self.path, body))
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            if state.replies:
                state.replies.pop(0)(self)
                return
            if state.authorization and self.headers.get("Authorization") != state.authorization:
                send(self, 401, _error(kind, RefusedError(401, "security_exception", "unable to authenticate user")))
                return
            try:
                send(self, *state.answer(self.command, self.path, body))
            except RefusedError as error:
                send(self, error.status, _error(kind, error))

        do_GET = do_POST = do_PUT = do_HEAD = do  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    web = Quiet(("127.0.0.1", 0), Handler)
    thread = Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{web.server_port}" + ("/solr/passages" if kind == "solr" else "")
    try:
        yield state
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


def _error(kind: str, error: RefusedError) -> object:
    if kind == "solr":
        return {"responseHeader": {"status": error.status}, "error": {"msg": error.reason, "code": error.status}}
    return {"error": {"type": error.kind, "reason": error.reason, "root_cause": []}, "status": error.status}
