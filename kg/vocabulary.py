"""Which relations name, describe and class things: the usual vocabularies, and those that a user adds.

    >>> USUAL.extended(labels=["http://x/title"]).labels[:2]
    ('http://x/title', 'http://www.w3.org/2000/01/rdf-schema#label')

Where such a relation leads to a node instead of a literal (SKOS-XL, OntoLex, definitions as resources), the text that
the node carries counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int16

from ragmtl.errors import DataError
from ragmtl.kg.nearest import iri_hint
from ragmtl.kg.terms import Terms

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
XL = "http://www.w3.org/2008/05/skos-xl#"
FOAF = "http://xmlns.com/foaf/0.1/"
TERMS = "http://purl.org/dc/terms/"
ELEMENTS = "http://purl.org/dc/elements/1.1/"
SCHEMA = ("http://schema.org/", "https://schema.org/")
ONTOLEX = "http://www.w3.org/ns/lemon/ontolex#"
DBPEDIA = "http://dbpedia.org/ontology/"
WIKIDATA = "http://www.wikidata.org/prop/direct/"
WIKIBASE = "http://wikiba.se/ontology#"

TYPE = RDF + "type"
SAME = OWL + "sameAs"
LABELS = (
    RDFS + "label",
    SKOS + "prefLabel",
    *(schema + "name" for schema in SCHEMA),
    FOAF + "name",
    TERMS + "title",
    ELEMENTS + "title",
    XL + "prefLabel",
    ONTOLEX + "canonicalForm",
)
"""Relations that give a node its label, the best first."""
ENDINGS = ("label", "name")
"""Ends of the IRIs of relations that name a node in other vocabularies, after all of `LABELS`."""
ALTERNATIVES = (
    SKOS + "altLabel",
    SKOS + "hiddenLabel",
    *(schema + "alternateName" for schema in SCHEMA),
    FOAF + "nick",
    XL + "altLabel",
    XL + "hiddenLabel",
    ONTOLEX + "otherForm",
    TERMS + "alternative",
    DBPEDIA + "alias",
)
DESCRIPTIONS = (
    SKOS + "definition",
    *(schema + "description" for schema in SCHEMA),
    RDFS + "comment",
    TERMS + "description",
    ELEMENTS + "description",
    TERMS + "abstract",
    DBPEDIA + "abstract",
)
TYPES = (TYPE, WIKIDATA + "P31")
FORMS = (XL + "literalForm", ONTOLEX + "writtenRep", RDF + "value")
"""Relations that give the text of a node which stands for a text: a SKOS-XL label, an OntoLex form, a definition."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Relations by the part they play, as IRIs, the best first.

    Attributes:
        labels: Name a node.
        alternatives: Give it other names.
        descriptions: Say in a sentence what it is.
        types: Lead to what kind of thing it is.
    """

    labels: tuple[str, ...] = LABELS
    alternatives: tuple[str, ...] = ALTERNATIVES
    descriptions: tuple[str, ...] = DESCRIPTIONS
    types: tuple[str, ...] = TYPES

    def extended(
        self,
        *,
        labels: Iterable[str] = (),
        alternatives: Iterable[str] = (),
        descriptions: Iterable[str] = (),
        types: Iterable[str] = (),
    ) -> Vocabulary:
        """With more relations, which go before those that are there."""
        return Vocabulary(
            _first(labels, self.labels),
            _first(alternatives, self.alternatives),
            _first(descriptions, self.descriptions),
            _first(types, self.types),
        )

    def check(self, relations: Terms) -> None:
        """See that relations which a user added are in the graph.

        Raises:
            DataError: One is not: it would do nothing, which is never meant.
        """
        for role in ("labels", "alternatives", "descriptions", "types"):
            usual: tuple[str, ...] = getattr(USUAL, role)
            for iri in getattr(self, role):
                if iri not in usual and relations.find(iri) is None:
                    hint = iri_hint(iri, list(relations), "write out the whole IRI of a relation of the graph")
                    raise DataError(f"expected relations of the graph as {role}, found {iri!r}, which is none; {hint}")


USUAL = Vocabulary()


Ranks = Mapping[int, int]
"""The relations that play a role, and how good each is in it; 0 is best."""


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """The relations of a graph that play each role.

    `links` are the labels that may lead to a node whose text counts; `labels` also has those known by their ending.
    """

    labels: Ranks
    links: Ranks
    alternatives: Ranks
    descriptions: Ranks
    types: Ranks
    forms: Ranks

    @classmethod
    def of(cls, relations: Terms, vocabulary: Vocabulary) -> Roles:
        """The roles of relations."""
        links = _ranks(relations, vocabulary.labels)
        endings = {
            relation: len(vocabulary.labels) + ENDINGS.index(ending)
            for relation, iri in enumerate(relations)
            if (ending := _ending(iri)) in ENDINGS
        }
        others = (vocabulary.alternatives, vocabulary.descriptions, vocabulary.types, FORMS)
        return cls(endings | links, links, *(_ranks(relations, iris) for iris in others))


def rank_column(ranks: Ranks, relations: int) -> Int16[np.ndarray, " relations"]:
    """The rank of every relation in a role; -1 for those that do not play it."""
    column = np.full(relations, -1, np.int16)
    column[list(ranks)] = list(ranks.values())
    return column


def _ranks(relations: Terms, iris: tuple[str, ...]) -> dict[int, int]:
    found = enumerate(relations.find_all(iris).tolist())
    return {relation: rank for rank, relation in found if relation >= 0}


def _ending(iri: str) -> str:
    return re.split(r"[#/]", iri)[-1].lower()


def _first(more: Iterable[str], known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*more, *known)))
