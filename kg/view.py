"""What a graph says about one node, by the part that its relations play: the best label, all names, a description."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
from jaxtyping import Int, Int16, Int64

from ragmtl.kg.adjacency import Adjacency, gather
from ragmtl.kg.languages import is_readable, language_rank
from ragmtl.kg.literals import Literals
from ragmtl.kg.terms import Terms
from ragmtl.kg.vocabulary import Roles

NOTHING: frozenset[int] = frozenset()
Ranks = Int16[np.ndarray, " relations"]


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
            ranks: Of each relation in the role; see `Roles`.
            hide: Ids of relations that must not be read.
            readable: Whether texts in languages that nobody asked for are passed over.
        """
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
        for row in self.literals.rows(node):
            relation = int(self.literals.relation_ids[row])
            if ranks[relation] >= 0 and relation not in hide:
                yield int(ranks[relation]), row
        for relation, tail in self.links(node, ranks, hide):
            for row in self.literals.rows(tail):
                if self.roles.forms[self.literals.relation_ids[row]] >= 0:
                    yield int(ranks[relation]), row

    def links(self, node: SupportsIndex, ranks: Ranks, hide: Set[int] = NOTHING) -> list[tuple[int, int]]:
        """Relation and tail of each triple of a node whose relation plays a role."""
        row = self.outgoing.row(node)
        relations = self.outgoing.relations[row]
        places = np.flatnonzero(ranks[relations] >= 0)
        found = zip(relations[places].tolist(), self.outgoing.neighbours[row][places].tolist(), strict=True)
        return [(relation, tail) for relation, tail in found if relation not in hide]

    def language(self, row: SupportsIndex) -> str:
        """The language of a literal, in lower case; empty where it has none."""
        return self.literals.language_names[self.literals.languages[row]]


def label_rows(view: View) -> Int[np.ndarray, " nodes"]:
    """For each node the row of the literal that is its label; -1 where it has none.

    The best language wins, then the best relation, then a label of its own before one of a node that stands for a
    text, then the first in the order of literals.
    """
    literals, roles = view.literals, view.roles
    own = np.flatnonzero(roles.labels[literals.relation_ids] >= 0)
    nodes, ranks = literals.nodes[own], roles.labels[literals.relation_ids[own]]
    carriers, carried, links = _carried(view)
    nodes, rows = np.concatenate((nodes, carriers)), np.concatenate((own, carried))
    ranks = np.concatenate((ranks, links)).astype(np.int64)
    kept = np.flatnonzero(~_blank(literals, rows))
    nodes, rows, ranks = nodes[kept], rows[kept], ranks[kept]
    languages = np.array([language_rank(name, view.languages) for name in literals.language_names], np.int64)
    order = np.lexsort((rows, ranks, languages[literals.languages[rows]], nodes))
    named, firsts = np.unique(nodes[order], return_index=True)
    result = np.full(len(view.nodes), -1, np.int32 if len(literals) < 2**31 else np.int64)
    result[named] = rows[order][firsts]
    return result


def _carried(view: View) -> tuple[Int[np.ndarray, " found"], Int64[np.ndarray, " found"], Int[np.ndarray, " found"]]:
    """Labels through nodes that stand for a text: node, row of the literal, rank of the relation between them."""
    roles, literals = view.roles, view.literals
    if not (roles.forms >= 0).any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    links = np.flatnonzero(roles.links[view.outgoing.relations] >= 0)
    rows, owners = gather(literals.indptr, view.outgoing.neighbours[links])
    forms = roles.forms[literals.relation_ids[rows]] >= 0
    rows, places = rows[forms], links[owners[forms]]
    heads = np.searchsorted(view.outgoing.indptr, places, side="right") - 1
    return heads, rows, roles.links[view.outgoing.relations[places]]




def _blank(literals: Literals, rows: Int64[np.ndarray, " rows"]) -> np.ndarray:
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
