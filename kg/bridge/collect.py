"""From rdflib into a graph: its graphs, its datasets, and whatever its parsers produce.

Literals keep their text and their language, named graphs their names; blank nodes are named anew, in the order in which
they come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rdflib import Dataset, Graph, Literal, URIRef
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID
from rdflib.term import BNode, Identifier, Node

from ragmtl.errors import DataError
from ragmtl.kg.bridge.terms import value_of
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.graph import KnowledgeGraph

FORMULAS = "statements in or about formulas (N3)"
BLANK_RELATIONS = "statements whose relation is no IRI"
SOURCE = "rdflib"


class Collector:
    """Takes statements of rdflib's terms, and builds a graph of them."""

    def __init__(self, source: str = SOURCE) -> None:
        self.blank: dict[str, str] = {}
        self._builder = GraphBuilder()
        self._source = source
        self._left_out: Counter[str] = Counter()
        self._anonymous: set[str] = set()

    def __len__(self) -> int:
        """How many statements were taken."""
        return len(self._builder)

    def add(self, triple: tuple[Node, Node, Node], graph: Identifier | None = None, *, quoted: bool = False) -> None:
        """Take one statement; one that is no triple of a graph is counted instead.

        Args:
            triple: Subject, predicate and object.
            graph: The name of its graph; None is the default graph.
            quoted: Whether it is only spoken of.
        """
        head, relation, tail = triple
        if quoted or not isinstance(head, URIRef | BNode) or not isinstance(tail, URIRef | BNode | Literal):
            self._left_out[FORMULAS] += 1
        elif not isinstance(relation, URIRef):
            self._left_out[BLANK_RELATIONS] += 1
        else:
            origin = self._builder.origin(self._source, self._graph(graph))
            if isinstance(tail, Literal):
                self._builder.literal(self._name(head), str(relation), value_of(tail), origin)
            else:
                self._builder.triple(self._name(head), str(relation), self._name(tail), origin)

    def build(self, languages: Sequence[str] = ("en",)) -> KnowledgeGraph:
        """The graph of all that was taken.

        Raises:
            DataError: Nothing was.
        """
        left_out = tuple(self._left_out.items())
        if not len(self) and left_out:
            raise DataError(f"expected at least one triple, found only {left_out[0][0]}; the graph would be empty")
        return self._builder.build(languages=languages, left_out=left_out)

    def _name(self, term: URIRef | BNode) -> str:
        if isinstance(term, BNode):
            return self.blank.setdefault(str(term), f"_:f0b{len(self.blank)}")
        return str(term)

    def _graph(self, graph: Identifier | None) -> str:
        if graph is None or graph == DATASET_DEFAULT_GRAPH_ID:
            return ""
        return self._name(BNode(graph) if isinstance(graph, BNode) else URIRef(graph))


def from_rdflib(graph: Graph, *, languages: Sequence[str] = ("en",), source: str = SOURCE) -> KnowledgeGraph:
    """What `KnowledgeGraph.from_rdflib` does."""
    collector = Collector(source)
    if isinstance(graph, Dataset):
        for head, relation, tail, name in graph.quads((None, None, None, None)):
            collector.add((head, relation, tail), name)
    else:
        name = graph.identifier if isinstance(graph.identifier, URIRef) else None
        for triple in graph.triples((None, None, None)):
            collector.add(triple, name)
    return collector.build(languages)
