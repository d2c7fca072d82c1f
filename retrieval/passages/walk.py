"""Personalised PageRank over a graph in which passages are nodes too, by forward push, compiled.

A node of the knowledge graph is beside its neighbours, both ways, and beside the passages that speak of it; a passage
is beside what it speaks of. The link to the node that a passage is *about* (its title is a name of it) is walked as
often as four others. So mass runs from an entity of the query to its own passage, to what that passage mentions, and
on to the passages about these. Passages that a query must not see are not there: nothing is walked through them.

Source of the push: Andersen, Chung, Lang, "Local graph partitioning using PageRank vectors", 2006. Passages as nodes:
Gutiérrez et al., "From RAG to memory" (HippoRAG 2), 2025.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int32, Int64

from ragmtl.kg.adjacency import gather
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.terms import frozen
from ragmtl.kg.walks.terrain import shown_relations
from ragmtl.kg.walks.walk import shown_degrees
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.passages.lexical import NOTHING

ABOUT = 4.0
"""How often the link to what a passage is about is walked, compared with any other."""

MOST_EDGES = 25_000
NO_RELATIONS: frozenset[int] = frozenset()
_SETS_OF_HIDDEN = 16

Ranked = tuple[Int64[np.ndarray, " reached"], Float64[np.ndarray, " reached"]]
"""Passages, ascending, and their scores."""


class PassageWalk:
    """Walks over a graph and a corpus that is linked to it.

    Args:
        graph: The knowledge graph.
        corpus: Its passages are nodes of the walk.
    """

    def __init__(self, graph: KnowledgeGraph, corpus: Corpus) -> None:
        out, into = graph.outgoing, graph.incoming
        self._graph, self._corpus = graph, corpus
        self._edges = tuple(
            (frozen(side.indptr), frozen(side.neighbours), frozen(side.relations)) for side in (out, into)
        )
        self._about = _spoken_of(corpus)
        self._links = tuple(
            map(frozen, (corpus.mention_indptr, corpus.mentions, corpus.indptr, corpus.entities, self._about))
        )
        self._widths = lru_cache(_SETS_OF_HIDDEN)(self._count)

    def rank(
        self,
        seeds: Int64[np.ndarray, " seeds"],
        weights: Float64[np.ndarray, " seeds"],
        *,
        damping: float = 0.85,
        epsilon: float = 1e-6,
        most: int = MOST_EDGES,
        hide: frozenset[int] = NO_RELATIONS,
        without: Int64[np.ndarray, " excluded"] = NOTHING,
    ) -> Ranked:
        """How near each passage is to some nodes.

        Args:
            seeds: Nodes to start from, each once.
            weights: How much each counts, above 0; only their proportions matter.
            damping: Chance to walk on, in [0, 1).
            epsilon: Precision: the residual, per edge, that is left alone.
            most: How many edges to walk.
            hide: Ids of relations that must not be walked.
            without: Passages that are treated as if they were not there.

        Returns:
            The passages reached, ascending, and their scores; with those of nodes they sum to 1 at most.
        """
        if not len(seeds):
            return NOTHING, np.zeros(0)
        from ragmtl.retrieval.passages.push import push

        nodes, scores = push(
            self._edges,
            shown_relations(self._graph, hide),
            self._links,
            self._without(self._widths(hide), without),
            (np.asarray(seeds, np.int64), np.asarray(weights, np.float64) / weights.sum()),
            (damping, epsilon, float(most), ABOUT),
        )
        kept = np.flatnonzero((nodes >= len(self._graph.nodes)) & (scores > 0))
        kept = kept[np.argsort(nodes[kept])]
        return nodes[kept] - len(self._graph.nodes), scores[kept]

    def _count(self, hide: frozenset[int]) -> Float64[np.ndarray, " node_or_passage"]:
        """How often each node and each passage is left: its links, those to what a passage is about four times."""
        corpus, about, nodes = self._corpus, self._about, len(self._graph.nodes)
        told = np.bincount(about[about >= 0], minlength=nodes)
        mentioned = np.diff(corpus.mention_indptr) + (ABOUT - 1) * told
        links = np.diff(corpus.indptr) + (ABOUT - 1) * (about >= 0)
        return np.concatenate((shown_degrees(self._graph, hide) + mentioned, links))

    def _without(
        self, widths: Float64[np.ndarray, " node_or_passage"], excluded: Int64[np.ndarray, " excluded"]
    ) -> Float64[np.ndarray, " node_or_passage"]:
        """Widths where some passages are not there; theirs are below 0, which the loops skip."""
        if not len(excluded):
            return widths
        places, owners = gather(self._corpus.indptr, excluded)
        entities = self._corpus.entities[places]
        widths = widths.copy()
        np.subtract.at(widths, entities, np.where(self._about[excluded][owners] == entities, ABOUT, 1.0))
        widths[len(self._graph.nodes) + excluded] = -1.0
        return widths


def _spoken_of(corpus: Corpus) -> Int32[np.ndarray, " passages"]:
    """What passages are about; -1 for those whose links were changed so that they do not speak of it any more."""
    owners = np.repeat(np.arange(len(corpus)), np.diff(corpus.indptr))
    spoken = np.zeros(len(corpus), np.bool_)
    spoken[owners[corpus.about[owners] == corpus.entities]] = True
    return np.where(spoken, corpus.about, -1).astype(np.int32)
