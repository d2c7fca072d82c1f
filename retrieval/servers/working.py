"""The working set of one query: what was fetched for it, in the shape of an index, so that the same code ranks it.

Scores of words are those of the server, which knows all passages. What scores are like over *all* passages is told by
them and by a sample, as only some passages are here:

    crowd of words    the scores that came; those of other matches lie evenly between 0 and the last that came
    crowd of vectors  cosines of the sample
    commonness        of words and names in the text: counted by the server; of other names: their share of the sample
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log1p
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus, Passage, reading_of
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.name_vectors import NameVectors
from ragmtl.retrieval.linking.tokens import tokenise
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.passages.fuse import Crowd
from ragmtl.retrieval.passages.lexical import NOTHING, terms_of
from ragmtl.retrieval.passages.ranking import in_order
from ragmtl.retrieval.searched import Places, Scores
from ragmtl.retrieval.servers.passages import Counts, Hits, asked_text

_NONE = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ToldWords:
    """Search by words, of which a server has told the result.

    Attributes:
        places, scores: Passages of the working set, best first.
        told: What the scores of all passages are like.
        rarities: log(1 + passages / (1 + passages with the word)), by word.
        count: How many passages there are on the server.
    """

    places: Places = field(default_factory=NOTHING.copy)
    scores: Scores = field(default_factory=_NONE.copy)
    told: Crowd = Crowd(0.0, 0.0)
    rarities: Mapping[str, float] = field(default_factory=dict)
    count: int = 0

    def search_in_crowd(self, text: str, k: int, *, without: Places) -> tuple[Places, Scores, Crowd]:
        """What the server told, whatever the text: a working set is of one query."""
        kept = ~np.isin(self.places, without)
        return self.places[kept][:k], self.scores[kept][:k], self.told

    def rarity(self, word: str) -> float:
        """As `Lexical.rarity`; words that were not counted are in no passage."""
        return self.rarities.get(word, log1p(self.count)) if terms_of(word) else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ToldVectors:
    """Search by meaning among what was fetched, or as a server with vectors has told.

    Attributes:
        vectors: Of the passages of the working set; None where the server has told.
        sample: Vectors of passages as good as drawn at random.
        places, cosines: What the server told.
    """

    vectors: Float32[np.ndarray, "passage dim"] | None
    sample: Float32[np.ndarray, "sample dim"]
    places: Places = field(default_factory=NOTHING.copy)
    cosines: Scores = field(default_factory=_NONE.copy)

    def search_many(
        self, vectors: Float32[np.ndarray, "query dim"], k: int, without: list[Places]
    ) -> list[tuple[Places, Scores]]:
        """The best passages for each query: of one working set there is one."""
        if self.vectors is not None:
            return Dense(self.vectors).search_many(vectors, k, without) if len(self.vectors) else [(NOTHING, _NONE)]
        return [(self.places[kept][:k], self.cosines[kept][:k]) for kept in [~np.isin(self.places, without[0])]]

    def crowd(self, vector: Float32[np.ndarray, " dim"]) -> Crowd:
        """What the cosines of all passages are like."""
        return Crowd.of(self.sample @ vector) if len(self.sample) else Crowd(0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class WorkingSet:
    """What was fetched for one query; see `ragmtl.retrieval.searched.Searched`."""

    graph: KnowledgeGraph
    corpus: Corpus
    count: int
    bm25: ToldWords
    dense: ToldVectors
    linker: Linker
    encoder: Encoder
    tfidf: ToldWords = field(default_factory=ToldWords)
    directory: Path | None = None

    def names(self) -> NameVectors | None:
        """None: names are not encoded for one query."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Fetched:
    """What servers gave for one query.

    Attributes:
        graph: The graph, or as much of it as was fetched.
        linker: Finds its names; weighed for the sample.
        words, near, beside: Passages by words, by vector (None where the server has none), by entities.
        counts: Of the phrases of `asked`.
        asked: Words and names of the text that were counted.
    """

    graph: KnowledgeGraph
    linker: Linker
    words: Hits = Hits()
    near: Hits | None = None
    beside: Hits = Hits()
    counts: Counts | None = None
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Passages as good as drawn at random.

    Attributes:
        texts: What they say.
        vectors: Their vectors; none where vectors do not count.
    """

    texts: tuple[str, ...]
    vectors: Float32[np.ndarray, "sample dim"]


def words_of(text: str) -> dict[str, str]:
    """The words of a text that count, and how each stands there."""
    tokens = tokenise(text)
    return {
        word: text[start:end]
        for word, start, end in zip(tokens.words, tokens.starts, tokens.ends, strict=True)
        if terms_of(word)
    }


def working_set(text: str, fetched: Fetched, sample: Sample, encoder: Encoder, *, dense: bool) -> WorkingSet:
    """Put together what was fetched.

    Args:
        text: Of the query.
        fetched: What servers gave.
        sample: Tells what all passages are like.
        encoder: Encodes passages and queries.
        dense: Whether vectors count.
    """
    passages = {
        one.id: one for hits in (fetched.words, fetched.near or Hits(), fetched.beside) for one in hits.passages
    }
    total = max(fetched.counts.total if fetched.counts else 0, len(passages))
    linker = _counted(text, fetched, total, len(sample.texts))
    corpus = _linked(list(passages.values()), fetched.graph, linker)
    return WorkingSet(
        graph=fetched.graph,
        corpus=corpus,
        count=total,
        bm25=_told_words(text, fetched, corpus, total),
        dense=_told_vectors(fetched, corpus, sample, encoder, dense=dense),
        linker=linker,
        encoder=encoder,
    )


def crowd_of(hits: Hits, count: int) -> Crowd:
    """What scores are like over so many passages, told by the best of them and how many are above 0.

    >>> crowd_of(Hits((), (), 0), 10)
    Crowd(mean=0.0, spread=0.0)
    """
    scores = np.array(hits.scores, np.float64)
    count, rest = max(count, len(scores), 1), max(hits.matches - len(scores), 0)
    low = float(scores.min(initial=np.inf)) if len(scores) else 0.0
    mean = (scores.sum() + rest * low / 2) / count
    square = ((scores**2).sum() + rest * low**2 / 3) / count
    return Crowd(float(mean), float(max(square - mean**2, 0.0) ** 0.5))


def _counted(text: str, fetched: Fetched, total: int, read: int) -> Linker:
    """The linker, with the names that the text may hold weighed for all passages."""
    held = dict(zip(fetched.asked, fetched.counts.held, strict=True)) if fetched.counts else {}
    rows = {row: held[phrase] for row, phrase in fetched.linker.held(asked_text(text)).items() if phrase in held}
    return fetched.linker.recounted(rows, total, read) if total and read else fetched.linker


def _linked(passages: Sequence[Passage], graph: KnowledgeGraph, linker: Linker) -> Corpus:
    """The passages, those that name no entities linked by names in their text."""
    if not passages:
        return Corpus.empty(graph)
    linked = []
    for passage in passages:
        if not passage.entities:
            mentions = linker.link(reading_of(passage.title, passage.text))
            passage = replace(passage, entities=tuple(dict.fromkeys(graph.nodes[one.node] for one in mentions)))
        linked.append(passage)
    return Corpus.of(linked, graph, link=False)


def _told_words(text: str, fetched: Fetched, corpus: Corpus, total: int) -> ToldWords:
    places, scores = _placed(fetched.words, corpus)
    held = dict(zip(fetched.asked, fetched.counts.held, strict=True)) if fetched.counts else {}
    rarities = {
        word: log1p(total / (1 + held[written]))
        for word, written in words_of(asked_text(text)).items()
        if written in held
    }
    return ToldWords(places, scores, crowd_of(fetched.words, total), rarities, total)


def _told_vectors(fetched: Fetched, corpus: Corpus, sample: Sample, encoder: Encoder, *, dense: bool) -> ToldVectors:
    if not dense:
        return ToldVectors(None, sample.vectors)
    if fetched.near is not None:
        return ToldVectors(None, sample.vectors, *_placed(fetched.near, corpus))
    vectors = encoder.encode(corpus.readings()) if len(corpus) else np.zeros((0, encoder.dim), np.float32)
    return ToldVectors(vectors, sample.vectors)


def _placed(hits: Hits, corpus: Corpus) -> tuple[Places, Scores]:
    """Places in a corpus, best first, and scores."""
    found = [corpus.place(passage.id) for passage in hits.passages]
    places = np.array([place for place in found if place is not None], np.int64)
    scores = np.array([score for place, score in zip(found, hits.scores, strict=True) if place is not None], np.float32)
    order = in_order(places, scores)
    return places[order], scores[order]
