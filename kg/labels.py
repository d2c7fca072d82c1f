"""Readable names of nodes and relations, and the short text about a node that encoders read.

A label is a reference to a literal, four bytes for each node, and is read when it is asked for; the label of a node
that has none is made then (`ragmtl.kg.derived`).

    "Fight Club (film); release year 1999"  =  label, labels of the types, short literals, a description
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from operator import index
from typing import SupportsIndex, TypeVar

import numpy as np
from jaxtyping import Integer

from ragmtl.kg.adjacency import Adjacency
from ragmtl.kg.derived import brief, derive
from ragmtl.kg.languages import is_readable
from ragmtl.kg.literals import Literal, Literals
from ragmtl.kg.terms import BLANK, Terms, frozen
from ragmtl.kg.view import NOTHING, View, label_rows
from ragmtl.kg.vocabulary import OWL, RDF, RDFS, SKOS, WIKIBASE, Roles, Vocabulary
from ragmtl.kg.wording import as_noun, is_opaque, local_name, one_line, relation_name, shorten

VOCABULARIES = (RDF, RDFS, OWL, SKOS)
"""Types from these say nothing about a node (owl:Thing, rdfs:Class, skos:Concept)."""

_LONGEST_FACT, _LONGEST, _SHORTEST_DEFINITION = 40, 200, 20
_MOST_KEPT = 32_768
"""Labels, names and lines that stay in memory once they were asked for."""
Key = TypeVar("Key")
Words = TypeVar("Words")


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The label of each node, made when it is asked for.

    Attributes:
        rows: Row of the literal that is the label of a node; -1 where none is.
        relation_names: Label of each relation.
        view: The graph.
        vocabulary: Which relations were taken for labels, descriptions and types.
    """

    rows: Integer[np.ndarray, " nodes"]
    relation_names: tuple[str, ...]
    view: View
    vocabulary: Vocabulary
    _kept: dict[int, str] = field(default_factory=dict, repr=False)
    _named: dict[int, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _told: dict[tuple[int, frozenset[int]], str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        nodes: Terms,
        relations: Terms,
        literals: Literals,
        ways: tuple[Adjacency, Adjacency],
        languages: tuple[str, ...],
        vocabulary: Vocabulary,
    ) -> Labels:
        """Find the label of every node and relation."""
        view = View(nodes, relations, literals, *ways, Roles.of(relations, vocabulary), languages)
        rows = frozen(label_rows(view))
        return cls(rows, tuple(_relation_label(view, rows, iri) for iri in relations), view, vocabulary)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, node: SupportsIndex) -> str:
        at = index(node)
        if (kept := self._kept.get(at)) is not None:
            return kept
        if not 0 <= at < len(self):
            raise IndexError(f"expected an index in [0, {len(self)}), found {at}")
        return _keep(self._kept, at, self._label(at, NOTHING))

    def __iter__(self) -> Iterator[str]:
        return (self._label(node, NOTHING) for node in range(len(self)))

    def given(self, node: SupportsIndex) -> str | None:
        """The label that the graph states for a node, or the words in its IRI; None where there is neither."""
        row = int(self.rows[node])
        if row >= 0:
            return one_line(self.view.literals.texts[row])
        iri = self.view.nodes[node]
        if iri.startswith(BLANK):
            return None
        name = local_name(iri)
        return None if is_opaque(name) else name

    def names(self, node: SupportsIndex) -> tuple[str, ...]:
        """The label and the alternative names of a node, each once; none for a blank node without a name."""
        at = index(node)
        return self._named[at] if at in self._named else _keep(self._named, at, self._names(at))

    def _names(self, node: int) -> tuple[str, ...]:
        view, iri = self.view, self.view.nodes[node]
        first = self.given(node) or ("" if iri.startswith(BLANK) else local_name(iri))
        found = (row for ranks in (view.roles.labels, view.roles.alternatives) for _, row in view.texts(node, ranks))
        others = (one_line(view.literals.texts[row]) for row in sorted(found))
        return tuple(dict.fromkeys(name for name in (first, *others) if name))

    def types(self, node: SupportsIndex, hide: Set[int] = NOTHING) -> list[str]:
        """Labels of the types of a node, but those that say nothing (owl:Thing, rdfs:Class, skos:Concept)."""
        tails = [tail for _, tail in self.view.links(node, self.view.roles.types, hide)]
        return [self[tail] for tail in tails if not self.view.nodes[tail].startswith((*VOCABULARIES, BLANK))]

    def description(self, node: SupportsIndex, hide: Set[int] = NOTHING) -> str:
        """What a node is, in a sentence or more: its best description in a preferred language, or none."""
        return one_line(self.view.best(node, self.view.roles.descriptions, hide, readable=True))

    def describe(self, node: SupportsIndex, hide: Set[int] = NOTHING) -> str:
        """A line about a node: label, types, short literals, and the beginning of a description; 200 characters."""
        key = index(node), frozenset(hide)
        return self._told[key] if key in self._told else _keep(self._told, key, self._described(*key))

    def _described(self, at: int, hide: Set[int]) -> str:
        label = self.given(at) or brief(self.view, at, hide) or self._label(at, hide)
        kinds = [
            kind for kind in dict.fromkeys(map(as_noun, self.types(at, hide))) if kind.lower() not in label.lower()
        ]
        text = shorten(label + (f" ({', '.join(kinds)})" if kinds else ""), _LONGEST)
        for fact in self._facts(at, hide):
            if len(text) + 2 + len(fact) <= _LONGEST:
                text += "; " + fact
        description = self.description(at, hide)
        if description.startswith(label.rstrip("…")):
            return text
        room = _LONGEST - len(text) - 2
        return text + "; " + shorten(description, room) if description and room >= _SHORTEST_DEFINITION else text

    def _label(self, node: int, hide: Set[int]) -> str:
        label = self.given(node)
        return derive(self.view, self.relation_names, self.given, node, hide) if label is None else label

    def _facts(self, node: SupportsIndex, hide: Set[int]) -> Iterable[str]:
        """Short literals in a language that is read, those of one relation together."""
        roles, literals = self.view.roles, self.view.literals
        values: dict[str, list[str]] = {}
        told = {*hide, *roles.labels, *roles.alternatives, *roles.descriptions}
        told |= {*roles.forms} if self.rows[node] < 0 else {*NOTHING}
        for relation, row in self.view.values(node):
            if relation in told:
                continue
            literal: Literal = literals[row]
            readable = is_readable(literal.language, self.view.languages)
            if readable and 0 < len(literal.text.strip()) <= _LONGEST_FACT:
                values.setdefault(self.relation_names[relation], []).append(one_line(literal.text))
        return (f"{name} {', '.join(dict.fromkeys(texts))}" for name, texts in values.items())


def _relation_label(view: View, rows: Integer[np.ndarray, " nodes"], iri: str) -> str:
    """The label that the graph states for a relation, or for the property that it belongs to (Wikidata); else words."""
    node = view.nodes.find(iri)
    if node is None:
        return relation_name(iri)
    row = int(rows[node])
    if row < 0:
        edges = view.incoming.row(node)
        pairs = zip(view.incoming.relations[edges].tolist(), view.incoming.neighbours[edges].tolist(), strict=True)
        owners = (head for relation, head in pairs if view.relations[relation].startswith(WIKIBASE))
        row = next((int(rows[head]) for head in owners if rows[head] >= 0), -1)
    label = one_line(view.literals.texts[row]) if row >= 0 else ""
    return label if label and label != local_name(iri) else relation_name(iri)


def _keep(kept: dict[Key, Words], key: Key, found: Words) -> Words:
    """Remember what was found, as long as there is room."""
    if len(kept) < _MOST_KEPT:
        kept[key] = found
    return found
