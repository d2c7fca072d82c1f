"""Readable sentences: why a node or a passage was retrieved.

"named in the text as 'smoked paprika'", "2 steps from sumac (typical of → Levant, ← typical of za'atar)".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.subgraphs.seeds import Seeds

_SOURCES = {
    "bm25": "shares words with the text",
    "tfidf": "shares words with the text",
    "dense": "is close to the text in meaning",
}


@dataclass(frozen=True, slots=True)
class _Step:
    """How a node was reached: from the node at place `before`, along a relation, forwards or backwards."""

    before: int
    relation: int
    forwards: bool
    distance: int


def reasons(
    graph: KnowledgeGraph,
    subgraph: Subgraph,
    query: Query,
    linked: tuple[Sequence[Mention], Seeds],
    why: Mapping[int, str],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why each node and each triple of a subgraph is there, in their order.

    Args:
        graph: The whole graph.
        subgraph: What was chosen of it.
        query: What was asked.
        linked: What its text names, and where walks started.
        why: What the method says, by the id of the triple in the graph.
    """
    steps = _steps(subgraph)
    return _node_reasons(graph, subgraph, query, linked, steps), _triple_reasons(subgraph, why, steps)


def _node_reasons(
    graph: KnowledgeGraph,
    subgraph: Subgraph,
    query: Query,
    linked: tuple[Sequence[Mention], Seeds],
    steps: Mapping[int, _Step],
) -> tuple[str, ...]:
    mentions, seeds = linked
    named = {m.node: query.text[m.start : m.end] for m in reversed(mentions)}
    labels = [graph.label(node) for node in subgraph.nodes.tolist()]
    found = []
    for place, node in enumerate(subgraph.nodes.tolist()):
        reason = _seed_reason(node, named, seeds) if subgraph.seeds[place] else None
        found.append(reason or _path_reason(graph, labels, steps, place))
    return tuple(found)


def _triple_reasons(subgraph: Subgraph, why: Mapping[int, str], steps: Mapping[int, _Step]) -> tuple[str, ...]:
    leads = {(step.before, place, step.relation): step.distance for place, step in steps.items()}
    found = []
    columns = (subgraph.triples, subgraph.heads, subgraph.relations, subgraph.tails)
    for triple, head, relation, tail in zip(*(column.tolist() for column in columns), strict=True):
        step = leads.get((head, tail, relation)) or leads.get((tail, head, relation))
        near = f"step {step} away from the query's entities" if step else "connects two nodes near the query"
        found.append(why.get(triple, near))
    return tuple(found)


def passage_reason(sources: Mapping[str, float], spoken_of: Sequence[str]) -> str:
    """Why a passage was chosen.

    Args:
        sources: What each source adds to its score, in any order.
        spoken_of: Labels of the entities through which the graph found it, the best first.

    >>> passage_reason({"bm25": 0.2, "graph": 0.7}, ["sumac", "za'atar"])
    "speaks of sumac and za'atar; shares words with the text"
    """
    parts = []
    for source in sorted(sources, key=lambda name: (-sources[name], name)):
        if sources[source] > 0:
            parts.append(f"speaks of {' and '.join(spoken_of[:2])}" if source == "graph" else _SOURCES[source])
    return "; ".join(dict.fromkeys(parts))


def _seed_reason(node: int, named: Mapping[int, str], seeds: Seeds) -> str | None:
    if node in seeds.given:
        return "given with the query"
    if node in seeds.history:
        age = seeds.history.index(node)
        return "the newest item of the history" if age == 0 else f"in the history ({age} before the newest)"
    return f"named in the text as '{named[node]}'" if node in named else None


def _steps(subgraph: Subgraph) -> dict[int, _Step]:
    """The shortest way from a seed to each node, within the subgraph; of several the one over better nodes."""
    neighbours: dict[int, list[tuple[int, int, bool]]] = {}
    columns = zip(subgraph.heads.tolist(), subgraph.relations.tolist(), subgraph.tails.tolist(), strict=True)
    for head, relation, tail in columns:
        neighbours.setdefault(head, []).append((tail, relation, True))
        neighbours.setdefault(tail, []).append((head, relation, False))
    frontier = subgraph.seeds.nonzero()[0].tolist()
    steps: dict[int, _Step] = {}
    seen = set(frontier)
    distance = 0
    while frontier:
        distance += 1
        reached = []
        for before in sorted(frontier):
            for place, relation, forwards in sorted(neighbours.get(before, ())):
                if place not in seen:
                    seen.add(place)
                    steps[place] = _Step(before, relation, forwards, distance)
                    reached.append(place)
        frontier = reached
    return steps


def _path_reason(graph: KnowledgeGraph, labels: Sequence[str], steps: Mapping[int, _Step], place: int) -> str:
    if place not in steps:
        return "near the query's entities in the graph"
    distance = steps[place].distance
    path: list[str] = []
    while place in steps:
        step = steps[place]
        label, relation = labels[place], graph.relation_label(step.relation)
        path.append(f"{relation} → {label}" if step.forwards else f"← {relation} {label}")
        place = step.before
    return f"{distance} step{'s' if distance > 1 else ''} from {labels[place]} ({', '.join(reversed(path))})"
