"""What follows from the schema of a graph, stated, so that nobody who reads the graph needs a reasoner.

    graph = infer(graph, ("subclass", "inverse"))

All on arrays, and to the end: until nothing new follows. Relations are followed to all that they imply, forwards or
backwards, in a graph with two nodes (p, +) and (p, -) for each relation p, so that cycles end; transitive relations and
classes by their closure (`kg.changes.closure`). Inferred statements have an origin of their own: "inferred: subclass".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from jaxtyping import Int64

from ragmtl.errors import DataError
from ragmtl.kg.changes.closure import closure, compose
from ragmtl.kg.changes.same import merge_same
from ragmtl.kg.changes.statements import Statements
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import nearest_name
from ragmtl.kg.origins import INFERRED, Origin
from ragmtl.kg.terms import BLANK
from ragmtl.kg.vocabulary import OWL, RDFS, TYPE, WIKIDATA

Rule = Literal["subclass", "subproperty", "inverse", "symmetric", "transitive", "same_as"]
RULES: tuple[str, ...] = get_args(Rule)
MOST = 50_000_000
"""Statements that may be inferred; more would not be a schema but a mistake in one."""

Edges = tuple[Int64[np.ndarray, " edges"], Int64[np.ndarray, " edges"]]
_SUBCLASS = ((TYPE, RDFS + "subClassOf"), (WIKIDATA + "P31", WIKIDATA + "P279"))
_SAY_NOTHING = (OWL + "Thing", RDFS + "Resource")


def infer(graph: KnowledgeGraph, rules: Iterable[str], *, most: int = MOST) -> KnowledgeGraph:
    """The graph with what follows from its schema.

    Args:
        graph: What is stated, the schema included.
        rules: "subclass" (rdfs:subClassOf, owl:equivalentClass, Wikidata's P279; of owl:Thing nothing is said),
            "subproperty" (rdfs:subPropertyOf, owl:equivalentProperty), "inverse" (owl:inverseOf), "symmetric"
            (owl:SymmetricProperty), "transitive" (owl:TransitiveProperty), and "same_as" (owl:sameAs: entities become
            one; see `ragmtl.kg.changes.same`). A node is never put in relation to itself.
        most: How many statements may be inferred.

    Raises:
        DataError: A rule is not known (the nearest is named), or more than `most` statements would be inferred.
    """
    chosen = [rule for rule in RULES if rule in _checked(tuple(rules))]
    merged = 0
    if "same_as" in chosen:
        graph, merged = merge_same(graph)
    work = _Work(graph, frozenset(chosen), most)
    work.run()
    counts = tuple((rule, merged if rule == "same_as" else work.count(rule)) for rule in chosen)
    result = work.built(graph) if any(count for rule, count in counts if rule != "same_as") else graph
    return replace(result, report=replace(result.report, inferred=counts))


def _checked(rules: tuple[str, ...]) -> tuple[str, ...]:
    for rule in rules:
        if rule not in RULES:
            near = nearest_name(rule, RULES)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(RULES)}"
            raise DataError(f"expected rules of inference, found {rule!r}; {hint}")
    return rules


class _Work:
    """Statements while more are inferred: columns of ids, the new ones after those that were there."""

    def __init__(self, graph: KnowledgeGraph, rules: frozenset[str], most: int) -> None:
        self.graph, self.rules, self.most = graph, rules, most
        self.relations = {iri: at for at, iri in enumerate(graph.relations)}
        columns = (graph.heads, graph.relation_ids, graph.tails)
        self.triples = tuple(column.astype(np.int64) for column in columns)
        literals = graph.literals
        texts = {text: at for at, text in enumerate(dict.fromkeys(literals.texts))} if "subproperty" in rules else {}
        ids = np.fromiter((texts.get(text, 0) for text in literals.texts), np.int64, len(literals)) if texts else None
        parts = (literals.nodes, literals.relation_ids, ids, literals.datatypes, literals.languages)
        self.values = tuple(part.astype(np.int64) for part in parts if part is not None) if texts else ()
        self.sources = np.arange(len(literals))
        self.triple_rules = np.full(len(graph), -1)
        self.value_rules = np.full(len(literals), -1)

    def run(self) -> None:
        """Infer until nothing new follows."""
        new = True
        while new:
            new = self._implied()
            if "transitive" in self.rules:
                new |= self._transitive(self._heads(TYPE, OWL + "TransitiveProperty"), "transitive")
            if "subproperty" in self.rules:
                new |= self._transitive([RDFS + "subPropertyOf"], "subproperty")
            if "subclass" in self.rules:
                new |= self._classes()

    def count(self, rule: str) -> int:
        """How many statements a rule added."""
        number = RULES.index(rule)
        return int((self.triple_rules == number).sum() + (self.value_rules == number).sum())

    def built(self, graph: KnowledgeGraph) -> KnowledgeGraph:
        """The graph with all that was inferred."""
        stated = Statements.of(graph)
        origins = tuple(Origin(INFERRED + rule) for rule in RULES)
        first = len(stated.origins)
        new, more = np.flatnonzero(self.triple_rules >= 0), np.flatnonzero(self.value_rules >= 0)
        triples = (*(column[new] for column in self.triples), self.triple_rules[new] + first)
        rows = self.sources[more]
        literals = graph.literals
        values = (
            (
                *(self.values[at][more] for at in (0, 1)),
                rows,
                *(column[rows].astype(np.int64) for column in (literals.datatypes, literals.languages)),
                self.value_rules[more] + first,
            )
            if len(more)
            else ()
        )
        longer = replace(
            stated,
            relations=tuple(self.relations),
            origins=(*stated.origins, *origins),
            triples=_joined(stated.triples, triples),
            values=_joined(stated.values, values) if values else stated.values,
        )
        return longer.build(graph)

    def _implied(self) -> bool:
        """Follow sub-properties, inverses and symmetric relations."""
        if not self.rules & {"subproperty", "inverse", "symmetric"}:
            return False
        steps = self._steps()
        links, new = self.triples[1], False
        order = np.argsort(links, kind="stable")
        starts = np.searchsorted(links[order], np.arange(len(self.relations) + 1))
        found: dict[str, list[tuple[np.ndarray, ...]]] = {}
        for iri in sorted(steps):
            at = self.relations.get(iri)
            rows = order[starts[at] : starts[at + 1]] if at is not None and at < len(starts) - 1 else order[:0]
            for other, forwards, rule in _reached(iri, steps):
                if forwards:
                    new |= self._values(iri, other, rule)
                if len(rows):
                    ends = (self.triples[0][rows], self.triples[2][rows])
                    heads, tails = ends if forwards else ends[::-1]
                    found.setdefault(rule, []).append((heads, np.full(len(rows), self._relation(other)), tails))
        for rule, parts in found.items():
            new |= self._add(tuple(np.concatenate(column) for column in zip(*parts, strict=True)), rule)
        return new

    def _steps(self) -> dict[str, list[tuple[str, bool, str]]]:
        """What each relation implies at once: the relation, whether it leads the same way, and the rule."""
        steps: dict[str, list[tuple[str, bool, str]]] = {}
        for rule, link, both, forwards in (
            ("subproperty", RDFS + "subPropertyOf", False, True),
            ("subproperty", OWL + "equivalentProperty", True, True),
            ("inverse", OWL + "inverseOf", True, False),
        ):
            for one, other in self._pairs(link) if rule in self.rules else ():
                steps.setdefault(one, []).append((other, forwards, rule))
                if both:
                    steps.setdefault(other, []).append((one, forwards, rule))
        if "symmetric" in self.rules:
            for iri in self._heads(TYPE, OWL + "SymmetricProperty"):
                steps.setdefault(iri, []).append((iri, False, "symmetric"))
        return steps

    def _pairs(self, relation: str) -> Iterator[tuple[str, str]]:
        """Head and tail of each triple of a relation between relations; blank nodes cannot be relations."""
        rows = self.triples[1] == self.relations.get(relation, -1)
        for head, tail in zip(self.triples[0][rows].tolist(), self.triples[2][rows].tolist(), strict=True):
            one, other = self.graph.nodes[head], self.graph.nodes[tail]
            if not one.startswith(BLANK) and not other.startswith(BLANK):
                yield one, other

    def _heads(self, relation: str, tail: str) -> list[str]:
        """The IRIs that a relation puts before a node."""
        node = self.graph.nodes.find(tail)
        rows = (self.triples[1] == self.relations.get(relation, -1)) & (
            self.triples[2] == (-1 if node is None else node)
        )
        return [self.graph.nodes[head] for head in self.triples[0][rows].tolist()]

    def _transitive(self, relations: Sequence[str], rule: str) -> bool:
        new = False
        for iri in sorted(relations):
            if (at := self.relations.get(iri)) is not None:
                heads, tails = closure(*self._edges(at), self.most)
                new |= self._add((heads, np.full(len(heads), at), tails), rule)
        return new

    def _classes(self) -> bool:
        """Every class is below all that its classes are below, and what is of a class is of those too."""
        new = False
        for kind, below in _SUBCLASS:
            same = self._edges(self.relations.get(OWL + "equivalentClass", -1)) if kind == TYPE else _NO_EDGES
            edges = self._edges(self.relations.get(below, -1))
            ways = (np.concatenate((edges[0], *same)), np.concatenate((edges[1], *same[::-1])))
            heads, tails = closure(*ways, self.most)
            telling = ~np.isin(tails, self.graph.nodes.find_all(_SAY_NOTHING))
            heads, tails = heads[telling], tails[telling]
            if len(heads):
                new |= self._add((heads, np.full(len(heads), self._relation(below)), tails), "subclass")
                nodes, classes = compose(*self._edges(self.relations.get(kind, -1)), heads, tails, self.most)
                new |= self._add((nodes, np.full(len(nodes), self._relation(kind)), classes), "subclass")
        return new

    def _edges(self, relation: int) -> Edges:
        rows = self.triples[1] == relation
        return self.triples[0][rows], self.triples[2][rows]

    def _relation(self, iri: str) -> int:
        return self.relations.setdefault(iri, len(self.relations))

    def _add(self, triples: tuple[np.ndarray, ...], rule: str) -> bool:
        """Add triples that are not there yet, but none from a node to itself."""
        apart = triples[0] != triples[2]
        fresh = _fresh(self.triples, tuple(column[apart] for column in triples))
        self._check(len(fresh[0]))
        self.triples = _joined(self.triples, fresh)
        self.triple_rules = np.concatenate((self.triple_rules, np.full(len(fresh[0]), RULES.index(rule))))
        return len(fresh[0]) > 0

    def _values(self, iri: str, other: str, rule: str) -> bool:
        """Add the literals of one relation to another."""
        if not self.values:
            return False
        rows = np.flatnonzero(self.values[1] == self.relations.get(iri, -1))
        if not len(rows):
            return False
        columns = tuple(column[rows] for column in self.values)
        columns = (columns[0], np.full(len(rows), self._relation(other)), *columns[2:], self.sources[rows])
        *fresh, sources = _fresh((*self.values, self.sources), columns, keys=5)
        self._check(len(sources))
        self.values, self.sources = _joined(self.values, tuple(fresh)), np.concatenate((self.sources, sources))
        self.value_rules = np.concatenate((self.value_rules, np.full(len(sources), RULES.index(rule))))
        return len(sources) > 0

    def _check(self, more: int) -> None:
        count = int((self.triple_rules >= 0).sum() + (self.value_rules >= 0).sum()) + more
        if count > self.most:
            raise DataError(f"expected at most {self.most:,} statements to follow, found {count:,}; infer less")


_NO_EDGES: Edges = (np.zeros(0, np.int64), np.zeros(0, np.int64))


def _reached(iri: str, steps: Mapping[str, list[tuple[str, bool, str]]]) -> list[tuple[str, bool, str]]:
    """All that a relation implies: the relation, whether it leads the same way, and the rule that says so first."""
    found: dict[tuple[str, bool], str] = {(iri, True): ""}
    queue = [(iri, True)]
    for at, forwards in queue:
        for other, same_way, rule in sorted(steps.get(at, ())):
            key = (other, forwards == same_way)
            if key not in found:
                said = found[at, forwards]
                found[key] = "inverse" if "inverse" in (said, rule) else said or rule
                queue.append(key)
    return [(other, forwards, rule) for (other, forwards), rule in found.items() if rule]


def _fresh(known: tuple[np.ndarray, ...], new: tuple[np.ndarray, ...], keys: int = 3) -> tuple[np.ndarray, ...]:
    """The new rows that are not known, each once; rows are equal where their first columns are."""
    columns = _joined(known, new)
    order = np.lexsort(columns[:keys][::-1])  # stable: what is known goes before what is equal to it
    first = np.ones(len(order), np.bool_)
    if len(order) > 1:
        first[1:] = False
        for column in columns[:keys]:
            first[1:] |= column[order][1:] != column[order][:-1]
    kept = np.sort(order[first])
    kept = kept[kept >= len(known[0])]
    return tuple(column[kept] for column in columns)


def _joined(columns: tuple[np.ndarray, ...], more: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(np.concatenate(pair) for pair in zip(columns, more, strict=True))
