"""The part of a graph behind a server that one query needs, as a small `KnowledgeGraph`.

Names of the text are looked up; what they name, and the entities of the query, are the first frontier. Hop by hop the
edges of the frontier are fetched, and the next frontier is what PageRank over all that was fetched finds nearest. At
last the nearest nodes, and the relations between them, get their names, types and descriptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple
from ragmtl.kg.vocabulary import LABELS, Vocabulary
from ragmtl.kg.walks.terrain import lead_beyond
from ragmtl.kg.walks.walk import pagerank
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.servers.lookups import is_cut, names_in
from ragmtl.retrieval.servers.passages import asked_text
from ragmtl.retrieval.servers.sparql import Around
from ragmtl.retrieval.settings import RetrievalSettings
from ragmtl.retrieval.subgraphs.seeds import Seeds

LONG_TEXT = "names were looked up in the beginning and the end of the text only"


@runtime_checkable
class GraphServer(Protocol):
    """A graph that is elsewhere."""

    @property
    def shown(self) -> str:
        """What it is called in notes and errors."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """In which names are looked up, the best first."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """The relations that name, describe and class things."""
        ...

    def named(self, names: Sequence[str]) -> list[Triple]:
        """Statements that give a node one of these names."""
        ...

    def around(self, iris: Sequence[str], hide: frozenset[str] = frozenset()) -> Around:
        """Triples and literals of nodes, both ways; some of them where there are many."""
        ...

    def described(self, iris: Sequence[str]) -> list[Triple]:
        """Names, descriptions and types of nodes."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of a graph is fetched for a query.

    Attributes:
        hops: How often the edges of a frontier are fetched.
        frontier: The most nodes of a frontier.
        described: The most nodes that get names, types and descriptions.
    """

    hops: int = 2
    frontier: int = 128
    described: int = 400


@dataclass(frozen=True, slots=True, eq=False)
class Explored:
    """What was fetched of a graph.

    Attributes:
        graph: None where nothing was.
        notes: What the user should know.
        trouble: Why it is not all that was asked for; empty where it is.
    """

    graph: KnowledgeGraph | None
    notes: tuple[str, ...] = ()
    trouble: str = ""


def explore(server: GraphServer, query: Query, settings: RetrievalSettings, reach: Reach) -> Explored:
    """What a query needs of a graph; as much as came where the server stops to answer."""
    exploring = _Exploring(server, query, settings, reach)
    trouble = ""
    try:
        exploring.run()
    except DataError as error:
        trouble = str(error)
    notes = (LONG_TEXT,) if is_cut(query.text) else ()
    return Explored(exploring.graph(), notes, trouble)


def nowhere() -> KnowledgeGraph:
    """A graph in which nothing can be found, as a graph is never without a statement."""
    return KnowledgeGraph.from_triples([("urn:ragmtl:0", LABELS[0], Literal(""))])


def nearest(
    graph: KnowledgeGraph, seeds: Seeds, settings: RetrievalSettings, hide: frozenset[int]
) -> tuple[Int64[np.ndarray, " nodes"], Float32[np.ndarray, " nodes"]]:
    """The nodes nearest to seeds, best first, and their scores."""
    return pagerank(graph, seeds.nodes, seeds.weights, damping=settings.damping, epsilon=settings.epsilon, hide=hide)


def seeds_of(query: Query, graph: KnowledgeGraph, linker: Linker, settings: RetrievalSettings) -> Seeds:
    """Where the walk of a query starts, as far as its text (or the two ends of a long one) names nodes."""
    return Seeds.of(query, linker.link(asked_text(query.text)), graph, most=settings.seeds, decay=settings.decay)


def hidden(query: Query, graph: KnowledgeGraph) -> frozenset[int]:
    """The relations of a graph that a query must not see."""
    found = (graph.relations.find(iri) for iri in query.hide)
    return frozenset(relation for relation in found if relation is not None)


class _Exploring:
    """One query on its way through one graph."""

    def __init__(self, server: GraphServer, query: Query, settings: RetrievalSettings, reach: Reach) -> None:
        self._server, self._query, self._settings, self._reach = server, query, settings, reach
        self._statements: dict[Triple, None] = {}
        self._edges: dict[str, int] = {}
        self._expanded: set[str] = set()

    def run(self) -> None:
        names = names_in(self._query.text)
        if names:
            self._keep(self._server.named(names))
        given = dict.fromkeys((*self._query.entities, *reversed(self._query.history)))
        frontier = [*given, *(iri for iri in self._named() if iri not in given)]
        for _ in range(self._reach.hops):
            frontier = frontier[: self._reach.frontier]
            if not frontier:
                break
            around = self._server.around(frontier, self._query.hide)
            self._keep(around.statements)
            self._edges |= around.edges
            self._expanded |= set(frontier)
            frontier = [iri for iri in self._near() if iri not in self._expanded]
        if nodes := self._near()[: self._reach.described]:
            graph = self.graph()
            relations = [] if graph is None else list(graph.relations)
            self._keep(self._server.described([*nodes, *relations]))

    def graph(self) -> KnowledgeGraph | None:
        """The graph of all that was fetched until now."""
        if not self._statements:
            return None
        server = self._server
        graph = KnowledgeGraph.from_triples(
            self._statements, source=server.shown, languages=server.languages, vocabulary=server.vocabulary
        )
        lead_beyond(graph, self._beyond(graph))
        return graph

    def _beyond(self, graph: KnowledgeGraph) -> Int64[np.ndarray, " nodes"]:
        """How many edges lead out of what was fetched; of a node that was not asked for, as many as are usual."""
        here = np.diff(graph.outgoing.indptr).astype(np.int64) + np.diff(graph.incoming.indptr)
        expanded = graph.nodes.find_all(sorted(self._expanded))
        expanded = expanded[expanded >= 0]
        beyond = np.zeros(len(here), np.int64)
        if len(expanded):
            beyond = np.maximum(int(np.median(here[expanded])) - here, 0)
            beyond[expanded] = 0
        for iri, edges in self._edges.items():
            if (node := graph.nodes.find(iri)) is not None:
                beyond[node] = max(edges - int(here[node]), 0)
        return beyond

    def _keep(self, statements: Sequence[Triple]) -> None:
        """Keep statements, but those of hidden relations."""
        self._statements |= dict.fromkeys(one for one in statements if one[1] not in self._query.hide)

    def _named(self) -> list[str]:
        """What the text names, the heaviest first."""
        graph = self.graph()
        if graph is None:
            return []
        seeds = seeds_of(self._query, graph, Linker.build(graph), self._settings)
        return [graph.nodes[node] for node in seeds.nodes.tolist()]

    def _near(self) -> list[str]:
        """The nodes of what was fetched, those nearest to the seeds first."""
        graph = self.graph()
        if graph is None:
            return []
        seeds = seeds_of(self._query, graph, Linker.build(graph), self._settings)
        nodes, _ = nearest(graph, seeds, self._settings, frozenset())
        return [graph.nodes[node] for node in nodes.tolist()]
