"""The retriever over servers: what one query needs is fetched, and ranked by the same `Retriever` as an index.

    retriever = ServedRetriever(
        ElasticsearchPassages("http://localhost:9200", "passages"),
        SparqlGraph("http://localhost:7878/query"),
        load_encoder("minilm"),
    )
    evidence = retriever(Query("a sour red spice"))
    evidence.within.corpus[evidence.passages[0].passage].text

Passages may be of a server and the graph be here (a `KnowledgeGraph`), or the other way round (an `Index`, whose graph
is not asked). A server that does not answer leaves its part out of the evidence, and a note says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from jaxtyping import Float32

from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import reading_of
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.evidence import Evidence, Within
from ragmtl.retrieval.hybrid import NOTHING_LINKS, Retriever, named_reranker
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.query import Query, gist
from ragmtl.retrieval.servers.explore import (
    Explored,
    GraphServer,
    Reach,
    explore,
    hidden,
    nearest,
    nowhere,
    seeds_of,
)
from ragmtl.retrieval.servers.local import IndexPassages
from ragmtl.retrieval.servers.passages import ByEntities, ByVector, ByWords, Hits, Passages, Question, Some, asked_text
from ragmtl.retrieval.servers.working import Fetched, Sample, WorkingSet, words_of, working_set
from ragmtl.retrieval.settings import RetrievalSettings

NO_PASSAGES = "no passages in this evidence"
NO_GRAPH = "no graph in this evidence"
PART = "only a part of the {} is in this evidence"

_SAMPLE, _ENTITIES, _PHRASES = 256, 32, 128
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class _Came:
    """What came for a query, and what did not."""

    fetched: Fetched
    explored: Explored
    troubles: tuple[str, ...]
    answered: bool


class ServedRetriever:
    """Finds evidence in passages and a graph of which at least one is kept by a server.

    Args:
        passages: A server of passages, or an index here.
        graph: A server of a graph, or a graph here.
        encoder: Encodes queries, and passages where the server keeps no vectors.
        settings: How much is retrieved, and how.
        reach: How much of a graph on a server is fetched for a query.
        at_once: For how many queries is fetched at once.

    Raises:
        ConfigError: The settings ask for what needs an index: TF-IDF, a learned fusion, or the walk "learned"; or there
            is no such reranker.
    """

    def __init__(
        self,
        passages: Passages | Index,
        graph: GraphServer | KnowledgeGraph,
        encoder: Encoder,
        settings: RetrievalSettings | None = None,
        *,
        reach: Reach | None = None,
        at_once: int = 4,
    ) -> None:
        self.passages: Passages = IndexPassages(passages) if isinstance(passages, Index) else passages
        self.graph, self.encoder = graph, encoder
        self.settings = settings or RetrievalSettings()
        self._reach, self._at_once = reach or Reach(), at_once
        self._dense = self.settings.weights.dense > 0
        self._lock, self._sample = Lock(), Sample((), np.zeros((0, encoder.dim), np.float32))
        self._linker: Linker | None = None
        self._reranker = named_reranker(self.settings.rerank)
        _refuse(self.settings)

    def __call__(self, query: Query) -> Evidence:
        """Evidence for one query; `within` of it says what its ids and places refer to.

        Raises:
            DataError: Neither passages nor graph answered.
        """
        return self.many([query])[0]

    def many(self, queries: Iterable[Query], progress: Progress | None = None) -> list[Evidence]:
        """Evidence for each query; for some it is fetched at once."""
        every, evidence = list(queries), list[Evidence]()
        with ThreadPoolExecutor(max(1, min(self._at_once, len(every)))) as pool:
            for query, came in zip(every, pool.map(self._fetch, every), strict=True):
                evidence.append(self._rank(query, came))
                (progress or no_progress)(len(evidence), len(every))
        return evidence

    def _fetch(self, query: Query) -> _Came:
        """Ask passages and graph, side by side; then for passages that speak of what the graph found."""
        if query.exclude and not self.passages.has_groups:
            raise ConfigError(f"expected a field of groups to leave some out, found none in {self.passages.shown}")
        with ThreadPoolExecutor(2) as pool:
            coming = pool.submit(self._first, query)
            explored = self._explored(query)
            first = coming.result()
        if isinstance(first, DataError):
            graph = explored.graph or nowhere()
            return _Came(Fetched(graph, self._linker_of(graph)), explored, (str(first),), answered=False)
        return self._second(query, explored, first)

    def _explored(self, query: Query) -> Explored:
        if isinstance(self.graph, KnowledgeGraph):
            return Explored(self.graph)
        return explore(self.graph, query, self.settings, self._reach)

    def _first(self, query: Query) -> tuple[Hits, Hits | None] | DataError:
        """Passages by words and by vector."""
        text, questions = query.text.strip(), list[Question]()
        if text:
            questions.append(ByWords(text, self.settings.candidates, query.exclude))
            if self._dense and self.passages.has_vectors:
                vector = tuple(self._vectors([gist(text)])[0].tolist())
                questions.append(ByVector(vector, self.settings.candidates, query.exclude))
        try:
            self._draw()
            found = [hits.but(query.exclude) for hits in self.passages.ask(questions)]
        except DataError as error:
            return error
        near = Hits() if self._dense and self.passages.has_vectors else None
        return (found[0] if found else Hits()), (found[1] if len(found) > 1 else near)

    def _second(self, query: Query, explored: Explored, first: tuple[Hits, Hits | None]) -> _Came:
        """Passages by entities, and how common the words and names of the text are."""
        graph = explored.graph or nowhere()
        linker = self._linker_of(graph)
        fetched = Fetched(graph, linker, *first)
        text = asked_text(query.text)
        phrases = [*words_of(text).values(), *linker.held(text).values()]
        asked = tuple(dict.fromkeys(phrases))[:_PHRASES]
        troubles: list[str] = []
        try:
            fetched = replace(fetched, counts=self.passages.count(asked), asked=asked)
            if entities := self._entities(query, fetched):
                (beside,) = self.passages.ask([ByEntities(entities, self.settings.candidates, query.exclude)])
                fetched = replace(fetched, beside=beside.but(query.exclude))
        except DataError as error:
            troubles.append(f"{PART.format('passages')}: {error}")
        parts = [hits.part for hits in (fetched.words, fetched.near or Hits(), fetched.beside) if hits.part]
        troubles += [f"{PART.format('passages')}: {self.passages.shown}: {part}" for part in dict.fromkeys(parts)]
        return _Came(fetched, explored, tuple(troubles), answered=True)

    def _entities(self, query: Query, fetched: Fetched) -> tuple[tuple[str, str, float], ...]:
        """The nodes nearest to what a query is about: IRI, name, weight."""
        graph, settings = fetched.graph, self.settings
        seeds = seeds_of(query, graph, fetched.linker, settings)
        if not len(seeds.nodes) or settings.weights.graph <= 0:
            return ()
        nodes, scores = nearest(graph, seeds, settings, hidden(query, graph))
        pairs = zip(nodes[:_ENTITIES].tolist(), (scores / max(scores.max(), 1e-12)).tolist(), strict=False)
        return tuple((graph.nodes[node], graph.label(node), max(score, _LEAST)) for node, score in pairs)

    def _rank(self, query: Query, came: _Came) -> Evidence:
        """Evidence out of what came."""
        explored, has_graph = came.explored, came.explored.graph is not None
        if not came.answered and not has_graph:
            graph = explored.trouble or f"nothing of the query in {self._graph_shown}"
            raise DataError(f"expected passages or a graph, found neither: {came.troubles[0]}; {graph}")
        with self._lock:
            found = working_set(query.text, came.fetched, self._sample, self.encoder, dense=self._dense)
        evidence = Retriever(found, self.settings, reranker=self._reranker)(self._seen(query, found, explored))
        lost = bool(explored.trouble) and not has_graph
        notes = [note for note in evidence.notes if not (lost and note == NOTHING_LINKS)]
        if not came.answered:
            notes.append(f"{NO_PASSAGES}: {came.troubles[0]}")
        notes += came.troubles if came.answered else ()
        if explored.trouble:
            notes.append(f"{NO_GRAPH if lost else PART.format('graph')}: {explored.trouble}")
        within = Within(found.graph, found.corpus)
        return replace(evidence, query=query, notes=(*notes, *explored.notes), within=within)

    def _seen(self, query: Query, found: WorkingSet, explored: Explored) -> Query:
        """The query as the working set is asked: hidden relations were not fetched, a silent graph lacks nothing."""
        if isinstance(self.graph, KnowledgeGraph):
            return query
        query = replace(query, hide=frozenset(iri for iri in query.hide if found.graph.relations.find(iri) is not None))
        return replace(query, entities=(), history=()) if explored.graph is None and explored.trouble else query

    @property
    def _graph_shown(self) -> str:
        return "the graph" if isinstance(self.graph, KnowledgeGraph) else self.graph.shown

    def _linker_of(self, graph: KnowledgeGraph) -> Linker:
        """The linker of a graph; that of a graph which is here is made once."""
        if graph is not self.graph:
            return Linker.build(graph, self._sample.texts)
        with self._lock:
            if self._linker is None:
                self._linker = Linker.build(graph, self._sample.texts)
            return self._linker

    def _draw(self) -> None:
        """Draw the sample, once."""
        with self._lock:
            if self._sample.texts:
                return
            (hits,) = self.passages.ask([Some(_SAMPLE)])
            texts = tuple(reading_of(one.title, one.text) for one in hits.passages)
            vectors = self.encoder.encode(texts) if self._dense and texts else self._sample.vectors
            self._sample = Sample(texts, vectors)

    def _vectors(self, texts: list[str]) -> Float32[np.ndarray, "text dim"]:
        with self._lock:  # encoders keep what they have encoded
            return self.encoder.encode(texts)


def _refuse(settings: RetrievalSettings) -> None:
    """Refuse what needs an index."""
    asked = {
        "weights.tfidf above 0": settings.weights.tfidf > 0,
        'fusion "learned"': settings.fusion == "learned",
        'walk "learned"': settings.walk == "learned",
    }
    for name, wanted in asked.items():
        if wanted:
            raise ConfigError(f"expected settings that servers can follow, found {name}, which needs an index here")
