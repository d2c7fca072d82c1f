"""The retriever over servers that answer, and over servers that do not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.literals import Triple
from ragmtl.retrieval.hybrid import NOTHING_LINKS, Retriever, Retrieves
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.servers.asking import Patience
from ragmtl.retrieval.servers.explore import LONG_TEXT, Reach
from ragmtl.retrieval.servers.passages import Counts, Fields, Hits, Question
from ragmtl.retrieval.servers.retriever import NO_GRAPH, NO_PASSAGES, ServedRetriever
from ragmtl.retrieval.servers.sparql import Around, SparqlGraph
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights
from tests.retrieval.servers.conftest import K, Kitchen, Server, connect
from tests.retrieval.servers.replies import hang_up, say

SETTINGS = RetrievalSettings(passages=4, nodes=24)
NOWHERE = "http://127.0.0.1:9/query"
QUERY = Query("Chickpeas ground with cumin and parsley, under tahini")
SILENT = SparqlGraph(NOWHERE, patience=Patience(timeout=60.0, attempts=2, sleep=lambda _: None))


def ids(served: ServedRetriever, query: Query) -> list[str]:
    evidence = served(query)
    assert evidence.within is not None
    return [evidence.within.corpus.ids[one.passage] for one in evidence.passages]


def test_it_retrieves_like_any_retriever(kitchen: Kitchen, oxigraph: str) -> None:
    served = ServedRetriever(kitchen.index, SparqlGraph(oxigraph), kitchen.index.encoder, SETTINGS)
    assert isinstance(served, Retrieves)
    seen: list[tuple[int, int]] = []
    found = served.many([QUERY, Query("sumac"), Query("")], lambda *done: seen.append(done))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert found[0].query == QUERY
    evidence = served(QUERY)
    assert [one.score for one in evidence.passages] == [one.score for one in found[0].passages]
    assert evidence.within is not None
    graph = evidence.within.graph
    assert {graph.label(one.node) for one in evidence.mentions} >= {"chickpea", "cumin", "parsley", "tahini"}
    assert evidence.notes == ()
    assert len(evidence.reasons) == len(evidence.subgraph.nodes) == 24
    assert any(reason.startswith("named in the text as") for reason in evidence.reasons)
    assert any("step" in reason for reason in evidence.reasons)
    assert all(one.reason for one in evidence.passages)
    assert {graph.origin(triple).source for triple in evidence.subgraph.triples.tolist()} == {f"SPARQL at {oxigraph}"}


@pytest.mark.parametrize("walk", ["pagerank", "k-hop", "paths", "steiner"])
def test_every_walk_works(kitchen: Kitchen, oxigraph: str, walk: str) -> None:
    settings = replace(SETTINGS, walk=walk, linking="full", triples=12)  # type: ignore[arg-type]
    served = ServedRetriever(kitchen.index, SparqlGraph(oxigraph), kitchen.index.encoder, settings)
    evidence = served(QUERY)
    assert 0 < len(evidence.subgraph.triples) <= 12
    assert len(evidence.triple_reasons) == len(evidence.subgraph.triples)
    assert len(evidence.passages) == 4


def test_a_silent_graph_leaves_the_passages(kitchen: Kitchen) -> None:
    evidence = ServedRetriever(kitchen.index, SILENT, kitchen.index.encoder, SETTINGS)(QUERY)
    assert len(evidence.passages) == 4
    assert not len(evidence.subgraph.nodes)
    (note,) = evidence.notes
    assert note.startswith(f"{NO_GRAPH}: {NOWHERE}: expected N-Triples, found no connection")
    assert "2 times" in note
    assert NOTHING_LINKS not in evidence.notes


def test_a_silent_graph_is_not_a_graph_without_the_entities(kitchen: Kitchen) -> None:
    query = Query("tahini", entities=(K + "tahini",), history=(K + "cumin",), hide=frozenset({K + "cuisine"}))
    evidence = ServedRetriever(kitchen.index, SILENT, kitchen.index.encoder, SETTINGS)(query)
    assert evidence.query == query
    assert [note.split(":")[0] for note in evidence.notes] == [NO_GRAPH]


def test_silent_passages_leave_the_graph(kitchen: Kitchen, oxigraph: str, serve: Server) -> None:
    server = serve("opensearch")
    passages = connect(server)
    passages.push(kitchen.passages)
    server.replies = [hang_up] * 99
    evidence = ServedRetriever(passages, SparqlGraph(oxigraph), kitchen.index.encoder, SETTINGS)(QUERY)
    assert evidence.passages == ()
    assert len(evidence.subgraph.nodes) == 24
    (note,) = evidence.notes
    assert note.startswith(
        f"{NO_PASSAGES}: {server.url}/passages: expected the answer to a search, found no connection"
    )
    assert "3 times" in note
    assert len(server.replies) == 96, "a server that does not answer is not asked for the rest"


def test_what_came_before_passages_fell_silent_stays(kitchen: Kitchen, serve: Server) -> None:
    server = serve("opensearch")
    passages = connect(server)
    passages.push(kitchen.passages)
    served = ServedRetriever(passages, kitchen.index.graph, kitchen.index.encoder, SETTINGS)
    served(QUERY)
    for replies in ([], [say(503, b"{}")] * 99):
        server.replies = replies
        wanted = [path for path, _ in server.asked]
        evidence = served(QUERY)
        assert len(server.asked) > len(wanted)
        if replies:
            assert evidence.passages == ()
            assert NO_PASSAGES in evidence.notes[0]

    class Halting:
        shown, has_vectors, has_groups = passages.shown, False, True

        def ask(self, questions: list[Question]) -> list[Hits]:
            return passages.ask(questions)

        def count(self, phrases: list[str]) -> Counts:
            raise DataError("expected numbers of passages, found HTTP 503 3 times", "http://x")

    server.replies = []
    halting = ServedRetriever(Halting(), kitchen.index.graph, kitchen.index.encoder, SETTINGS)  # type: ignore[arg-type]
    evidence = halting(QUERY)
    assert len(evidence.passages) == 4
    assert evidence.notes == (
        "only a part of the passages is in this evidence: "
        "http://x: expected numbers of passages, found HTTP 503 3 times",
    )


def test_when_nothing_answers_there_is_one_error(kitchen: Kitchen, serve: Server) -> None:
    server = serve("elasticsearch")
    passages = connect(server, attempts=1)
    server.replies = [hang_up] * 9
    served = ServedRetriever(passages, SILENT, kitchen.index.encoder, SETTINGS)
    with pytest.raises(DataError) as caught:
        served(QUERY)
    said = str(caught.value)
    assert said.startswith("expected passages or a graph, found neither: ")
    assert server.url in said
    assert NOWHERE in said


def test_a_part_of_the_shards_is_a_note(kitchen: Kitchen) -> None:
    class Partial:
        shown, has_vectors, has_groups = "a server", False, True

        def ask(self, questions: list[Question]) -> list[Hits]:
            return [Hits(tuple(kitchen.passages[:3]), (3.0, 2.0, 1.0), 3, "2 of 5 shards failed") for _ in questions]

        def count(self, phrases: list[str]) -> Counts:
            return Counts(280, tuple(1 for _ in phrases))

    served = ServedRetriever(Partial(), kitchen.index.graph, kitchen.index.encoder, SETTINGS)  # type: ignore[arg-type]
    assert served(QUERY).notes == ("only a part of the passages is in this evidence: a server: 2 of 5 shards failed",)


@pytest.mark.parametrize(
    "text", ["", " ", "?!", "\x00", "\ud800 tahini", "x" * 100_000, "tahini " * 20_000, "🍋" * 500, "זעתר وسماق"]
)
def test_any_text_is_answered(kitchen: Kitchen, oxigraph: str, serve: Server, text: str) -> None:
    server = connect(serve("opensearch"))
    server.push(kitchen.passages[:20])
    served = ServedRetriever(server, SparqlGraph(oxigraph), kitchen.index.encoder, SETTINGS)
    evidence = served(Query(text))
    assert not [note for note in evidence.notes if "expected" in note]
    assert (LONG_TEXT in evidence.notes) == text.startswith("tahini ")


def test_entities_that_there_are_not(kitchen: Kitchen, oxigraph: str) -> None:
    served = ServedRetriever(kitchen.index, SparqlGraph(oxigraph), kitchen.index.encoder, SETTINGS)
    evidence = served(Query(entities=("http://x/none", 'bad> "', K + "tahini")))
    assert "2 of the given entities are not in the graph, such as http://x/none" in evidence.notes
    assert evidence.within is not None
    assert evidence.within.graph.label(int(evidence.subgraph.nodes[0])) == "tahini"


def test_hidden_relations_are_not_seen(kitchen: Kitchen, oxigraph: str) -> None:
    served = ServedRetriever(kitchen.index, SparqlGraph(oxigraph), kitchen.index.encoder, SETTINGS)
    for query in (Query("Panna cotta", hide=frozenset({K + "cuisine", K + "country", K + "none"})),):
        evidence = served(query)
        assert evidence.within is not None
        assert not {K + "cuisine", K + "country"} & set(evidence.within.graph.relations)
        assert evidence.notes == ()
        assert evidence.query == query


def test_excluded_groups_are_not_seen(kitchen: Kitchen, serve: Server) -> None:
    server = connect(serve("opensearch"))
    server.push(kitchen.passages)
    served = ServedRetriever(server, kitchen.index.graph, kitchen.index.encoder, SETTINGS)
    first = ids(served, QUERY)
    without = ids(served, replace(QUERY, exclude=frozenset(first[:2])))
    assert len(without) == 4
    assert not set(first[:2]) & set(without)


def test_groups_cannot_be_excluded_where_they_are_not_known(kitchen: Kitchen, serve: Server) -> None:
    server = connect(serve("opensearch"), Fields(group=""))
    served = ServedRetriever(server, kitchen.index.graph, kitchen.index.encoder, SETTINGS)
    with pytest.raises(ConfigError, match="expected a field of groups to leave some out, found none in OpenSearch"):
        served(replace(QUERY, exclude=frozenset({"g"})))


def test_passages_without_entities_are_linked_by_their_names(kitchen: Kitchen, oxigraph: str, serve: Server) -> None:
    server = connect(serve("opensearch"), Fields(entities=""))
    server.push(kitchen.passages)
    for graph in (kitchen.index.graph, SparqlGraph(oxigraph)):
        evidence = ServedRetriever(server, graph, kitchen.index.encoder, SETTINGS)(QUERY)
        assert [one for one in evidence.passages if one.reason.startswith("speaks of")]


def test_vectors_of_the_server_are_used(kitchen: Kitchen, serve: Server) -> None:
    server = connect(serve("elasticsearch"), Fields(vector="vector", search="reading"))
    texts = [f"{one.title}. {one.text}" for one in kitchen.passages]
    server.push(kitchen.passages, kitchen.index.encoder.encode(texts))
    settings = replace(SETTINGS, weights=SourceWeights(bm25=0.0, dense=1.0, graph=0.0))
    served = ServedRetriever(server, kitchen.index.graph, kitchen.index.encoder, settings)
    local = Retriever(kitchen.index, settings)
    for query in kitchen.queries[:5]:
        expected = local(query)
        found = served(query)
        assert found.within is not None
        assert [found.within.corpus.ids[one.passage] for one in found.passages] == [
            kitchen.index.corpus.ids[one.passage] for one in expected.passages
        ]
        cosines = [one.sources["dense"] for one in found.passages]
        assert cosines == pytest.approx([one.sources["dense"] for one in expected.passages], abs=1e-4)


def test_no_more_of_a_graph_is_fetched_than_asked(kitchen: Kitchen) -> None:
    asked: list[int] = []

    class Endless:
        """Every node has a thousand neighbours."""

        shown, languages, vocabulary = "endless", ("en",), SILENT.vocabulary

        def named(self, names: list[str]) -> list[Triple]:
            return []

        def around(self, iris: list[str], hide: frozenset[str] = frozenset()) -> Around:
            asked.append(len(iris))
            return Around([(iri, "http://x/p", f"{iri}/{row}") for iri in iris for row in range(50)], {})

        def described(self, iris: list[str]) -> list[Triple]:
            asked.append(len(iris))
            return []

    reach = Reach(hops=3, frontier=10, described=40)
    served = ServedRetriever(kitchen.index, Endless(), kitchen.index.encoder, SETTINGS, reach=reach)  # type: ignore[arg-type]
    evidence = served(Query(entities=("http://x/start",)))
    assert asked == [1, 10, 10, 41]
    assert len(evidence.subgraph.nodes) == 24


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, weights=SourceWeights(tfidf=1.0)),
        replace(SETTINGS, fusion="learned"),
        replace(SETTINGS, walk="learned"),
    ],
)
def test_what_needs_an_index_is_refused(kitchen: Kitchen, settings: RetrievalSettings) -> None:
    with pytest.raises(ConfigError, match="expected settings that servers can follow, found"):
        ServedRetriever(kitchen.index, SILENT, kitchen.index.encoder, settings)


def test_importing_retrieval_loads_no_client() -> None:
    code = (
        "import sys, ragmtl.retrieval, ragmtl.retrieval.servers.retriever, ragmtl.retrieval.servers.elasticsearch\n"
        "import ragmtl.retrieval.servers.opensearch, ragmtl.retrieval.servers.solr\n"
        "clients = ('elasticsearch', 'opensearchpy', 'pysolr', 'elastic_transport')\n"
        "sys.exit(sum(name in sys.modules for name in clients))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
