"""Readable names of nodes and relations, and the short text about a node that encoders read.

"Fight Club (film); release year 1999" is a label, the labels of the types, and short literals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

import numpy as np
from jaxtyping import Int64

from ragmtl.kg.literals import Literal, Literals
from ragmtl.kg.terms import BLANK, Terms

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
FOAF = "http://xmlns.com/foaf/0.1/"
TERMS = "http://purl.org/dc/terms/"
ELEMENTS = "http://purl.org/dc/elements/1.1/"
SCHEMA = ("http://schema.org/", "https://schema.org/")

TYPE = RDF + "type"
LABELS = (
    RDFS + "label",
    SKOS + "prefLabel",
    *(schema + "name" for schema in SCHEMA),
    FOAF + "name",
    TERMS + "title",
    ELEMENTS + "title",
)
"""Relations that give a node its label, the best first."""
ALTERNATIVES = (
    SKOS + "altLabel",
    SKOS + "hiddenLabel",
    *(schema + "alternateName" for schema in SCHEMA),
    FOAF + "nick",
)
NAMES = frozenset(LABELS + ALTERNATIVES)
"""Relations whose literals name a node; with them all that end in one of `ENDINGS`."""
ENDINGS = ("label", "name")
"""Ends of the IRIs of relations that name a node in other vocabularies."""
DEFINITIONS = (
    SKOS + "definition",
    RDFS + "comment",
    TERMS + "description",
    ELEMENTS + "description",
    *(schema + "description" for schema in SCHEMA),
)
VOCABULARIES = (RDF, RDFS, OWL, SKOS)
"""Types from these say nothing about a node (owl:Thing, rdfs:Class, skos:Concept)."""
UNNAMED = "unnamed node"

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]\b)")
_LONGEST_FACT, _LONGEST, _SHORTEST_DEFINITION = 40, 200, 20


def local_name(iri: str) -> str:
    """The readable end of an IRI.

    >>> local_name("http://dbpedia.org/resource/Fight_Club"), local_name("http://dbpedia.org/ontology/releaseYear")
    ('Fight Club', 'release Year')
    """
    if iri.startswith(BLANK):
        return UNNAMED
    end = re.split(r"[#/]", iri.rstrip("#/"))[-1] or iri
    name = _CAMEL.sub(" ", unquote(end).replace("_", " ").strip())
    return " ".join(name.split()) or iri


def relation_name(iri: str) -> str:
    """The readable end of the IRI of a relation: "release year"."""
    name = local_name(iri)
    return name if name.isupper() else name.lower()


def label_rank(iri: str) -> int | None:
    """How good a relation is for labels, 0 is best; None where its literals are no labels."""
    if iri in LABELS:
        return LABELS.index(iri)
    end = re.split(r"[#/]", iri)[-1].lower()
    return len(LABELS) + ENDINGS.index(end) if end in ENDINGS else None


def is_name(iri: str) -> bool:
    """Whether the literals of a relation name a node."""
    return iri in NAMES or label_rank(iri) is not None


def language_rank(language: str, preferred: Sequence[str]) -> int:
    """0 for the best language: the preferred ones and their regions, then none, then any other."""
    base = language.split("-")[0]
    if language in preferred:
        return 2 * preferred.index(language)
    if base in preferred:
        return 2 * preferred.index(base) + 1
    return 2 * len(preferred) + (1 if language else 0)


def label_rows(
    literals: Literals, relations: Terms, preferred: Sequence[str]
) -> tuple[Int64[np.ndarray, " named"], Int64[np.ndarray, " named"]]:
    """Nodes that have a label, and the row of the literal that is it: best language, then best relation."""
    ranks = np.full(len(relations), -1, np.int64)
    for relation, iri in enumerate(relations):
        if (rank := label_rank(iri)) is not None:
            ranks[relation] = rank
    rows = np.flatnonzero(ranks[literals.relation_ids] >= 0)
    languages = np.array([language_rank(name, preferred) for name in literals.language_names], np.int64)
    keys = languages[literals.languages[rows]] * (len(LABELS) + len(ENDINGS)) + ranks[literals.relation_ids[rows]]
    rows = rows[np.lexsort((rows, keys, literals.nodes[rows]))]
    nodes, firsts = np.unique(literals.nodes[rows], return_index=True)
    return nodes.astype(np.int64), rows[firsts]


def node_labels(literals: Literals, nodes: Terms, relations: Terms, preferred: Sequence[str]) -> list[str]:
    """The label of every node; the readable end of its IRI where it has none."""
    named, rows = label_rows(literals, relations, preferred)
    labels: list[str | None] = [None] * len(nodes)
    for node, row in zip(named.tolist(), rows.tolist(), strict=True):
        labels[node] = " ".join(literals.texts[row].split()) or None
    return [local_name(iri) if label is None else label for iri, label in zip(nodes, labels, strict=True)]


def relation_labels(labels: Sequence[str], nodes: Terms, relations: Terms) -> list[str]:
    """The label of every relation: that of its node where the graph speaks of the relation, else the end of its IRI."""
    return [_relation_label(iri, nodes.find(iri), labels) for iri in relations]


def _relation_label(iri: str, node: int | None, labels: Sequence[str]) -> str:
    named = node is not None and labels[node] != local_name(iri)
    return labels[node] if named and node is not None else relation_name(iri)


def names(iri: str, label: str, literals: Iterable[tuple[str, Literal]]) -> tuple[str, ...]:
    """The label and all other names, each once; none for a blank node without a name.

    Args:
        iri: The node.
        label: Its label.
        literals: IRI of the relation and literal, for each literal of the node.
    """
    others = [" ".join(literal.text.split()) for relation, literal in literals if is_name(relation)]
    first = [] if iri.startswith(BLANK) and label == UNNAMED else [label]
    return tuple(dict.fromkeys(name for name in first + others if name))


def describe(
    label: str,
    types: Iterable[str],
    literals: Iterable[tuple[str, str, Literal]],
    preferred: Sequence[str],
) -> str:
    """A line about a node: label, types, short literals, and the beginning of a definition; at most 200 characters.

    Args:
        label: The label of the node.
        types: Labels of its types.
        literals: IRI and label of the relation and the literal, for each literal of the node.
        preferred: Languages to read; literals in others are passed over.
    """
    readable = [row for row in literals if _is_readable(row[2], preferred)]
    kinds = [kind for kind in dict.fromkeys(map(_as_noun, types)) if kind.lower() not in label.lower()]
    text = shorten(label + (f" ({', '.join(kinds)})" if kinds else ""), _LONGEST)
    for fact in _facts(readable):
        if len(text) + 2 + len(fact) <= _LONGEST:
            text += "; " + fact
    definition = next((literal.text for iri, _, literal in readable if iri in DEFINITIONS), "")
    room = _LONGEST - len(text) - 2
    return text + "; " + shorten(definition, room) if definition and room >= _SHORTEST_DEFINITION else text


def shorten(text: str, longest: int) -> str:
    """The text on one line, cut between words with "…" where it is too long."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut) + "…"


def _facts(literals: Iterable[tuple[str, str, Literal]]) -> Iterator[str]:
    values: dict[str, list[str]] = {}
    for iri, relation, literal in literals:
        if not is_name(iri) and iri not in DEFINITIONS and 0 < len(literal.text.strip()) <= _LONGEST_FACT:
            values.setdefault(relation, []).append(" ".join(literal.text.split()))
    return (f"{relation} {', '.join(dict.fromkeys(texts))}" for relation, texts in values.items())


def _is_readable(literal: Literal, preferred: Sequence[str]) -> bool:
    return not literal.language or language_rank(literal.language, preferred) < 2 * len(preferred)


def _as_noun(kind: str) -> str:
    return kind.lower() if kind.istitle() else kind
