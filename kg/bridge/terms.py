"""rdflib's terms ↔ our names, literals and codes: the only place that translates between the two.

Terms are made when they are asked for, and the last ones are kept.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from jaxtyping import Integer
from rdflib import Literal, URIRef
from rdflib.term import BNode, Identifier

from ragmtl.kg.encoding.encode import LANGUAGE_STRING, STRING
from ragmtl.kg.literals import Literal as Value
from ragmtl.kg.sparql.lookup import Lookup
from ragmtl.kg.terms import BLANK

_KEPT = 200_000  # terms
_LOG = logging.getLogger("rdflib.term")


def term_of(name: str) -> URIRef | BNode:
    """The term of a node: `_:f0b0` is the blank node `f0b0`."""
    if name.startswith(BLANK):
        return BNode(name.removeprefix(BLANK))
    return str.__new__(URIRef, name)  # without the library's complaint about odd characters


def name_of(term: Identifier) -> str:
    """What a node is called in a graph."""
    return BLANK + str(term) if isinstance(term, BNode) else str(term)


def literal_of(value: Value) -> Literal:
    """The term of a literal; its text stays as it is written."""
    datatype, language = URIRef(value.datatype) if value.datatype else None, value.language or None
    try:
        made = Literal(value.text, language, datatype, normalize=False)
    except ValueError:  # a language tag that the library refuses
        made = Literal(value.text)
    if str(made) != value.text or made.language != language:
        made = _as_written(made, value.text, language)
    return made


def value_of(literal: Literal) -> Value:
    """The literal of a term."""
    language, datatype = (literal.language or "").lower(), str(literal.datatype or "")
    return Value(str(literal), "" if language or datatype in (STRING, LANGUAGE_STRING) else datatype, language)


class TermCodes:
    """Terms ↔ codes of one graph.

    Args:
        lookup: The graph.
        blank: The name in the graph of blank nodes that are called otherwise outside.
    """

    def __init__(self, lookup: Lookup, blank: Mapping[str, str] | None = None) -> None:
        self.lookup = lookup
        self._names = dict(blank or {})
        self._outside = {name: node for node, name in self._names.items()}
        self._terms: dict[int, Identifier] = {}
        self._codes: dict[Identifier, int] = {}

    def terms(self, codes: Integer[np.ndarray, " codes"]) -> list[Identifier]:
        """The term of each code."""
        if len(self._terms) > _KEPT:
            self._terms, self._codes = {}, {}
        listed, known = codes.tolist(), self._terms
        new = {code for code in listed if code not in known}
        if new:
            with quiet():
                self._make(new)
        return [known[code] for code in listed]

    def code(self, term: Identifier) -> int | None:
        """The code of a term; None where the graph knows none, or -1 once that was found out."""
        if (code := self._codes.get(term)) is None:
            found = self._find(term)
            code = -1 if found is None else found
            self._codes[term] = code
        return None if code < 0 else code

    def relation(self, term: Identifier) -> int | None:
        """The id of a relation, or None."""
        return self.lookup.graph.relations.find(str(term)) if isinstance(term, URIRef) else None

    def name(self, term: Identifier) -> str:
        """What the node of a term is called in the graph."""
        known = self._names.get(str(term)) if isinstance(term, BNode) else None
        return name_of(term) if known is None else known

    def node(self, name: str) -> URIRef | BNode:
        """The term of a node with a name."""
        outside = self._outside.get(name)
        return term_of(name) if outside is None else BNode(outside)

    def _find(self, term: Identifier) -> int | None:
        if isinstance(term, Literal):
            return self.lookup.value(value_of(term))
        if not isinstance(term, URIRef | BNode):
            return None
        node = self.lookup.graph.nodes.find(self.name(term))
        if node is not None or (relation := self.relation(term)) is None:
            return node
        return int(self.lookup.relation_codes[relation])

    def _make(self, codes: Iterable[int]) -> None:
        lookup, graph = self.lookup, self.lookup.graph
        for code in codes:
            term: Identifier
            if code < lookup.nodes:
                term = self.node(graph.nodes[code])
            elif code < lookup.nodes + lookup.values:
                term = literal_of(graph.literals[code - lookup.nodes])
            else:
                term = term_of(graph.relations[code - lookup.nodes - lookup.values])
            self._terms[code] = term
            self._codes.setdefault(term, code)


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the library from logging literals whose text does not fit their datatype: they are kept as written."""
    disabled = _LOG.disabled
    _LOG.disabled = True
    try:
        yield
    finally:
        _LOG.disabled = disabled


def _as_written(like: Literal, text: str, language: str | None) -> Literal:
    """A literal with the parts of another one, but another text: the library rewrites white space of some datatypes."""
    made: Any = str.__new__(Literal, text)
    made._language, made._datatype = language, like.datatype
    made._value, made._ill_typed = like.value, like.ill_typed
    kept: Literal = made
    return kept
