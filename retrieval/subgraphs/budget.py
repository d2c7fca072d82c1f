"""What of a subgraph fits: a budget of nodes, of triples, and of tokens, the words of its triples as text.

Triples are taken in the order of their weight; one is passed over where an end does not fit any more.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.retrieval.linking.tokens import tokenise
from ragmtl.retrieval.subgraphs.chosen import part_of


def within_budget(
    graph: KnowledgeGraph, subgraph: Subgraph, nodes: int, triples: int | None = None, tokens: int | None = None
) -> Subgraph:
    """The best part of a subgraph that fits; the subgraph itself where all of it does.

    Args:
        graph: Where it is cut from; its labels are the text.
        subgraph: What was found.
        nodes: The largest number of nodes. Seeds, then nodes of the best triples are kept.
        triples: The largest number of triples; any where None.
        tokens: The largest number of words in all triples, each written "head relation tail"; any where None.
    """
    order = np.argsort(-subgraph.weights, kind="stable")
    if len(subgraph.nodes) <= nodes and (triples is None or len(order) <= triples) and tokens is None:
        return subgraph
    limit = len(order) if triples is None else triples
    kept, used = _taken(subgraph, _affordable(graph, subgraph, order, tokens), nodes, limit)
    if len(kept) == len(order) and len(subgraph.nodes) <= nodes:
        return subgraph
    shown = used if triples is not None or tokens is not None else used | _room(subgraph, used, nodes)
    return part_of(subgraph, np.array(sorted(shown), np.int64), np.sort(kept))


def token_count(graph: KnowledgeGraph, triple: int) -> int:
    """How many words a triple has, written "head relation tail"."""
    head, relation, tail = graph.triple(triple)
    return _words(graph.label(head)) + _words(graph.relation_label(relation)) + _words(graph.label(tail))


def _affordable(
    graph: KnowledgeGraph, subgraph: Subgraph, order: Int64[np.ndarray, " triples"], tokens: int | None
) -> list[int]:
    """Places of triples, best first, as long as their words fit."""
    places: list[int] = order.tolist()
    if tokens is None:
        return places
    kept, left = [], tokens
    for place in places:
        cost = token_count(graph, int(subgraph.triples[place]))
        if cost <= left:
            kept.append(place)
            left -= cost
    return kept


def _taken(
    subgraph: Subgraph, places: list[int], nodes: int, triples: int
) -> tuple[Int64[np.ndarray, " kept"], set[int]]:
    """The triples that are taken, and the nodes that they and the seeds need."""
    used = set(np.flatnonzero(subgraph.seeds)[: max(nodes, 0)].tolist())
    kept: list[int] = []
    for place in places:
        if len(kept) >= triples:
            break
        ends = {int(subgraph.heads[place]), int(subgraph.tails[place])}
        if len(used | ends) <= nodes:
            used |= ends
            kept.append(place)
    return np.array(kept, np.int64), used


def _room(subgraph: Subgraph, used: set[int], nodes: int) -> set[int]:
    """The best other nodes that still fit."""
    others = [place for place in range(len(subgraph.nodes)) if place not in used]
    return set(others[: max(nodes - len(used), 0)])


@lru_cache(maxsize=2**16)
def _words(label: str) -> int:
    return len(tokenise(label).words)
