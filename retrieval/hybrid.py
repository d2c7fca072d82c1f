"""The retriever: a query in; a subgraph and passages out, each piece with a score and a reason.

    retriever = Retriever(Index.load("runs/index"), RetrievalSettings(passages=5, nodes=32))
    evidence = retriever(Query("a sour red spice", exclude=frozenset({"spices"})))

Text is linked to nodes; a walk from these, from the query's entities and its history gives every node a score. Passages
come from words, vectors and the graph (a walk in which passages are nodes too), and are fused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, Int, Int64

from ragmtl.errors import MismatchError
from ragmtl.kg.adjacency import gather
from ragmtl.kg.walks.hubs import quiet_relations
from ragmtl.retrieval.evidence import Evidence, Mention, NodeScores, ScoredPassage, Within
from ragmtl.retrieval.linking.context import aid_for, mentions_in
from ragmtl.retrieval.passages.dense import Found
from ragmtl.retrieval.passages.fuse import Candidates, Crowd, fuse, parts_of
from ragmtl.retrieval.passages.learned_fusion import LearnedFusion, learned_with
from ragmtl.retrieval.passages.lexical import NOTHING
from ragmtl.retrieval.passages.ranking import best
from ragmtl.retrieval.passages.rerank import ReadsTogether, rerank
from ragmtl.retrieval.passages.walk import PassageWalk
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.query import Query, gist
from ragmtl.retrieval.reasons import passage_reason, reasons
from ragmtl.retrieval.routes.targets import Asked, spans_of
from ragmtl.retrieval.searched import Searched
from ragmtl.retrieval.settings import Fusion, RetrievalSettings, SourceWeights
from ragmtl.retrieval.subgraphs.chosen import Learned
from ragmtl.retrieval.subgraphs.expand import Walked, expand
from ragmtl.retrieval.subgraphs.seeds import Seeds
from ragmtl.retrieval.subgraphs.trust import trust_in

__all__ = ["NOTHING_LINKS", "RetrievalSettings", "Retriever", "Retrieves", "SourceWeights"]

NOTHING_LINKS = "nothing in the query links to the graph; answered from text alone"

_CHUNK = 256
_NONE: Found = (NOTHING, np.zeros(0, np.float32))
_Near = tuple[Int64[np.ndarray, " _"], Float32[np.ndarray, " _"], Crowd]
_NOWHERE: _Near = (*_NONE, Crowd(0.0, 0.0))


@runtime_checkable
class Retrieves(Protocol):
    """What gives evidence for queries: a `Retriever`, or one of the controls."""

    def __call__(self, query: Query) -> Evidence:
        """Evidence for one query."""
        ...

    def many(self, queries: Iterable[Query], progress: Progress | None = None) -> list[Evidence]:
        """Evidence for each query."""
        ...


@runtime_checkable
class ScoresTriples(Protocol):
    """What chooses the triples of the walk "learned", such as a `TripleScorer`."""

    def __call__(self, asked: Asked, hide: frozenset[int], budget: tuple[int, int | None]) -> Learned | None:
        """The best triples for a question, within a budget of nodes and triples; None where there are none."""
        ...


class Retriever:
    """Finds evidence in an index.

    Args:
        index: What is searched: an `Index`, or what was fetched from servers.
        settings: How much is retrieved, and how.
        targets: Nodes whose scores come with the evidence, for ranking tasks; none where None.
        scorer: Chooses triples for the walk "learned"; the one that is kept beside the index where None.
        reranker: Reads the best passages; the one that the settings name where None.
        fusion: Weighs the sources, for the fusion "learned"; the one that is kept beside the index where None.

    Raises:
        MismatchError: The walk or the fusion is "learned", and nothing fitting was learned.
        ConfigError: There is no such reranker.
    """

    def __init__(
        self,
        index: Searched,
        settings: RetrievalSettings | None = None,
        targets: Int[np.ndarray, " targets"] | None = None,
        scorer: ScoresTriples | None = None,
        reranker: ReadsTogether | None = None,
        fusion: LearnedFusion | None = None,
    ) -> None:
        self.index = index
        self.settings = settings or RetrievalSettings()
        self._is_target = np.zeros(len(index.graph.nodes), np.bool_)
        if targets is not None:
            self._is_target[targets] = True
        self._quiet = quiet_relations(index.graph) if self.settings.hubs == "stop" else frozenset[int]()
        self._scorer = scorer
        self._aid = aid_for(index, self.settings.linking)
        if self.settings.walk == "learned" and scorer is None:
            self._scorer = _kept_scorer(index)
        self._fusion = (fusion or _kept_fusion(index, self.settings)) if self.settings.fusion == "learned" else None
        self._reranker = reranker or named_reranker(self.settings.rerank)
        self._fused = self.settings.passages
        if self._reranker is not None and self._fused:
            self._fused = max(self._fused, self.settings.reranked)
        self._passage_walk = PassageWalk(index.graph, index.corpus)
        self._rarity = _rarity(np.diff(index.corpus.mention_indptr), index.count)

    def __call__(self, query: Query) -> Evidence:
        """Evidence for one query."""
        return self.many([query])[0]

    def many(self, queries: Iterable[Query], progress: Progress | None = None) -> list[Evidence]:
        """Evidence for each query; vectors are made for many at once."""
        every = list(queries)
        evidence: list[Evidence] = []
        for start in range(0, len(every), _CHUNK):
            chunk = every[start : start + _CHUNK]
            without = [self.excluded(query) for query in chunk]
            near = self._nearest(chunk, without)
            found = []
            for given in zip(chunk, without, near, strict=True):
                found.append(self._retrieve(*given))
                (progress or no_progress)(start + len(found), len(every))
            evidence += self._reranked(found)
        return evidence

    def _reranked(self, found: list[Evidence]) -> list[Evidence]:
        """Evidence whose passages were read together with the query, where there is a reranker."""
        if self._reranker is None or not self._fused:
            return found
        texts = (gist, self.index.corpus.reading)
        return rerank(found, self._reranker, texts, self.settings.passages, self.settings.rerank_weight)

    def excluded(self, query: Query) -> Int64[np.ndarray, " excluded"]:
        """Passages of the groups that a query must not see."""
        groups = [group for name in query.exclude if (group := self.index.corpus.groups.find(name)) is not None]
        return np.flatnonzero(np.isin(self.index.corpus.group_ids, groups)) if groups else NOTHING

    def candidates(self, queries: Sequence[Query]) -> list[dict[str, Candidates]]:
        """What each source proposes for each query, before fusion: what a fusion is learned from."""
        without = [self.excluded(query) for query in queries]
        near = self._nearest(queries, without)
        found = []
        for query, excluded, meant in zip(queries, without, near, strict=True):
            hide, _ = self._hidden(query)
            mentions = self._mentions(query, hide)
            found.append(self._proposed(query, (mentions, self._seeds(query, mentions)), hide, excluded, meant)[0])
        return found

    def _retrieve(self, query: Query, excluded: Int64[np.ndarray, " excluded"], near: _Near) -> Evidence:
        graph, (hide, unknown) = self.index.graph, self._hidden(query)
        mentions = self._mentions(query, hide)
        linked = (mentions, seeds := self._seeds(query, mentions))
        sources, walked = self._proposed(query, linked, hide, excluded, near)
        sources = sources if self._fusion is None else self._fusion.weigh(sources)
        of_nodes, of_triples = reasons(graph, walked.subgraph, query, linked, walked.why)
        return Evidence(
            query=query,
            subgraph=walked.subgraph,
            reasons=of_nodes,
            passages=self._passages(sources, walked),
            mentions=mentions,
            targets=self._targets(walked),
            notes=_notes(seeds, unknown),
            triple_reasons=of_triples,
            within=Within(graph, self.index.corpus),
            certainty=walked.certainty,
        )

    def _learned(self, query: Query, mentions: Sequence[Mention], seeds: Seeds, hide: frozenset[int]) -> Learned | None:
        """What the learned scorer finds, where it is asked."""
        if self.settings.walk != "learned" or self._scorer is None or not len(seeds.nodes):
            return None
        asked = Asked(query.text, spans_of(seeds, mentions), frozenset(), frozenset())
        return self._scorer(asked, hide, (self.settings.nodes, self.settings.triples))

    def _seeds(self, query: Query, mentions: Sequence[Mention]) -> Seeds:
        return Seeds.of(query, mentions, self.index.graph, most=self.settings.seeds, decay=self.settings.decay)

    def _hidden(self, query: Query) -> tuple[frozenset[int], list[str]]:
        """The relations that must not be seen, and those that there are not."""
        relations = {iri: self.index.graph.relations.find(iri) for iri in sorted(query.hide)}
        unknown = [iri for iri, found in relations.items() if found is None]
        return frozenset(found for found in relations.values() if found is not None), unknown

    def _mentions(self, query: Query, hide: frozenset[int]) -> tuple[Mention, ...]:
        index = self.index
        return mentions_in(query.text, index.graph, index.linker, self.settings.linking, hide, self._aid)

    def _proposed(
        self,
        query: Query,
        linked: tuple[Sequence[Mention], Seeds],
        hidden: frozenset[int],
        excluded: Int64[np.ndarray, " excluded"],
        near: _Near,
    ) -> tuple[dict[str, Candidates], Walked]:
        """What each source proposes, and where the walk led."""
        mentions, seeds = linked
        hide = hidden | self._quiet
        walked = expand(self.index.graph, seeds, self.settings, hide, self._learned(query, mentions, seeds, hidden))
        sources = self._sources(query.text, near, excluded)
        if self.settings.weights.graph > 0 and len(walked.nodes):
            found = self._by_graph(seeds, walked, excluded, hide)
            sources["graph"] = replace(found, trust=trust_in(seeds, found, sources))
        return sources, walked

    def _nearest(self, queries: Sequence[Query], without: list[Int64[np.ndarray, " _"]]) -> list[_Near]:
        """What is near in meaning, for each query; nothing for those without text."""
        found = [_NOWHERE] * len(queries)
        rows = [row for row, query in enumerate(queries) if query.text.strip()]
        if rows and self.settings.weights.dense > 0:
            dense = self.index.dense
            vectors = self.index.encoder.encode([gist(queries[row].text) for row in rows])
            results = dense.search_many(vectors, self.settings.candidates, [without[row] for row in rows])
            for row, vector, result in zip(rows, vectors, results, strict=True):
                found[row] = (*result, dense.crowd(vector))
        return found

    def _sources(self, text: str, near: _Near, excluded: Int64[np.ndarray, " excluded"]) -> dict[str, Candidates]:
        """What each source that reads the text proposes."""
        weights, most, index = self.settings.weights, self.settings.candidates, self.index
        sources = {}
        for name, lexical, weight in (("bm25", index.bm25, weights.bm25), ("tfidf", index.tfidf, weights.tfidf)):
            if weight > 0:
                passages, scores, crowd = lexical.search_in_crowd(text, most, without=excluded)
                sources[name] = Candidates(passages, scores, weight, crowd=crowd)
        if weights.dense > 0:
            sources["dense"] = Candidates(*near[:2], weights.dense, has_floor=True, crowd=near[2])
        return sources

    def _by_graph(
        self,
        seeds: Seeds,
        walked: Walked,
        excluded: Int64[np.ndarray, " excluded"],
        hide: frozenset[int],
    ) -> Candidates:
        """Passages near the seeds, best first."""
        settings = self.settings
        if settings.graph_passages == "walk" and settings.walk != "k-hop":
            passages, near = self._passage_walk.rank(
                seeds.nodes,
                seeds.weights,
                damping=settings.damping,
                epsilon=settings.epsilon,
                hide=hide,
                without=excluded,
            )
        else:
            places, owners = gather(self.index.corpus.mention_indptr, walked.nodes)
            parts = (walked.scores * self._rarity[walked.nodes])[owners]
            passages, rows = np.unique(self.index.corpus.mentions[places], return_inverse=True)
            near = np.bincount(rows, parts, minlength=len(passages))
            near[np.isin(passages, excluded)] = 0.0
        scores = near / max(near.max(initial=0.0), 1e-12)
        found = best(scores, settings.candidates)
        return Candidates(
            passages[found].astype(np.int64),
            scores[found].astype(np.float32),
            settings.weights.graph,
            crowd=Crowd.of(scores, self.index.count),
        )

    def _passages(self, sources: dict[str, Candidates], walked: Walked) -> tuple[ScoredPassage, ...]:
        passages, scores = fuse(sources, self._fused, self.settings.min_score, self.settings.fusion)
        raw, parts = _tables(sources, self.settings.fusion)
        order = np.argsort(walked.nodes)
        chosen = []
        for passage, score in zip(passages.tolist(), scores.tolist(), strict=True):
            found = {name: table[passage] for name, table in raw.items() if passage in table}
            added = {name: parts[name][passage] for name in found}
            labels = self._labels_spoken_of(passage, walked, order) if added.get("graph") else []
            chosen.append(ScoredPassage(passage, score, found, passage_reason(added, labels)))
        return tuple(chosen)

    def _labels_spoken_of(self, passage: int, walked: Walked, order: Int64[np.ndarray, " reached"]) -> list[str]:
        """Labels of the reached nodes of a passage, those that count most first; `order` sorts the nodes reached."""
        nodes = self.index.corpus.entities_of(passage)
        places = order[np.searchsorted(walked.nodes, nodes, sorter=order).clip(max=len(order) - 1)]
        worth = np.where(walked.nodes[places] == nodes, walked.scores[places] * self._rarity[nodes], 0.0)
        return [self.index.graph.label(int(nodes[place])) for place in best(worth, 2)]

    def _targets(self, walked: Walked) -> NodeScores:
        kept = np.flatnonzero(self._is_target[walked.nodes])[: self.settings.targets]
        return NodeScores(walked.nodes[kept], walked.scores[kept])


def _kept_scorer(index: Searched) -> ScoresTriples:
    from ragmtl.retrieval.routes.scorer import TripleScorer, learned_folder

    return TripleScorer.load(learned_folder(_directory(index)), index.graph)


def _directory(index: Searched) -> Path:
    if index.directory is None:
        raise MismatchError("expected an index in a directory, beside which parts are kept, found one in memory")
    return index.directory


def _kept_fusion(index: Searched, settings: RetrievalSettings) -> LearnedFusion:
    return LearnedFusion.load(_directory(index), learned_with(index, settings))


def named_reranker(name: str) -> ReadsTogether | None:
    """The cross-encoder of a name; None for none."""
    from ragmtl.retrieval.encoders.cross_encoder import load_cross_encoder

    return load_cross_encoder(name) if name else None


def _rarity(mentions: Int64[np.ndarray, " nodes"], passages: int) -> Float64[np.ndarray, " nodes"]:
    """log(1 + passages / passages that speak of the node); 0 where none does."""
    return np.where(mentions > 0, np.log1p(passages / np.maximum(mentions, 1)), 0.0)


_Tables = dict[str, dict[int, float]]


def _tables(sources: dict[str, Candidates], fusion: Fusion) -> tuple[_Tables, _Tables]:
    """By source and passage: the score that the source gives, and what it adds to the fused score."""
    added = parts_of(sources, fusion)
    raw: _Tables = {}
    parts: _Tables = {}
    for name, source in sources.items():
        passages = source.passages.tolist()
        raw[name] = dict(zip(passages, source.scores.tolist(), strict=True))
        parts[name] = dict(zip(passages, added[name].tolist(), strict=True))
    return raw, parts


def _notes(seeds: Seeds, unknown_relations: Sequence[str]) -> tuple[str, ...]:
    notes = [] if len(seeds.nodes) else [NOTHING_LINKS]
    if len(seeds.missing) == 1:
        notes.append(f"1 of the given entities is not in the graph: {seeds.missing[0]}")
    elif seeds.missing:
        notes.append(f"{len(seeds.missing)} of the given entities are not in the graph, such as {seeds.missing[0]}")
    notes += [f"the relation to hide is not in the graph: {iri}" for iri in unknown_relations]
    return tuple(notes)
