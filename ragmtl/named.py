"""Where a passage names the entities that it is linked to, for the eye: an index keeps the links, not their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Integer

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.prediction import MentionView
from ragmtl.retrieval.linking.names import unqualified

MOST_ENTITIES, MOST_PLACES, SHORTEST = 64, 200, 2


def named_in(text: str, entities: Integer[np.ndarray, " entity"], graph: KnowledgeGraph) -> tuple[MentionView, ...]:
    """The places in a text where some entities are named as a whole word, the longest name first where they overlap.

    Args:
        text: Of a passage.
        entities: Nodes that it is linked to; at most 64 of them are looked for.
        graph: Names them.
    """
    lower = text.lower()
    if len(lower) != len(text):  # a letter whose small form is longer: places would shift
        lower = text
    found = [
        (start, start + len(name), node)
        for node in entities[:MOST_ENTITIES].tolist()
        for name in {unqualified(name).lower() for name in graph.names(node)}
        if len(name) >= SHORTEST
        for start in _places(name, lower)
    ]
    return tuple(
        MentionView(start, end, graph.nodes[node], graph.label(node))
        for start, end, node in _apart(found)[:MOST_PLACES]
    )


def _places(name: str, text: str) -> Iterator[int]:
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start
        start = text.find(name, end)


def _apart(found: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Those that do not overlap, in the order of the text; longer ones go first."""
    kept: list[tuple[int, int, int]] = []
    for start, end, node in sorted(found, key=lambda one: (one[0] - one[1], one)):
        if all(end <= other[0] or other[1] <= start for other in kept):
            kept.append((start, end, node))
    return sorted(kept)
