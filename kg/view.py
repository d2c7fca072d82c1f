"""What a graph says about one node, by the part that its relations play: the best label, all names, a description."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
from jaxtyping import Bool, Int16, Int64, Integer

from ragmtl.kg.adjacency import Adjacency, gather
from ragmtl.kg.languages import is_readable, language_rank
from ragmtl.kg.literals import Literals
from ragmtl.kg.terms import Terms
from ragmtl.kg.vocabulary import Ranks, Roles, rank_column

NOTHING: frozenset[int] = frozenset()
_MANY = 64  # edges of a node that are looked at one by one


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The parts of a graph that words are made of; nothing is copied."""

    nodes: Terms
    relations: Terms
    literals: Literals
    outgoing: Adjacency
    incoming: Adjacency
    roles: Roles
    languages: tuple[str, ...]

    def best(self, node: SupportsIndex, ranks: Ranks, hide: Set[int] = NOTHING, *, readable: bool = False) -> str:
        """The best text of a node in a role: best language, then best relation; empty where there is none.

        Args:
            node: The node.
            ranks: The relations of the role; see `Roles`.
            hide: Ids of relations that must not be read.
            readable: Whether texts in languages that nobody asked for are passed over.
        """
        if not ranks:
            return ""
        found = [
            (language_rank(self.language(row), self.languages), rank, row)
            for rank, row in self.texts(node, ranks, hide)
            if not readable or is_readable(self.language(row), self.languages)
        ]
        texts = (self.literals.texts[row] for _, _, row in sorted(found))
        return next((text for text in texts if text.strip()), "")

    def texts(self, node: SupportsIndex, ranks: Ranks, hide: Set[int] = NOTHING) -> Iterator[tuple[int, int]]:
        """Rank of the relation and row of the literal, for each text that a node has in a role.

        Those of nodes to which a relation of the role leads, and which stand for a text, come last.
        """
        if not ranks:
            return
        for relation, row in self.values(node):
            if relation in ranks and relation not in hide:
                yield ranks[relation], row
        if self.roles.forms:
            for relation, tail in self.links(node, ranks, hide):
                yield from ((ranks[relation], row) for form, row in self.values(tail) if form in self.roles.forms)

    def values(self, node: SupportsIndex) -> Iterable[tuple[int, int]]:
        """Relation and row of each literal of a node."""
        rows = self.literals.rows(node)
        return zip(self.literals.relation_ids[rows.start : rows.stop].tolist(), rows, strict=True)

    def links(self, node: SupportsIndex, ranks: Ranks, hide: Set[int] = NOTHING) -> list[tuple[int, int]]:
        """Relation and tail of each triple of a node whose relation plays a role."""
        row = self.outgoing.row(node)
        wanted = [relation for relation in ranks if relation not in hide]
        if not wanted or row.start == row.stop:
            return []
        relations, neighbours = self.outgoing.relations[row], self.outgoing.neighbours[row]
        if len(relations) > _MANY:
            places = np.flatnonzero(np.isin(relations, wanted))
            relations, neighbours = relations[places], neighbours[places]
        pairs = zip(relations.tolist(), neighbours.tolist(), strict=True)
        return [(relation, tail) for relation, tail in pairs if relation in wanted]

    def language(self, row: SupportsIndex) -> str:
        """The language of a literal, in lower case; empty where it has none."""
        language: str = self.literals.language_names[self.literals.languages[row]]
        return language


def label_rows(view: View) -> Integer[np.ndarray, " nodes"]:
    """For each node the row of the literal that is its label; -1 where it has none.

    The best language wins, then the best relation, then a label of its own before one of a node that stands for a
    text, then the first in the order of literals.
    """
    literals = view.literals
    labels = rank_column(view.roles.labels, len(view.relations))
    own = np.flatnonzero(labels[literals.relation_ids] >= 0)
    carriers, carried, links = _carried(view)
    nodes, rows = np.concatenate((literals.nodes[own], carriers)), np.concatenate((own, carried))
    ranks = np.concatenate((labels[literals.relation_ids[own]], links))
    kept = np.flatnonzero(~_blank(literals, rows))
    nodes, rows, ranks = nodes[kept], rows[kept], ranks[kept]
    languages = np.array([language_rank(name, view.languages) for name in literals.language_names], np.int64)
    order = np.lexsort((rows, ranks, languages[literals.languages[rows]], nodes))
    named, firsts = np.unique(nodes[order], return_index=True)
    result = np.full(len(view.nodes), -1, np.int32 if len(literals) < 2**31 else np.int64)
    result[named] = rows[order][firsts]
    return result


def _carried(
    view: View,
) -> tuple[Int64[np.ndarray, " found"], Int64[np.ndarray, " found"], Int16[np.ndarray, " found"]]:
    """Labels through nodes that stand for a text: node, row of the literal, rank of the relation between them."""
    links, forms = (rank_column(ranks, len(view.relations)) for ranks in (view.roles.links, view.roles.forms))
    if not view.roles.forms:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int16)
    edges = np.flatnonzero(links[view.outgoing.relations] >= 0)
    rows, owners = gather(view.literals.indptr, view.outgoing.neighbours[edges])
    carrying = forms[view.literals.relation_ids[rows]] >= 0
    rows, places = rows[carrying], edges[owners[carrying]]
    heads = np.searchsorted(view.outgoing.indptr, places, side="right") - 1
    return heads, rows, links[view.outgoing.relations[places]]


def _blank(literals: Literals, rows: Int64[np.ndarray, " rows"]) -> Bool[np.ndarray, " rows"]:
    """Which texts hold nothing but white space; only those that begin like it are looked at one by one."""
    blob, offsets = literals.texts.blob, literals.texts.offsets
    starts, ends = offsets[rows], offsets[rows + 1]
    blank = np.asarray(starts == ends)
    first = blob[np.minimum(starts, len(blob) - 1)] if len(blob) else np.zeros(len(rows), np.uint8)
    suspicious = ~blank & ((first <= _SPACE) | np.isin(first, _WIDE_SPACES))
    for place in np.flatnonzero(suspicious).tolist():
        blank[place] = not literals.texts[rows[place]].strip()
    return blank


_SPACE = 0x20
_WIDE_SPACES = (0xC2, 0xE1, 0xE2, 0xE3)  # first bytes of the white space beyond ASCII
