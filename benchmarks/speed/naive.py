"""The same retrieval as one would write it first: rank_bm25, networkx, a dictionary of labels, sums of scores."""

from __future__ import annotations

import re

import networkx
import numpy as np
from rank_bm25 import BM25Okapi

from benchmarks.speed.generate import World, X
from ragmtl.retrieval.query import Query

_LONGEST = 3


class Naive:
    """Five passages and 64 nodes for a text, with nothing but well-known libraries."""

    def __init__(self, world: World) -> None:
        self._graph = networkx.Graph(world.edges)
        self._names = {label.lower(): node for node, label in enumerate(world.labels) if node in self._graph}
        self._bm25 = BM25Okapi([_words(f"{passage.title} {passage.text}") for passage in world.passages])
        self._spoken = [[int(iri.removeprefix(f"{X}n")) for iri in p.entities] for p in world.passages]

    def __call__(self, query: Query) -> tuple[list[int], list[int]]:
        """Places of passages, and nodes."""
        words = _words(query.text)
        seeds = {node: 1.0 for name in _stretches(words) if (node := self._names.get(name)) is not None}
        ranks = networkx.pagerank(self._graph, personalization=seeds) if seeds else {}
        lexical = np.asarray(self._bm25.get_scores(words))
        near = np.array([sum(ranks.get(node, 0.0) for node in nodes) for nodes in self._spoken])
        scores = lexical / max(lexical.max(), 1e-12) * 0.5 + near / max(near.max(), 1e-12)
        nodes = sorted(ranks, key=lambda node: -ranks[node])[:64]
        networkx.subgraph(self._graph, nodes).number_of_edges()
        return np.argsort(-scores)[:5].tolist(), nodes


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _stretches(words: list[str]) -> list[str]:
    return [" ".join(words[at : at + n]) for n in range(1, _LONGEST + 1) for at in range(len(words) - n + 1)]
