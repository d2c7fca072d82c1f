"""What a graph states, as columns that can be filtered, added to and put together again.

    graph  ->  Statements: one row for each statement and origin  ->  graph

The graph that comes out is the one that reading the same statements would give, whatever was done in between: terms
that nothing speaks of any more are gone, ids run in the order of IRIs, and the digest is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int64

from ragmtl.errors import DataError
from ragmtl.kg.encoding.encode import LANGUAGE_STRING, STRING, assemble, sort_literals, sort_triples
from ragmtl.kg.encoding.order import differ, gathered, order_of_texts
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal, Triple
from ragmtl.kg.origins import Origin, stated
from ragmtl.kg.terms import Aliases, Strings, Terms

Rows = tuple[Int64[np.ndarray, " _rows"], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """Everything that a graph states, one row for each pair of a statement and an origin.

    Attributes:
        nodes, texts: Those of a graph, used or not; nodes are sorted, texts may come twice.
        relations: Used or not, in any order.
        triples: Head, relation, tail and origin of each row.
        values: Node, relation, text, datatype, language and origin of each row.
        datatypes, languages, origins: What the rows speak of by number.
        aliases: Other IRIs of nodes, and the IRI under which each is known.
        new_nodes, new_texts: More of them, in any order; their numbers come after the others.
    """

    nodes: Strings
    relations: tuple[str, ...]
    texts: Strings
    triples: Rows
    values: Rows
    datatypes: tuple[str, ...]
    languages: tuple[str, ...]
    origins: tuple[Origin, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    new_nodes: tuple[str, ...] = ()
    new_texts: tuple[str, ...] = ()

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> Statements:
        """What a graph states."""
        literals = graph.literals
        rows, origins = stated(graph.origin_ids, graph.further)
        columns = (graph.heads, graph.relation_ids, graph.tails)
        places, sources = stated(literals.origin_ids, literals.further)
        parts = (literals.nodes, literals.relation_ids)
        kinds = (literals.datatypes, literals.languages)
        return cls(
            nodes=graph.nodes.strings,
            relations=tuple(graph.relations),
            texts=literals.texts,
            triples=(*(column[rows].astype(np.int64) for column in columns), origins),
            values=(
                *(part[places].astype(np.int64) for part in parts),
                places,
                *(kind[places].astype(np.int64) for kind in kinds),
                sources,
            ),
            datatypes=literals.datatype_names,
            languages=literals.language_names,
            origins=graph.origins,
            aliases=_pairs(graph.nodes),
        )

    def kept(self, triples: Bool[np.ndarray, " triples"], values: Bool[np.ndarray, " values"]) -> Statements:
        """Only some of the rows."""
        return replace(
            self,
            triples=tuple(column[triples] for column in self.triples),
            values=tuple(column[values] for column in self.values),
        )

    def added(self, triples: Iterable[Triple], origin: Origin) -> Statements:
        """With more statements of one origin, after the others."""
        tables = _Tables(self)
        place = tables.origins.setdefault(origin, len(tables.origins))
        edges, values = [], []
        for head, relation, tail in triples:
            ends = tables.node(head), tables.relation(relation)
            if isinstance(tail, Literal):
                values.append((*ends, *tables.value(normal(tail)), place))
            else:
                edges.append((*ends, tables.node(tail), place))
        return replace(
            self,
            new_nodes=tuple(tables.nodes),
            relations=tuple(tables.relations),
            new_texts=(*self.new_texts, *tables.texts),
            triples=_longer(self.triples, edges),
            values=_longer(self.values, values),
            datatypes=tuple(tables.datatypes),
            languages=tuple(tables.languages),
            origins=tuple(tables.origins),
        )

    def build(self, like: KnowledgeGraph, left_out: tuple[tuple[str, int], ...] = ()) -> KnowledgeGraph:
        """The graph of these statements, with the languages, vocabulary and sources of another.

        Args:
            like: Where these come from.
            left_out: What to say in the report was not kept, beside what that graph says.

        Raises:
            DataError: There is no statement.
        """
        if not len(self.triples[0]) + len(self.values[0]):
            raise DataError("expected at least one statement to be left, found none; the graph would be empty")
        heads, links, tails, sources = self.triples
        holders, named, texts, datatypes, languages, places = self.values
        nodes, node_ids = _ranked(self.nodes, self.new_nodes, heads, tails, holders)
        relations, relation_ids = _ordered(self.relations, links, named)
        origins, origin_ids = _used(self.origins, sources, places)
        kinds, kind_ids = _ordered(("", *self.datatypes), np.zeros(1, np.int64), datatypes + 1)
        tags, tag_ids = _ordered(("", *self.languages), np.zeros(1, np.int64), languages + 1)
        written, text_ids = _ranked(self.texts, self.new_texts, texts)
        rows, further, merged = sort_triples(
            tuple(
                column.astype(np.int32)
                for column in (node_ids[heads], relation_ids[links], node_ids[tails], origin_ids[sources])
            )
        )
        ends = node_ids[holders], relation_ids[named]
        keys = (*ends, text_ids[texts], kind_ids[datatypes + 1], tag_ids[languages + 1])
        columns = tuple(column.astype(np.int32) for column in (*keys, origin_ids[places]))
        literals, repeated = sort_literals(columns, written, (tuple(kinds), tuple(tags)), len(nodes))
        known = Terms(nodes, _aliases(self.aliases, nodes))
        count = len(heads) + len(holders)
        said = _counted((*like.report.left_out, *left_out))
        report = replace(like.report, statements=count, triples=len(rows[0]), literals=len(literals), left_out=said)
        report = replace(report, merged=merged + repeated)
        wishes = (like.languages, like.labels.vocabulary)
        files = tuple(source for source in like.sources if source.path in {origin.source for origin in origins})
        terms = known, Terms(Strings.of(relations))
        return assemble(*terms, (rows, further), literals, wishes, origins, files, report)


class _Tables:
    """Terms by name, while statements are added."""

    def __init__(self, statements: Statements) -> None:
        self._given = Terms(statements.nodes)
        self.nodes = {node: place for place, node in enumerate(statements.new_nodes)}
        self.relations = {relation: place for place, relation in enumerate(statements.relations)}
        self.datatypes = {name: place for place, name in enumerate(statements.datatypes)}
        self.languages = {name: place for place, name in enumerate(statements.languages)}
        self.origins = {origin: place for place, origin in enumerate(statements.origins)}
        self.texts: list[str] = []
        self._known = len(statements.texts) + len(statements.new_texts)
        self._aliases = dict(statements.aliases)

    def node(self, iri: str) -> int:
        name = self._aliases.get(iri, iri)
        place = self._given.find(name)
        return len(self._given) + self.nodes.setdefault(name, len(self.nodes)) if place is None else place

    def relation(self, iri: str) -> int:
        return self.relations.setdefault(iri, len(self.relations))

    def value(self, literal: Literal) -> tuple[int, int, int]:
        self.texts.append(literal.text)
        datatype = self.datatypes.setdefault(literal.datatype, len(self.datatypes))
        language = self.languages.setdefault(literal.language, len(self.languages))
        return self._known + len(self.texts) - 1, datatype, language


def normal(literal: Literal) -> Literal:
    """A literal as graphs keep it: language tags in lower case, plain text without a datatype."""
    plain = literal.language or literal.datatype in (STRING, LANGUAGE_STRING)
    return Literal(literal.text, "" if plain else literal.datatype, literal.language.lower())


def _longer(columns: Rows, rows: Sequence[tuple[int, ...]]) -> Rows:
    if not rows:
        return columns
    more = np.array(rows, np.int64).T
    return tuple(np.concatenate((column, new)) for column, new in zip(columns, more, strict=True))


def _ordered(
    terms: Sequence[str], *columns: Int64[np.ndarray, " _rows"]
) -> tuple[list[str], Int64[np.ndarray, " terms"]]:
    """The terms that columns speak of, in order and each once, and the place of every term among them."""
    used = np.zeros(len(terms), np.bool_)
    for column in columns:
        used[column] = True
    chosen = np.flatnonzero(used).tolist()
    found = sorted(dict.fromkeys(terms[at] for at in chosen))  # in the order they come, which is nearly sorted
    ranks = {term: rank for rank, term in enumerate(found)}
    places = np.full(len(terms), -1, np.int64)
    places[chosen] = np.fromiter((ranks[terms[at]] for at in chosen), np.int64, len(chosen))
    return found, places


def _ranked(
    given: Strings, new: Sequence[str], *columns: Int64[np.ndarray, " _rows"]
) -> tuple[Strings, Int64[np.ndarray, " terms"]]:
    """The same for many terms: those that a graph has, and new ones."""
    terms = _followed(given, Strings.of(new)) if new else given
    used = np.zeros(len(terms), np.bool_)
    for column in columns:
        used[column] = True
    chosen = np.flatnonzero(used)
    kept = terms if len(chosen) == len(terms) else gathered(terms, chosen)
    order = order_of_texts(kept)
    first = differ(kept, order)
    places = np.full(len(terms), -1, np.int64)
    places[chosen[order]] = np.cumsum(first) - 1
    return gathered(kept, order[first]), places


def _followed(first: Strings, second: Strings) -> Strings:
    """Texts, and others after them."""
    offsets = np.concatenate((first.offsets.astype(np.int64), second.offsets[1:] + int(first.offsets[-1])))
    return Strings(np.concatenate((first.blob, second.blob)), offsets)


def _used(
    origins: tuple[Origin, ...], *columns: Int64[np.ndarray, " _rows"]
) -> tuple[tuple[Origin, ...], Int64[np.ndarray, " origins"]]:
    """The origins that columns speak of, as they come, and the place of each."""
    used = np.zeros(len(origins), np.bool_)
    for column in columns:
        used[column] = True
    kept = tuple(origin for origin, keep in zip(origins, used.tolist(), strict=True) if keep)
    return kept, np.cumsum(used) - 1


def _pairs(nodes: Terms) -> tuple[tuple[str, str], ...]:
    """Each alias, and the IRI that it stands for."""
    if nodes.aliases is None:
        return ()
    return tuple((alias, nodes[node]) for alias, node in zip(nodes.aliases.strings, nodes.aliases.ids, strict=True))


def _aliases(aliases: Iterable[tuple[str, str]], nodes: Strings) -> Aliases | None:
    """Other IRIs of the nodes that are left; those that are nodes themselves by now are none."""
    places = ((alias, nodes.find(iri)) for alias, iri in aliases if nodes.find(alias) is None)
    rows = sorted((alias, place) for alias, place in places if place is not None)
    if not rows:
        return None
    return Aliases(Strings.of([alias for alias, _ in rows]), np.array([node for _, node in rows], np.int32))


def _counted(reasons: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Reasons and numbers, those of one reason added up."""
    counts: dict[str, int] = {}
    for reason, count in reasons:
        counts[reason] = counts.get(reason, 0) + count
    return tuple((reason, count) for reason, count in counts.items() if count)
