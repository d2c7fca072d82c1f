"""What a learned scorer should say of a question: the routes from an entity to the answers.

Where triples are given, the routes lie in them. Where there are answers only, every short route from the entity that
reaches one may be right: a route counts as much as what it reaches agrees with the answers (F1), and training finds out
which of them fit the words (weak labels; marginal likelihood over the candidates).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.paths import relation_paths
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.routes.routes import edges_from, flow_of, follow
from ragmtl.retrieval.routes.words import Words, question_words
from ragmtl.retrieval.subgraphs.seeds import Seeds

_MOST_ANSWERS, _MOST_ROUTES, _MOST_PARTIAL, _MOST_EDGES = 4, 24, 5_000, 5_000
MOST_SEEDS = 4
"""From so many entities of a query, the heaviest, routes are searched."""

_EVERY = np.zeros(0, np.uint8)

Route = tuple[int, ...]
"""The codes of a route; none where nothing of the graph is needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What to say of an entity of a question: routes, and how much each counts before words are read, in (0, 1]."""

    words: Words
    routes: tuple[Route, ...]
    priors: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in ids: where each of its entities is named, the answers, the triples."""

    text: str
    seeds: dict[int, tuple[tuple[int, int], ...]]
    answers: frozenset[int]
    triples: frozenset[int]

    def words_from(self, seed: int) -> Words:
        """The question as seen from one of its entities."""
        others = [span for node, spans in self.seeds.items() if node != seed for span in spans]
        return question_words(self.text, self.seeds[seed], others)


def spans_of(seeds: Seeds, mentions: Iterable[Mention]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Where each of the heaviest seeds is named."""
    places: dict[int, list[tuple[int, int]]] = {}
    for mention in mentions:
        places.setdefault(mention.node, []).append((mention.start, mention.end))
    return {node: tuple(places.get(node, ())) for node in seeds.nodes[:MOST_SEEDS].tolist()}


def targets_of(graph: KnowledgeGraph, asked: Asked, longest: int) -> list[Target]:
    """What to say of each entity of a question; empty where no route leads from any of them to the answers."""
    found = []
    for seed in asked.seeds:
        routes = _given(graph, asked, seed, longest) if asked.triples else _possible(graph, asked, seed, longest)
        found.append((asked.words_from(seed), routes))
    if not any(routes for _, routes in found):
        return []
    return [Target(words, tuple(routes) or ((),), tuple(routes.values()) or (1.0,)) for words, routes in found]


def _given(graph: KnowledgeGraph, asked: Asked, seed: int, longest: int) -> dict[Route, float]:
    """The routes over given triples that use most of them and end at an answer, or anywhere where none is given."""
    steps: dict[int, list[tuple[int, int, int]]] = {}
    for triple in sorted(asked.triples):
        head, relation, tail = graph.triple(triple)
        steps.setdefault(head, []).append((2 * relation, tail, triple))
        steps.setdefault(tail, []).append((2 * relation + 1, head, triple))
    used: dict[Route, int] = {}
    partial: list[tuple[Route, int, frozenset[int]]] = [((), seed, frozenset())]
    while partial and len(partial) < _MOST_PARTIAL:
        route, node, triples = partial.pop(0)
        if route and (node in asked.answers or not asked.answers):
            used[route] = max(used.get(route, 0), len(triples))
        if len(route) < longest:
            partial += [((*route, code), end, triples | {triple}) for code, end, triple in steps.get(node, ())]
    most = max(used.values(), default=0)
    best = sorted(route for route in used if used[route] == most)[:_MOST_ROUTES]
    return dict.fromkeys(best, 1.0)


def _possible(graph: KnowledgeGraph, asked: Asked, seed: int, longest: int) -> dict[Route, float]:
    """The routes from an entity that reach an answer: all of them nearby, and the shortest of those further away."""
    found = _nearby(graph, asked, seed, longest)
    if found is None:
        found = {}
        for answer in sorted(asked.answers - {seed})[:_MOST_ANSWERS]:
            paths = relation_paths(graph, seed, answer, count=_MOST_ROUTES, longest=longest, most=_MOST_EDGES).paths
            for path in paths:
                route = tuple(2 * relation + (not forward) for relation, forward in path.relations(graph))
                found[route] = found.get(route) or _agreement(graph, seed, route, asked.answers)
    best = sorted(found, key=lambda route: (-found[route], len(route), route))[:_MOST_ROUTES]
    return {route: found[route] for route in best if found[route] > 0}


def _nearby(graph: KnowledgeGraph, asked: Asked, seed: int, longest: int) -> dict[Route, float] | None:
    """Every route from an entity, and how well what it reaches agrees; None where there are too many to try."""
    found: dict[Route, float] = {}
    reached: dict[Route, set[int]] = {(): {seed}}
    edges = 0
    for _ in range(longest):
        further: dict[Route, set[int]] = {}
        for route, nodes in reached.items():
            step = edges_from(graph, np.array(sorted(nodes), np.int64), _EVERY)
            edges += len(step.ends)
            if edges > _MOST_EDGES:
                return None
            for code, end in zip(step.codes.tolist(), step.ends.tolist(), strict=True):
                further.setdefault((*route, code), set()).add(end)
        found |= {route: _f1(nodes, asked.answers) for route, nodes in further.items()}
        reached = further
    return found


def _agreement(graph: KnowledgeGraph, seed: int, route: Sequence[int], answers: frozenset[int]) -> float:
    """The F1 of what a route reaches."""
    steps = follow(graph, seed, route, _EVERY)
    if len(steps) < len(route):
        return 0.0
    return _f1(set(flow_of(steps, seed).ends.tolist()), answers)


def _f1(found: set[int], answers: frozenset[int]) -> float:
    return 2 * len(found & answers) / max(len(found) + len(answers), 1)
