"""Controls: retrieval that is off, at random, or over false knowledge. A gain that stays under them is none.

RandomPassages(retriever, seed=0)      other passages of about the same length; the graph part untouched
shuffle_graph(graph, seed=0)           every relation leads to the wrong nodes, before indexing
shuffle_links(corpus, seed=0)          every passage speaks of the wrong nodes, before indexing
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int64, Integer

from ragmtl.kg.graph import KnowledgeGraph, Literals, Strings
from ragmtl.kg.subgraph import Subgraph
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.evidence import Evidence, NodeScores, ScoredPassage
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.query import Query

OFF = "retrieval is off"
AT_RANDOM = "drawn at random (control)"

_NARROWEST, _WINDOWS = 10, 20


class NoRetrieval:
    """Finds nothing, whatever is asked."""

    def __call__(self, query: Query) -> Evidence:
        """Evidence that is empty and says so."""
        targets = NodeScores(np.zeros(0, np.int64), np.zeros(0, np.float32))
        return Evidence(query, Subgraph.empty(), (), (), (), targets, (OFF,))

    def many(self, queries: Iterable[Query], progress: Progress | None = None) -> list[Evidence]:
        """Empty evidence for each query."""
        evidence = [self(query) for query in queries]
        (progress or no_progress)(len(evidence), len(evidence))
        return evidence


class RandomPassages:
    """A retriever whose passages are exchanged for others: as many, as highly scored, of about the same lengths.

    Which ones depends on the seed and the query only. Groups that the query excludes stay excluded.

    Args:
        retriever: Finds everything else.
        seed: Another seed draws other passages.
    """

    def __init__(self, retriever: Retriever, seed: int) -> None:
        self._retriever = retriever
        self._seed = seed
        corpus = retriever.index.corpus
        lengths = np.diff(corpus.texts.offsets)
        self._by_length = np.lexsort((np.arange(len(corpus)), lengths))
        self._ranks = np.argsort(self._by_length)

    def __call__(self, query: Query) -> Evidence:
        """Evidence for one query."""
        return self._exchanged(self._retriever(query))

    def many(self, queries: Iterable[Query], progress: Progress | None = None) -> list[Evidence]:
        """Evidence for each query."""
        return [self._exchanged(evidence) for evidence in self._retriever.many(queries, progress)]

    def _exchanged(self, evidence: Evidence) -> Evidence:
        generator = np.random.default_rng(_number(self._seed, evidence.query))
        taken = np.zeros(len(self._ranks), np.bool_)
        taken[self._retriever.excluded(evidence.query)] = True
        drawn = []
        for passage in evidence.passages:
            other = self._draw(int(self._ranks[passage.passage]), taken, generator)
            taken[other] = True
            drawn.append(ScoredPassage(other, passage.score, {}, AT_RANDOM))
        return replace(evidence, passages=tuple(drawn))

    def _draw(self, rank: int, taken: Bool[np.ndarray, " passages"], generator: np.random.Generator) -> int:
        """A passage near a place in the order of lengths that is not taken; the retrieved one itself is as good."""
        width = max(_NARROWEST, len(taken) // _WINDOWS)
        while True:
            near = self._by_length[max(rank - width, 0) : rank + width + 1]
            free = near[~taken[near]]
            if len(free):
                return int(generator.choice(free))
            width *= 2


def shuffle_graph(graph: KnowledgeGraph, seed: int) -> KnowledgeGraph:
    """The same graph with knowledge that is false: within each relation the tails are permuted.

    Numbers of triples, relations and degrees stay, repeated triples included. Literals are permuted within their
    relation too. What names a node stays true, be it a literal or a node that stands for one (SKOS-XL, OntoLex).
    """
    generator = np.random.default_rng(seed)
    order = _permuted_within(graph.relation_ids, generator)
    roles = graph.labels.view.roles
    kept = np.flatnonzero(np.isin(graph.relation_ids, [*roles.links, *roles.alternatives] if roles.forms else []))
    order[kept] = kept
    return graph.with_triples(
        graph.heads,
        graph.relation_ids,
        graph.tails[order],
        graph.origin_ids,
        literals=_shuffle_literals(graph, generator),
        merge=False,
    )


def shuffle_links(corpus: Corpus, seed: int) -> Corpus:
    """The same passages with their links permuted: passages and nodes keep how many they have, not which."""
    generator = np.random.default_rng(seed)
    entities = generator.permutation(corpus.entities)
    owners = np.repeat(np.arange(len(corpus)), np.diff(corpus.indptr))
    return corpus.with_links(corpus.indptr, entities[np.lexsort((entities, owners))])


def _shuffle_literals(graph: KnowledgeGraph, generator: np.random.Generator) -> Literals:
    literals = graph.literals
    order = _permuted_within(literals.relation_ids, generator)
    roles = graph.labels.view.roles
    named = [*roles.labels, *roles.alternatives, *roles.forms]
    kept = np.flatnonzero(np.isin(literals.relation_ids, named))
    order[kept] = kept
    texts = list(literals.texts)
    return replace(
        literals,
        texts=Strings.of(texts[row] for row in order.tolist()),
        datatypes=literals.datatypes[order],
        languages=literals.languages[order],
        origin_ids=literals.origin_ids[order],
    )


def _permuted_within(
    groups: Integer[np.ndarray, " rows"], generator: np.random.Generator
) -> Int64[np.ndarray, " rows"]:
    """A permutation of rows that leaves each in its group."""
    order = np.arange(len(groups))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        order[rows] = generator.permutation(rows)
    return order


def _number(seed: int, query: Query) -> int:
    """A number that depends on seed and query only, not on the process."""
    content = (seed, query.text, query.entities, query.history, sorted(query.exclude), sorted(query.hide))
    return int.from_bytes(hashlib.sha256(repr(content).encode("utf-8", "surrogatepass")).digest()[:8], "little")
