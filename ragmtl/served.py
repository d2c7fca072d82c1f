"""Retrieval from the servers of a configuration, and passages written into them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ragmtl.build import Watch, encoder_for, unwatched
from ragmtl.config import Config
from ragmtl.config.servers import AskedConfig, GraphServerConfig, PassageServerConfig
from ragmtl.endpoints import header_from
from ragmtl.errors import ConfigError
from ragmtl.graphs import read_graph, vocabulary_of
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import reading_of
from ragmtl.retrieval.encoders.vectors import vectors_beside
from ragmtl.retrieval.files.passages import read_passages
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.servers.asking import Patience
from ragmtl.retrieval.servers.explore import GraphServer, Reach
from ragmtl.retrieval.servers.passages import Fields, Passages, TakesPassages
from ragmtl.retrieval.servers.retriever import ServedRetriever
from ragmtl.retrieval.settings import RetrievalSettings
from ragmtl.retrieving import retrieval_settings

_FIELDS = ("id", "title", "text", "search", "group", "entities", "vector")


def served_retriever(
    config: Config, index: str | Path | None = None, settings: RetrievalSettings | None = None
) -> ServedRetriever:
    """The retriever over the servers of a configuration; what is on no server is read here.

    Args:
        config: Which servers there are.
        index: Folder of the index of the passages, where these are on no server; the usual place where None.
        settings: How much is retrieved; as `[retrieval]` says where None.

    Raises:
        ConfigError: No graph is named, a client is not installed, or a token is not there.
        DataError: The graph cannot be read.
        MismatchError: There is no index.
    """
    folder = Path(index) if index is not None else Path("runs") / config.name / "index"
    encoder = encoder_for(config, vectors_beside(folder))
    passages: Passages | Index = (
        Index.load(folder, encoder=encoder) if config.corpus.server is None else passages_of(config.corpus.server)
    )
    chosen = config.graph.server
    reach = Reach() if chosen is None else Reach(chosen.hops, chosen.frontier)
    return ServedRetriever(passages, _graph(config), encoder, settings or retrieval_settings(config), reach=reach)


def push_corpus(config: Config, watch: Watch = unwatched) -> int:
    """Write the passages of `[corpus] path` into the server of `[corpus.server]`; says how many.

    Raises:
        ConfigError: One of the two is not named.
        DataError: The passages cannot be read, or the server does not take them.
    """
    chosen = config.corpus.server
    if chosen is None or not config.corpus.path:
        missing = "[corpus.server]" if chosen is None else "path in [corpus]"
        raise ConfigError(f"expected passages and a server to write them into, found no {missing}; name it")
    server = passages_of(chosen)
    passages, _ = read_passages(config.resolve(config.corpus.path))
    vectors = None
    if chosen.vector:
        encoder = encoder_for(config, vectors_beside(Path("runs") / config.name / "index"))
        texts = [reading_of(passage.title, passage.text) for passage in passages]
        vectors = encoder.encode(texts, watch("encoding passages"))
    return server.push(passages, vectors)


def passages_of(chosen: PassageServerConfig) -> TakesPassages:
    """The server of passages that a configuration names.

    Raises:
        ConfigError: Its client is not installed, or the environment variable with a token is not set.
    """
    patience, header = _patience(chosen), header_from(chosen.authorization, "corpus.server")
    match chosen.kind:
        case "elasticsearch":
            from ragmtl.retrieval.servers.elasticsearch import ElasticsearchPassages

            return ElasticsearchPassages(
                chosen.url, chosen.index, _fields(chosen, Fields()), authorization=header, patience=patience,
                analyzer=chosen.analyzer,
            )  # fmt: skip
        case "opensearch":
            from ragmtl.retrieval.servers.opensearch import OpenSearchPassages

            return OpenSearchPassages(
                chosen.url, chosen.index, _fields(chosen, Fields()), authorization=header, patience=patience,
                analyzer=chosen.analyzer,
            )  # fmt: skip
        case "solr":
            from ragmtl.retrieval.servers.solr import FIELDS, SolrPassages

            return SolrPassages(chosen.url, _fields(chosen, FIELDS), authorization=header, patience=patience)


def _graph(config: Config) -> GraphServer | KnowledgeGraph:
    chosen = config.graph.server
    if chosen is not None:
        return _sparql(config, chosen)
    if not config.graph.sources and not config.graph.endpoints:
        raise ConfigError(
            "expected a graph beside the passages of a server, found none; name [graph.server], or sources in [graph]"
        )
    return read_graph(config)


def _sparql(config: Config, chosen: GraphServerConfig) -> GraphServer:
    from ragmtl.retrieval.servers.sparql import SparqlGraph, Width

    return SparqlGraph(
        chosen.url,
        languages=chosen.languages or config.graph.languages,
        vocabulary=vocabulary_of(config),
        graphs=chosen.graphs,
        width=Width(chosen.edges, chosen.edges // 4),
        authorization=header_from(chosen.authorization, "graph.server"),
        patience=_patience(chosen),
    )


def _patience(chosen: AskedConfig) -> Patience:
    return Patience(timeout=chosen.timeout, attempts=chosen.attempts, at_once=chosen.requests)


def _fields(chosen: PassageServerConfig, usual: Fields) -> Fields:
    named = {name: getattr(chosen, name) for name in _FIELDS if getattr(chosen, name) is not None}
    return replace(usual, **named)
