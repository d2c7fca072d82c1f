"""The knowledge graph: integers, and the names behind them.

A triple is (head, relation, tail) in ids; ids of nodes and relations run in the order of their IRIs and triples in the
order of their ids, so equal graphs are equal arrays. Arrays are read-only, may be memory-mapped, and are as narrow as
their numbers allow: int32 for nodes, uint16 for up to 65,536 relations. Widen them before you calculate with them.

    >>> graph = KnowledgeGraph.from_triples([("http://x/sumac", "http://x/typicalOf", "http://x/Levantine")])
    >>> head, relation, tail = graph.triple(0)
    >>> graph.label(head), graph.relation_label(relation), graph.label(tail)
    ('sumac', 'typical of', 'Levantine')
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Integer

from ragmtl.kg.adjacency import Adjacency
from ragmtl.kg.labels import Labels
from ragmtl.kg.literals import Literal, Literals, Triple, checked
from ragmtl.kg.origins import Further, Origin, Report, Source
from ragmtl.kg.terms import Strings, Terms
from ragmtl.kg.vocabulary import USUAL, Vocabulary

__all__ = [
    "Adjacency",
    "Further",
    "KnowledgeGraph",
    "Literal",
    "Literals",
    "Origin",
    "Report",
    "Source",
    "Strings",
    "Terms",
    "Vocabulary",
]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class KnowledgeGraph:
    """Nodes, the triples among them, and their literals.

    Attributes:
        nodes: IRIs of nodes; blank nodes are called `_:f0b0` (number of the file, number of the node in it).
        relations: IRIs of relations, also of those that lead to literals only.
        heads, relation_ids, tails: The triples, sorted by (head, relation, tail), each once.
        origin_ids: Row of each triple in `origins`: the first that states it.
        further: The other origins of triples that several state.
        literals: Values that hang on nodes.
        outgoing, incoming: The triples by head and by tail.
        labels: Label of each node, made when it is asked for; knows the vocabulary.
        relation_names: Label of each relation.
        languages: Preferred languages of labels and descriptions.
        origins: Files and named graphs.
        sources: The files that were read.
        report: What was read, merged and left out.
        digest: sha256 of the content: nodes, relations, triples, literals (not of the places they come from).
    """

    nodes: Terms
    relations: Terms
    heads: Integer[np.ndarray, " triples"]
    relation_ids: Integer[np.ndarray, " triples"]
    tails: Integer[np.ndarray, " triples"]
    origin_ids: Integer[np.ndarray, " triples"]
    further: Further
    literals: Literals
    outgoing: Adjacency
    incoming: Adjacency
    labels: Labels
    relation_names: tuple[str, ...]
    languages: tuple[str, ...]
    origins: tuple[Origin, ...]
    sources: tuple[Source, ...]
    report: Report
    digest: str

    @classmethod
    def from_triples(
        cls,
        triples: Iterable[tuple[str, str, str | Literal]],
        *,
        source: str = "memory",
        graph: str = "",
        languages: Sequence[str] = ("en",),
        vocabulary: Vocabulary = USUAL,
    ) -> KnowledgeGraph:
        """Build a small graph from IRIs and literals.

        Raises:
            DataError: There is no triple, or a part of one is empty, or its relation a blank node.
        """
        from ragmtl.kg.encoding.builder import GraphBuilder

        builder = GraphBuilder()
        origin = builder.origin(source, graph)
        for head, relation, tail in map(checked, triples):
            if isinstance(tail, Literal):
                builder.literal(head, relation, tail, origin)
            else:
                builder.triple(head, relation, tail, origin)
        return builder.build(languages=languages, vocabulary=vocabulary)

    @classmethod
    def from_rdflib(cls, graph: Any, *, languages: Sequence[str] = ("en",), source: str = "rdflib") -> KnowledgeGraph:  # noqa: ANN401
        """Take the statements of a graph, or of a dataset with its named graphs, of rdflib.

        Args:
            graph: An `rdflib.Graph` or `rdflib.Dataset`; one over a `GraphStore` too.
            languages: Preferred languages of labels and descriptions.
            source: What the origins shall call it.

        Raises:
            DataError: There is no triple.
        """
        from ragmtl.kg.bridge.collect import from_rdflib

        return from_rdflib(graph, languages=languages, source=source)

    def to_rdflib(self, *, dataset: bool | None = None, view: bool = False) -> Any:  # noqa: ANN401
        """The graph for rdflib.

        Args:
            dataset: Whether to give an `rdflib.Dataset`, which has each named graph, or an `rdflib.Graph` of all
                statements; where None, a dataset if there is a named graph.
            view: Whether to give a read-only view, which copies nothing; else a copy in rdflib's memory.
        """
        from ragmtl.kg.exporting.write import as_rdflib

        return as_rdflib(self, dataset=dataset, view=view)

    def with_triples(
        self,
        heads: Integer[np.ndarray, " triples"],
        relation_ids: Integer[np.ndarray, " triples"],
        tails: Integer[np.ndarray, " triples"],
        origin_ids: Integer[np.ndarray, " triples"] | None = None,
        *,
        literals: Literals | None = None,
        merge: bool = True,
    ) -> KnowledgeGraph:
        """The same nodes and relations with other triples, and with other literals where some are given.

        Args:
            heads: Node ids; the triples may stand in any order.
            relation_ids: Relation ids.
            tails: Node ids.
            origin_ids: Row of each in `origins`; 0 for all where none are given.
            literals: What hangs on the nodes, in any order; as it is where None.
            merge: Whether repeated triples become one, with the origins of all.

        Raises:
            DataError: An id names no node, relation or origin of this graph, or columns differ in length.
        """
        from ragmtl.kg.encoding.encode import replace_triples

        origins = np.zeros(len(heads), np.int32) if origin_ids is None else origin_ids
        values = self.literals if literals is None else literals
        return replace_triples(self, (heads, relation_ids, tails, origins), values, merge)

    def with_changes(
        self,
        add: Iterable[Triple] = (),
        remove: Iterable[Triple] = (),
        *,
        source: str = "memory",
        graph: str = "",
    ) -> KnowledgeGraph:
        """The graph after some statements were removed, and others added; the same as if it had been read so.

        What nothing speaks of any more is gone, so ids of nodes may change, and with them the digest: indexes and
        checkpoints of the old graph refuse the new one. What was inferred is inferred anew.

        Args:
            add: Head, relation, and node or literal; a statement that is there gets one more origin.
            remove: Statements to remove, whoever states them; the report counts those that are not there.
            source: Who states what is added.
            graph: The named graph in which it is stated; empty for the default graph.

        Raises:
            DataError: Nothing would be left, or a statement is none.
        """
        from ragmtl.kg.changes.change import with_changes

        return with_changes(self, add, remove, source=source, name=graph)

    def without_source(self, source: str, graph: str | None = None) -> KnowledgeGraph:
        """The graph without a source (or one named graph of it); what others state too stays.

        Raises:
            DataError: There is no such source (the nearest is named), or nothing would be left.
        """
        from ragmtl.kg.changes.change import without_source

        return without_source(self, source, graph)

    def compact(self) -> KnowledgeGraph:
        """The same statements without nodes, relations and origins that none of them speaks of (see `with_triples`)."""
        from ragmtl.kg.changes.change import compact

        return compact(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: counts, and the most used relations with an example of each."""
        from ragmtl.kg.looking.notebook import graph_html

        return graph_html(self)

    def plot(self) -> Any:  # noqa: ANN401 -- a `matplotlib.figure.Figure`, which is optional
        """The most used relations and the degrees, as a figure of matplotlib (the extra `plot`).

        Raises:
            ConfigError: matplotlib is not installed.
        """
        from ragmtl.kg.looking.drawing import plot_graph

        return plot_graph(self)

    def __len__(self) -> int:
        return len(self.heads)

    def label(self, node: SupportsIndex) -> str:
        """A readable name of a node, whatever it is.

        Its best label, else the words in its IRI, else what it carries or stands beside ("form 'dog'", "film Q42").
        """
        return self.labels[node]

    def relation_label(self, relation: SupportsIndex) -> str:
        """The name of a relation in words: "release year"."""
        return self.relation_names[relation]

    def names(self, node: SupportsIndex) -> tuple[str, ...]:
        """The label and the alternative names of a node; none for a blank node without a name."""
        return self.labels.names(node)

    def describe(self, node: SupportsIndex, *, hide: Set[int] = frozenset()) -> str:
        """A line about a node, at most 200 characters: "Fight Club (film); release year 1999".

        Args:
            node: The node.
            hide: Ids of relations that must not be read, except for its label.
        """
        return self.labels.describe(node, hide)

    def types(self, node: SupportsIndex, *, hide: Set[int] = frozenset()) -> list[str]:
        """Labels of the types of a node, but those that say nothing (owl:Thing, rdfs:Class, skos:Concept)."""
        return self.labels.types(node, hide)

    def literals_of(self, node: SupportsIndex) -> list[tuple[int, Literal]]:
        """Relation id and literal, for each literal of a node."""
        return [(int(self.literals.relation_ids[row]), self.literals[row]) for row in self.literals.rows(node)]

    def degree(self, node: SupportsIndex) -> int:
        """How many triples a node is in; one that leads from the node to itself counts twice."""
        rows = self.outgoing.row(node), self.incoming.row(node)
        return sum(row.stop - row.start for row in rows)

    def triple(self, triple: SupportsIndex) -> tuple[int, int, int]:
        """Head, relation and tail."""
        return int(self.heads[triple]), int(self.relation_ids[triple]), int(self.tails[triple])

    def origin(self, triple: SupportsIndex) -> Origin:
        """The file and the named graph that a triple was read from (the first of `origins_of`)."""
        return self.origins[int(self.origin_ids[triple])]

    def origins_of(self, triple: SupportsIndex) -> tuple[Origin, ...]:
        """Every file and named graph that states a triple, the first one first."""
        return tuple(self.origins[row] for row in (int(self.origin_ids[triple]), *self.further.of(triple)))

    def literal_origins_of(self, row: SupportsIndex) -> tuple[Origin, ...]:
        """Every file and named graph that states a literal, given its row in `literals`, the first one first."""
        literals = self.literals
        return tuple(self.origins[at] for at in (int(literals.origin_ids[row]), *literals.further.of(row)))

    def query(
        self,
        question: str,
        *,
        prefixes: Mapping[str, str] | None = None,
        rows: int | None = None,
        seconds: float | None = None,
        allow: Collection[str] = (),
    ) -> Any:  # noqa: ANN401 -- a `ragmtl.kg.sparql.query.Answer`, which knows rdflib
        """Answer SPARQL; nothing is fetched. See `ragmtl.kg.sparql.query.query`.

        Raises:
            DataError: The question is none, is refused, or is not answered in time.
        """
        from ragmtl.kg.sparql.query import query

        return query(self, question, prefixes=prefixes, rows=rows, seconds=seconds, allow=allow)

    def save(self, directory: str | Path) -> None:
        """Write the graph into a directory, whole or not at all; a graph that stands there is replaced.

        Raises:
            MismatchError: Something else than a graph stands there.
        """
        from ragmtl.kg.disk.store import save

        save(self, Path(directory))

    @classmethod
    def load(cls, directory: str | Path, *, verify: bool = False, changed: bool = True) -> KnowledgeGraph:
        """Open a saved graph, memory-mapped.

        Changes that were recorded beside it (`ragmtl.kg.disk.journal`) are in it. Then it is put together anew, in
        memory: `compact_saved` saves it so.

        Args:
            directory: Where `save` wrote it.
            verify: Also compute the digest anew, which reads everything.
            changed: Whether changes are in it; else it is the graph as it was saved.

        Raises:
            MismatchError: The directory holds no graph, a truncated one, or one of another version; or changes that
                are damaged or of another graph.
        """
        from ragmtl.kg.disk.journal import is_changed, open_changed
        from ragmtl.kg.disk.store import load

        if changed and is_changed(directory):
            return open_changed(directory, verify=verify)
        return load(Path(directory), verify=verify)
