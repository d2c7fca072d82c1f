"""The kitchen example: in an index here, behind an endpoint, and in servers that keep the contract of real ones."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ragmtl.kg.parsing.read import read_rdf
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.encoder import CachedEncoder
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.files.passages import read_passages
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.servers.asking import Patience
from ragmtl.retrieval.servers.passages import Fields, TakesPassages
from tests.kg.endpoints.test_servers import free_port, program, running
from tests.retrieval.servers import contract

KITCHEN = Path(__file__).parents[3] / "examples" / "kitchen"
K = "https://ragmtl.example/kitchen/"
KINDS = ("elasticsearch", "opensearch", "solr")
CLIENTS = {"elasticsearch": "elasticsearch", "opensearch": "opensearchpy", "solr": "pysolr"}


@dataclass(frozen=True)
class Kitchen:
    """The index, its passages as they were read, and some questions."""

    index: Index
    passages: list[Passage]
    queries: list[Query]


@pytest.fixture(scope="session")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    graph = read_rdf(KITCHEN / "graph")
    corpus = Corpus.read(KITCHEN / "passages.jsonl", graph)
    folder = tmp_path_factory.mktemp("kitchen")
    encoder = CachedEncoder(HashingEncoder(), folder / "vectors")  # what is fetched again is not encoded again
    index = Index.build(graph, corpus, encoder, folder / "index")
    dishes = [json.loads(line) for line in (KITCHEN / "dishes.jsonl").read_text(encoding="utf-8").splitlines()]
    texts, entities = dishes[::60], dishes[3::180]
    queries = [Query(one["text"]) for one in texts] + [Query(entities=(one["dish"],)) for one in entities]
    return Kitchen(index, read_passages(KITCHEN / "passages.jsonl")[0], queries)


@pytest.fixture(scope="session")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = program("oxigraph")
    if found is None:
        pytest.skip("no Oxigraph here: pip install oxigraph")
    folder, port = tmp_path_factory.mktemp("oxigraph"), free_port()
    files = [word for path in sorted((KITCHEN / "graph").glob("*.ttl")) for word in ("--file", str(path))]
    subprocess.run([found, "load", "--location", str(folder / "db"), *files], check=True, capture_output=True)
    serve = [found, "serve-read-only", "--location", str(folder / "db"), "--bind", f"127.0.0.1:{port}"]
    with running(serve, port, folder / "log"):
        yield f"http://127.0.0.1:{port}/query"


Server = Callable[..., contract.Contract]


@pytest.fixture
def serve() -> Iterator[Server]:
    """Starts servers of a kind."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda kind, store=None: stack.enter_context(contract.running(kind, store))


def connect(
    server: contract.Contract, fields: Fields | None = None, *, authorization: str = "", **patience: float
) -> TakesPassages:
    """The adapter of a server, with the official client."""
    pytest.importorskip(CLIENTS[server.kind], reason=f"no client of {server.kind} here")
    manners = Patience(**({"timeout": 60.0, "pause": 0.01} | patience))  # type: ignore[arg-type]
    if server.kind == "elasticsearch":
        from ragmtl.retrieval.servers.elasticsearch import ElasticsearchPassages

        return ElasticsearchPassages(server.url, "passages", fields, authorization=authorization, patience=manners)
    if server.kind == "opensearch":
        from ragmtl.retrieval.servers.opensearch import OpenSearchPassages

        return OpenSearchPassages(server.url, "passages", fields, authorization=authorization, patience=manners)
    from ragmtl.retrieval.servers.solr import FIELDS, SolrPassages

    return SolrPassages(server.url, fields or FIELDS, authorization=authorization, patience=manners)
