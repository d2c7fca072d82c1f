"""A store for rdflib: its parsers write a graph, and its graphs and its SPARQL read one, in integers.

    seen = rdflib.Dataset(GraphStore(graph=graph), default_union=True)     # over a graph; nothing is copied
    fed = rdflib.Graph("ragmtl").parse("a.trix", format="trix")            # any parser of the library feeds it
    fed.store.graph                                                         # … and this is the KnowledgeGraph

A store over a graph is read-only. One that is begun empty takes statements; a question makes the graph of what it has
so far. A plain `rdflib.Graph` over a store sees the statements of all named graphs, a `Dataset` those that its
`default_union` asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np
from rdflib import URIRef
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID, Graph
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result
from rdflib.store import NO_STORE, VALID_STORE, Store
from rdflib.term import BNode, Identifier

from ragmtl.errors import DataError
from ragmtl.kg.bridge.collect import Collector
from ragmtl.kg.bridge.terms import TermCodes
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.sparql.joins import Scope
from ragmtl.kg.sparql.lookup import Lookup
from ragmtl.kg.sparql.orders import Codes

Triple = tuple[Any, Any, Any]
Found = tuple[Triple, Iterator[Graph]]

_READ_ONLY = "expected a question, found a change: this store only reads its graph; change the KnowledgeGraph instead"
_MOST_SCOPES = 64  # graphs whose statements are kept in mind
_EMPTY = "expected a graph to search, found a store without statements; add some first"


def never() -> None:
    """Does not stop anything."""


class GraphStore(Store):
    """The store.

    Args:
        configuration: Folder of a saved graph to read.
        identifier: Not used; every store of the library takes one.
        graph: The graph to read; without it and a folder, the store is to be filled.
        shown: Names of the graphs that count where none is named ("" is the default graph); all where None.
        named: Names of the graphs that can be named; all where None.
        check: Called now and then while statements are looked for; raises to stop.
    """

    context_aware = True
    graph_aware = True

    def __init__(
        self,
        configuration: str | None = None,
        identifier: Identifier | None = None,
        *,
        graph: KnowledgeGraph | None = None,
        shown: Iterable[str] | None = None,
        named: Iterable[str] | None = None,
        check: Callable[[], None] = never,
    ) -> None:
        self._collector = Collector() if graph is None else None
        self._codes = None if graph is None else TermCodes(Lookup(graph))
        self._shown = None if shown is None else frozenset(shown)
        self._named = None if named is None else frozenset(named)
        self.check = check
        self._prefixes: dict[str, URIRef] = {}
        self._graphs: dict[str, Graph] = {}
        self._scopes: dict[Identifier | None, Scope] = {}
        super().__init__(configuration, identifier)

    def restricted(
        self, shown: Iterable[str] | None, named: Iterable[str] | None, check: Callable[[], None]
    ) -> GraphStore:
        """The same graph, of which only some graphs count, and whose searches may be stopped."""
        other = GraphStore(shown=shown, named=named, check=check)
        other._codes, other._collector = (None, Collector()) if self.empty else (self.codes, None)
        other._prefixes = self._prefixes
        return other

    @property
    def graph(self) -> KnowledgeGraph:
        """The graph that is read, or that of the statements taken so far.

        Raises:
            DataError: There are none.
        """
        return self.codes.lookup.graph

    @property
    def codes(self) -> TermCodes:
        """The terms of the graph as numbers, and where its statements are found."""
        if self._codes is None:
            if self._collector is None or not len(self._collector):
                raise DataError(_EMPTY)
            self._codes = TermCodes(Lookup(self._collector.build()), self._collector.blank)
        return self._codes

    @property
    def empty(self) -> bool:
        """Whether there is no statement."""
        return self._codes is None and not self._collector

    def open(self, configuration: str | tuple[str, str], create: bool = False) -> int | None:
        """Open a saved graph; what was taken before is forgotten."""
        if not isinstance(configuration, str):
            return NO_STORE
        self._codes, self._collector = TermCodes(Lookup(KnowledgeGraph.load(configuration))), None
        self._scopes = {}
        return VALID_STORE

    def add(self, triple: Triple, context: Any, quoted: bool = False) -> None:  # noqa: ANN401 -- a graph of rdflib
        """Take a statement.

        Raises:
            DataError: The store reads a graph.
        """
        if self._collector is None:
            raise DataError(_READ_ONLY)
        self._codes, self._scopes = None, {}
        self._collector.add(triple, identifier_of(context), quoted=quoted)

    def remove(self, triple: Triple, context: Any = None) -> NoReturn:  # noqa: ANN401
        """Refused."""
        raise DataError(_READ_ONLY)

    def update(self, update: object, *_: object, **__: object) -> NoReturn:
        """Refused, whatever the update says; nothing is loaded."""
        raise DataError(_READ_ONLY)

    def query(
        self,
        query: Query | str,
        initNs: Mapping[str, Any],  # noqa: N803
        initBindings: Mapping[str, Identifier],  # noqa: N803
        queryGraph: Any,  # noqa: N803, ANN401
        **_: object,
    ) -> Result:
        """Answer SPARQL as `kg.sparql.query` does, without limits: nothing is fetched, and joins are of integers."""
        from ragmtl.kg.sparql.query import result_of

        shown = self._shown if queryGraph == "__UNION__" else None if self.empty else self._wanted(queryGraph)
        return result_of(self.restricted(shown, self._named, self.check), query, initNs, initBindings)

    def triples(self, triple_pattern: Triple, context: Any = None) -> Generator[Found, None, None]:  # noqa: ANN401
        """All statements that fit a pattern, in which None fits everything."""
        if self.empty or (wanted := self._pattern(triple_pattern)) is None:
            return
        scope, codes = self.scope(context), self.codes
        for rows, literal in codes.lookup.find(*wanted, scope.shown):
            self.check()
            parts = codes.lookup.parts(rows, literal=literal, joined=False)
            columns = [
                [given] * len(rows) if given is not None else codes.terms(self._as_terms(part, place))
                for place, (given, part) in enumerate(zip(triple_pattern, parts, strict=True))
            ]
            for row, found in zip(rows.tolist(), zip(*columns, strict=True), strict=True):
                yield found, self._contexts(row, literal)

    def __len__(self, context: Any = None) -> int:  # noqa: ANN401
        """How many statements there are, in all graphs or in one."""
        if self.empty:
            return 0
        lookup, shown = self.codes.lookup, self.scope(context).shown
        sizes = ((len(lookup.graph), False), (lookup.values, True))
        if shown is None:
            return sum(size for size, _ in sizes)
        return sum(int(lookup.stated(np.arange(size), shown, literal=literal).sum()) for size, literal in sizes)

    def contexts(self, triple: Triple | None = None) -> Generator[Graph, None, None]:
        """The graphs that hold something, or that hold a triple."""
        if triple is None or triple == (None, None, None):
            yield from (self.graph_of(name) for name in self.names())
        else:
            for _, contexts in self.triples(triple):
                yield from contexts

    def names(self) -> list[str]:
        """Names of the graphs; "" is the default graph."""
        named = {} if self.empty else {origin.graph: None for origin in self.graph.origins}
        return [name for name in named if self._named is None or name in self._named]

    def add_graph(self, graph: Graph) -> None:
        """Graphs are there by their statements."""

    def remove_graph(self, graph: Graph) -> NoReturn:
        """Refused."""
        raise DataError(_READ_ONLY)

    def bind(self, prefix: str, namespace: URIRef, override: bool = True) -> None:
        """Keep a prefix; each prefix and each namespace once."""
        if override or (prefix not in self._prefixes and namespace not in self._prefixes.values()):
            self._prefixes = {name: iri for name, iri in self._prefixes.items() if iri != namespace}
            self._prefixes[prefix] = namespace

    def namespace(self, prefix: str) -> URIRef | None:
        """The namespace of a prefix."""
        return self._prefixes.get(prefix)

    def prefix(self, namespace: URIRef) -> str | None:
        """The prefix of a namespace."""
        return next((name for name, iri in self._prefixes.items() if iri == namespace), None)

    def namespaces(self) -> Iterator[tuple[str, URIRef]]:
        """Prefixes and their namespaces."""
        yield from list(self._prefixes.items())

    def scope(self, context: Any) -> Scope:  # noqa: ANN401
        """Where to search for the statements of one graph, or of all that are shown (None)."""
        identifier = identifier_of(context)
        if identifier not in self._scopes:
            if len(self._scopes) >= _MOST_SCOPES:
                self._scopes.clear()
            lookup, wanted = self.codes.lookup, self._wanted(identifier)
            if wanted is not None and all(origin.graph in wanted for origin in lookup.graph.origins):
                wanted = None
            self._scopes[identifier] = Scope(lookup, None if wanted is None else lookup.shown(wanted), self.check)
        return self._scopes[identifier]

    def _wanted(self, identifier: Identifier | None) -> frozenset[str] | None:
        """Names of the graphs that a context stands for; None for all."""
        if identifier is None:
            return self._shown
        name = "" if identifier == DATASET_DEFAULT_GRAPH_ID else self.codes.name(identifier)
        if isinstance(identifier, BNode) and name not in self.names():
            return self._shown  # a graph that nobody named sees everything
        return frozenset([name]) if self._named is None or name in self._named else frozenset()

    def _pattern(self, triple: Triple) -> tuple[int | None, int | None, int | None] | None:
        """The pattern in numbers; None where the graph does not know one of its terms."""
        codes = self.codes
        numbers = [
            None if term is None else codes.relation(term) if place == 1 else codes.code(term)
            for place, term in enumerate(triple)
        ]
        unknown = any(number is None and term is not None for number, term in zip(numbers, triple, strict=True))
        return None if unknown else (numbers[0], numbers[1], numbers[2])

    def _as_terms(self, part: Codes, place: int) -> Codes:
        return self.codes.lookup.relation_codes[part] if place == 1 else part

    def _contexts(self, row: int, literal: bool) -> Iterator[Graph]:
        origins = self.graph.literal_origins_of(row) if literal else self.graph.origins_of(row)
        yield from (self.graph_of(name) for name in dict.fromkeys(origin.graph for origin in origins))

    def graph_of(self, name: str) -> Graph:
        """The graph with a name."""
        if name not in self._graphs:
            identifier = self.codes.node(name) if name else DATASET_DEFAULT_GRAPH_ID
            self._graphs[name] = Graph(self, identifier, bind_namespaces="none")
        return self._graphs[name]


def identifier_of(context: Any) -> Identifier | None:  # noqa: ANN401
    """The name of a graph of rdflib."""
    found: Identifier | None = context.identifier if isinstance(context, Graph) else context
    return found
