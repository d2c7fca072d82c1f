"""Servers in the configuration and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ragmtl.build import build_index, open_index
from ragmtl.config import Config, parse_config, read_config
from ragmtl.errors import ConfigError
from ragmtl.graphs import read_graph
from ragmtl.served import passages_of, push_corpus, served_retriever
from tests.ragmtl.conftest import TEA, Ragmtl, World
from tests.retrieval.servers.conftest import CLIENTS, KINDS, Server
from tests.retrieval.servers.contract import Store, running

T = "https://tea.example/"
NOWHERE = 'url = "http://127.0.0.1:9/query"\ntimeout = 1.0\nattempts = 1\n'


@pytest.fixture
def serve() -> Iterator[Server]:
    """Starts servers of a kind."""
    with ExitStack() as stack:
        yield lambda kind, store=None: stack.enter_context(running(kind, store))


def written(folder: Path, graph: str, corpus: str, more: str = "") -> Path:
    path = folder / "served.toml"
    path.write_text(f'name = "served"\n[encoder]\nname = "hashing"\n[graph]\n{graph}\n[corpus]\n{corpus}\n{more}')
    return path


def config(graph: str, corpus: str, folder: Path) -> Config:
    return read_config(written(folder, graph, corpus))


@pytest.mark.parametrize("kind", KINDS)
def test_passages_are_pushed_and_retrieved(kind: str, serve: Server, ragmtl: Ragmtl, tmp_path: Path) -> None:
    pytest.importorskip(CLIENTS[kind], reason=f"no client of {kind} here")
    server = serve(kind, Store() if kind == "solr" else None)
    index = "" if kind == "solr" else 'index = "passages"\n'
    corpus = f'path = "{TEA}/passages.jsonl"\n[corpus.server]\nkind = "{kind}"\nurl = "{server.url}"\n{index}'
    path = written(tmp_path, f'sources = ["{TEA}/graph.ttl"]', corpus)
    pushed = ragmtl("push", path)
    assert (pushed.code, pushed.out) == (0, f"wrote 10 passages into {server.url}\n"), pushed.err
    called = ragmtl("retrieve", path, "smoky tea dried over wood", "--passages", 2, "--nodes", 6, "--json")
    assert called.code == 0, called.err
    found = json.loads(called.out)
    assert len(found["passages"]) == 2
    assert "Pine smoke" in [passage["title"] for passage in found["passages"]]
    shown = ragmtl("retrieve", path, T + "sencha")
    assert shown.code == 0, shown.err
    assert "sencha" in shown.out


def test_a_silent_graph_is_a_note_on_the_command_line(serve: Server, ragmtl: Ragmtl, tmp_path: Path) -> None:
    pytest.importorskip("opensearchpy", reason="no client of OpenSearch here")
    server = serve("opensearch")
    corpus = f'path = "{TEA}/passages.jsonl"\n[corpus.server]\nkind = "opensearch"\nurl = "{server.url}"\nindex = "p"'
    path = written(tmp_path, f"[graph.server]\n{NOWHERE}", corpus)
    assert ragmtl("push", path).code == 0
    called = ragmtl("retrieve", path, "smoky tea dried over wood", "--json")
    assert called.code == 0, called.err
    found = json.loads(called.out)
    assert found["passages"]
    assert found["notes"][0].startswith("no graph in this evidence: http://127.0.0.1:9/query: expected N-Triples")


def test_when_nothing_answers_the_command_fails(ragmtl: Ragmtl, tmp_path: Path) -> None:
    pytest.importorskip("elasticsearch", reason="no client of Elasticsearch here")
    corpus = f'[corpus.server]\nkind = "elasticsearch"\nindex = "p"\n{NOWHERE}'
    called = ragmtl("retrieve", written(tmp_path, f"[graph.server]\n{NOWHERE}", corpus), "tea")
    assert called.code == 1
    assert called.err.startswith("error: expected passages or a graph, found neither: http://127.0.0.1:9/query/p: ")
    assert called.err.count("\n") == 1


def test_local_passages_beside_a_graph_on_a_server(ragmtl: Ragmtl, tmp_path: Path) -> None:
    path = written(tmp_path, f"[graph.server]\n{NOWHERE}", f'path = "{TEA}/passages.jsonl"')
    assert "10 passages" in ragmtl("index", path).out
    called = ragmtl("retrieve", path, "smoky tea dried over wood", "--json")
    assert called.code == 0, called.err
    assert json.loads(called.out)["passages"][0]["title"] == "Pine smoke"
    empty = ragmtl("retrieve", path, " ")
    assert (empty.code, "expected a text or the IRI" in empty.err) == (1, True)


def test_a_configuration_without_servers_asks_its_index(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    name = read_config(trained.config).name
    Path("runs").mkdir()
    (Path("runs") / name).symlink_to(trained.folder)
    called = ragmtl("retrieve", trained.config, "smoky tea dried over wood", "--json")
    assert called.code == 0, called.err
    assert "Pine smoke" in [passage["title"] for passage in json.loads(called.out)["passages"]]


@pytest.mark.parametrize(
    ("graph", "corpus", "said"),
    [
        ('sources = ["x"]\n[graph.server]\nurl = "http://x"', 'path = "p"', "a server is asked as it is"),
        ('[graph.server]\nurl = "ftp://x"', 'path = "p"', "graph.server.url"),
        ('[graph.server]\nurl = "http://x"\nhop = 2', 'path = "p"', "did you mean `hops`"),
        ("", "", "path or server is needed, found neither"),
        ("", '[corpus.server]\nkind = "solr"\nurl = "http://x"\nindex = "i"', "as `url` names the core"),
        ("", '[corpus.server]\nkind = "opensearch"\nurl = "http://x"', "the name of an `index`"),
        ("", '[corpus.server]\nkind = "lucene"\nurl = "http://x"', "corpus.server.kind"),
        ("", '[corpus.server]\nkind = "solr"\nurl = "http://x"\ntimeout = 0', "corpus.server.timeout"),
    ],
)
def test_what_cannot_be_is_refused(graph: str, corpus: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config(graph, corpus, tmp_path)
    assert said in str(caught.value)


def test_training_says_that_it_wants_an_index(tmp_path: Path, ragmtl: Ragmtl) -> None:
    corpus = '[corpus.server]\nkind = "solr"\nurl = "http://127.0.0.1:9/solr/p"'
    path = written(tmp_path, f'sources = ["{TEA}/graph.ttl"]', corpus)
    with pytest.raises(ConfigError, match="expected passages to index, found those of .corpus.server."):
        build_index(read_config(path), tmp_path / "index")
    with pytest.raises(ConfigError, match="found a server, for which models cannot be trained"):
        open_index(read_config(path), tmp_path / "index")
    called = ragmtl("train", path)
    assert called.code == 1
    assert "models cannot be trained" in called.err


def test_a_graph_on_a_server_is_not_read(tmp_path: Path) -> None:
    served = config("[graph.server]\nurl = 'http://me:word@x/sparql'", f'path = "{TEA}/passages.jsonl"', tmp_path)
    with pytest.raises(ConfigError, match="found one on a server \\(http://x/sparql\\)"):
        read_graph(served)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = config("", f'path = "{TEA}/passages.jsonl"', tmp_path)
    with pytest.raises(ConfigError, match="found no .corpus.server."):
        push_corpus(bare)
    corpus = '[corpus.server]\nkind = "solr"\nurl = "http://127.0.0.1:9/solr/p"\nauthorization = "RAGMTL_NO_TOKEN"'
    served = config("", corpus, tmp_path)
    with pytest.raises(ConfigError, match="found no path in .corpus."):
        push_corpus(served)
    with pytest.raises(ConfigError, match="`corpus.server.authorization`.*RAGMTL_NO_TOKEN, found it unset"):
        served_retriever(served)
    monkeypatch.setenv("RAGMTL_NO_TOKEN", "Bearer secret-token")
    with pytest.raises(ConfigError, match="expected a graph beside the passages of a server, found none"):
        served_retriever(served)


def test_fields_are_those_of_the_adapter_unless_named(tmp_path: Path) -> None:
    pytest.importorskip("pysolr", reason="no client of Solr here")
    corpus = '[corpus.server]\nkind = "solr"\nurl = "http://x/solr/p"\ntext = "body"\nentities = ""'
    chosen = config("", corpus, tmp_path).corpus.server
    assert chosen is not None
    fields = passages_of(chosen).fields  # type: ignore[attr-defined]
    assert (fields.text, fields.title, fields.entities, fields.id) == ("body", "title_txt_en", "", "id")


def test_vectors_are_pushed_where_a_field_is_named(serve: Server, tmp_path: Path) -> None:
    pytest.importorskip("elasticsearch", reason="no client of Elasticsearch here")
    server = serve("elasticsearch")
    corpus = f'path = "{TEA}/passages.jsonl"\n[corpus.server]\nkind = "elasticsearch"\nurl = "{server.url}"\n'
    served = config(f'sources = ["{TEA}/graph.ttl"]', f'{corpus}index = "p"\nvector = "v"\nsearch = "s"', tmp_path)
    push_corpus(served.model_copy(update={"name": str(tmp_path / "here")}))
    assert server.store is not None
    assert server.store.mapping["v"] == {"type": "dense_vector", "dims": 256, "index": True, "similarity": "cosine"}
    assert all(len(document["v"]) == 256 for document in server.store.documents.values())
    assert server.store.k1 == 1.5


def test_a_client_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for module, extra in (("elasticsearch", "elasticsearch"), ("opensearchpy", "opensearch"), ("pysolr", "solr")):
        monkeypatch.setitem(sys.modules, module, None)
        index = {} if extra == "solr" else {"index": "p"}
        server = {"kind": extra, "url": "http://x/p", **index}
        chosen = parse_config({"name": "x", "corpus": {"server": server}}).corpus.server
        assert chosen is not None
        with pytest.raises(ConfigError, match=f"found none; run `pip install 'ragmtl.{extra}.'`"):
            passages_of(chosen)
