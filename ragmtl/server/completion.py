"""Completion: entities whose name, or a word in it, begins with what was typed; the best connected first.

>>> from ragmtl.kg.graph import KnowledgeGraph
>>> graph = KnowledgeGraph.from_triples([("http://x/The_Godfather", "http://x/by", "http://x/Coppola")])
>>> [graph.label(node) for node in Completion.of(graph).find("god")]
['The Godfather']
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from ragmtl.kg.graph import KnowledgeGraph

MOST_ENTRIES, MOST_WORDS, LONGEST = 1_000_000, 6, 80
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """Beginnings of words of names, sorted.

    Attributes:
        starts: Each name, in small letters, from one of its words on.
        nodes: The node of each.
        whole: Whether each is a name from its first word on.
        degrees: How many triples each node of the graph is in.
        complete: Whether every node has its names here; a very large graph has too many.
    """

    starts: list[str]
    nodes: Int64[np.ndarray, " start"]
    whole: Bool[np.ndarray, " start"]
    degrees: Int64[np.ndarray, " node"]
    complete: bool = True

    @classmethod
    def of(cls, graph: KnowledgeGraph, most: int = MOST_ENTRIES) -> Completion:
        """Read the names of a graph."""
        entries: list[tuple[str, int, bool]] = []
        for node in range(len(graph.nodes)):
            if len(entries) >= most:
                break
            entries += [(start, node, at == 0) for name in _names(graph, node) for at, start in _starts(name)]
        entries.sort()
        degrees = sum(np.diff(side.indptr).astype(np.int64) for side in (graph.outgoing, graph.incoming))
        return cls(
            [start for start, _, _ in entries],
            np.array([node for _, node, _ in entries], np.int64),
            np.array([whole for _, _, whole in entries], np.bool_),
            np.asarray(degrees),
            len(entries) < most,
        )

    def find(self, typed: str, most: int = 10) -> list[int]:
        """The nodes for what was typed: those of that very name, names that begin with it, the best connected."""
        wanted = " ".join(typed.lower().split())[:LONGEST]
        if not wanted:
            return []
        first, last = bisect_left(self.starts, wanted), bisect_left(self.starts, wanted + _LAST)
        nodes, whole = self.nodes[first:last], self.whole[first:last]
        exact = np.arange(first, last) < bisect_right(self.starts, wanted)
        order = np.lexsort((nodes, -self.degrees[nodes], ~whole, ~(exact & whole)))
        return list(dict.fromkeys(nodes[order].tolist()))[:most]


def _names(graph: KnowledgeGraph, node: int) -> set[str]:
    if graph.nodes[node].startswith("_:"):
        return set()
    given = graph.labels.given(node)
    return {name.lower()[:LONGEST] for name in (*graph.names(node), given or "") if name}


def _starts(name: str) -> Iterator[tuple[int, str]]:
    words = name.split()
    return ((at, " ".join(words[at:])) for at in range(min(len(words), MOST_WORDS)))
