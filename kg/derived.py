"""Labels of nodes that have none and whose IRI tells nothing: what they carry, and what is beside them.

    form 'dog'    list of salt, pepper and 3 more    address (street Main St 1)    address of Alice    film Q42

They are for reading, and never count as names. They are made of given labels only, so no cycle can arise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from itertools import islice

from ragmtl.kg.languages import is_readable
from ragmtl.kg.terms import BLANK
from ragmtl.kg.view import View
from ragmtl.kg.vocabulary import OWL, RDF, RDFS
from ragmtl.kg.wording import UNNAMED, as_noun, is_hash, local_name, shorten

Given = Callable[[int], str | None]
"""Gives the label that a node has of its own."""

_EMPTY_KINDS = frozenset({OWL + "Thing", OWL + "NamedIndividual", RDFS + "Resource"})
_FIRST, _REST, _NIL = RDF + "first", RDF + "rest", RDF + "nil"
_LONGEST, _LONGEST_FACT, _FACTS, _EDGES, _ITEMS, _MOST_ITEMS = 60, 40, 2, 32, 3, 20


def derive(view: View, relation_names: Sequence[str], given: Given, node: int, hide: Set[int]) -> str:
    """A label for a node that has none of its own.

    Args:
        view: The graph.
        relation_names: Label of each relation.
        given: Gives the labels that nodes have of their own.
        node: The node.
        hide: Ids of relations that must not be read.
    """
    iri = view.nodes[node]
    name = "" if iri.startswith(BLANK) else local_name(iri)
    code = "" if is_hash(name) else name
    kind = _kind(view, given, node, hide)
    if text := _carried(view, node, kind, code, hide):
        return text
    if code and kind:
        return code if kind.lower() in code.lower() else f"{kind} {code}"
    told = "" if code else _told(view, relation_names, given, node, kind, hide)
    if told := told or _beside(view, relation_names, given, node, hide):
        return f"{told} ({code})" if code else told
    return f"unnamed {kind}" if kind else name or UNNAMED


def brief(view: View, node: int, hide: Set[int]) -> str:
    """Another name of a node whose IRI is a code, or the code alone; empty where its IRI is none or a hash."""
    iri = view.nodes[node]
    name = "" if iri.startswith(BLANK) else local_name(iri)
    return (
        "" if not name or is_hash(name) else shorten(view.best(node, view.roles.alternatives, hide), _LONGEST) or name
    )


def _carried(view: View, node: int, kind: str, code: str, hide: Set[int]) -> str:
    """The text that a node carries: another name, the text that it stands for, or the beginning of a description."""
    roles = view.roles
    if other := view.best(node, roles.alternatives, hide):
        return shorten(other, _LONGEST)
    if text := view.best(node, roles.forms, hide):
        return f"{kind or 'value'} '{shorten(text, _LONGEST)}'"
    if text := view.best(node, roles.descriptions, hide):
        return shorten(text, _LONGEST) + (f" ({code})" if code else "")
    return ""


def _kind(view: View, given: Given, node: int, hide: Set[int]) -> str:
    """The label of the first type that tells something; empty where there is none."""
    for _, tail in view.links(node, view.roles.types, hide):
        iri = view.nodes[tail]
        if iri not in _EMPTY_KINDS and not iri.startswith(BLANK):
            return as_noun(given(tail) or local_name(iri))
    return ""


def _list(view: View, given: Given, node: int, hide: Set[int]) -> str:
    """The first items of an RDF list, and how many more there are; empty for other nodes."""
    if view.relations.find(_REST) is None:
        return ""
    items: list[str] = []
    seen: set[int] = set()
    at: int | None = node
    while at is not None and at not in seen and view.nodes[at] != _NIL and len(items) < _MOST_ITEMS:
        seen.add(at)
        item, at = _item(view, given, at, hide)
        if item is None:
            break
        items.append(item)
    if not items:
        return ""
    number = "" if len(items) == _MOST_ITEMS else f" {len(items) - _ITEMS}"
    more = f" and{number} more" if len(items) > _ITEMS else ""
    return f"list of {', '.join(items[:_ITEMS])}{more}"


def _item(view: View, given: Given, node: int, hide: Set[int]) -> tuple[str | None, int | None]:
    """The first item of an RDF list, None where there is none, and the node of the rest."""
    first, rest = view.relations.find(_FIRST), view.relations.find(_REST)
    if first is None or first in hide:
        return None, None
    edges = list(_edges(view, node))
    after = next((tail for relation, tail in edges if relation == rest), None)
    tail = next((tail for relation, tail in edges if relation == first), None)
    if tail is not None:
        return shorten(given(tail) or local_name(view.nodes[tail]), _LONGEST_FACT), after
    text = next((view.literals.texts[row] for relation, row in view.values(node) if relation == first), None)
    return None if text is None else shorten(text, _LONGEST_FACT) or "…", after


def _told(view: View, relation_names: Sequence[str], given: Given, node: int, kind: str, hide: Set[int]) -> str:
    """The items of a list, or what kind of node it is, with two facts; empty where nothing short is told."""
    if items := _list(view, given, node, hide):
        return items
    facts = list(islice(_facts(view, relation_names, given, node, hide), _FACTS))
    return f"{kind or 'node'} ({', '.join(facts)})" if facts else ""


def _facts(view: View, relation_names: Sequence[str], given: Given, node: int, hide: Set[int]) -> Iterator[str]:
    """Short literals, and then the nodes that triples lead to, as far as these have a label of their own."""
    for relation, row in islice(view.values(node), _EDGES):
        text = view.literals.texts[row]
        readable = is_readable(view.language(row), view.languages)
        if relation not in hide and readable and 0 < len(text.strip()) <= _LONGEST_FACT:
            yield f"{relation_names[relation]} {shorten(text, _LONGEST_FACT)}"
    for relation, tail in _edges(view, node):
        if relation not in hide and relation not in view.roles.types and (label := given(tail)) is not None:
            yield f"{relation_names[relation]} {shorten(label, _LONGEST_FACT)}"


def _beside(view: View, relation_names: Sequence[str], given: Given, node: int, hide: Set[int]) -> str:
    """The first relation that leads to the node from one with a label, and that label; empty where there is none."""
    row = view.incoming.row(node)
    first = slice(row.start, min(row.stop, row.start + _EDGES))
    pairs = zip(view.incoming.relations[first].tolist(), view.incoming.neighbours[first].tolist(), strict=True)
    for relation, head in pairs:
        if relation not in hide and (label := given(head)) is not None:
            return f"{relation_names[relation]} of {shorten(label, _LONGEST_FACT)}"
    return ""


def _edges(view: View, node: int) -> Iterator[tuple[int, int]]:
    """Relation and tail of the first triples of a node."""
    row = view.outgoing.row(node)
    first = slice(row.start, min(row.stop, row.start + _EDGES))
    return zip(view.outgoing.relations[first].tolist(), view.outgoing.neighbours[first].tolist(), strict=True)
