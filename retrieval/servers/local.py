"""Passages of an index here, asked like those of a server: for a graph that is elsewhere, and to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple
from ragmtl.kg.vocabulary import LABELS
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.files.passages import read_passages
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.linking.titles import MENTIONS
from ragmtl.retrieval.linking.tokens import tokenise
from ragmtl.retrieval.passages.ranking import best
from ragmtl.retrieval.servers.passages import ByEntities, ByVector, ByWords, Counts, Hits, Question, Some

_FOR_A_NAME = 64
"""Passages that are looked at for a name."""


def read_without_graph(path: str | Path) -> tuple[KnowledgeGraph, Corpus]:
    """Read a corpus whose graph is elsewhere; the graph here holds the entities that rows name, and no names.

    Raises:
        DataError: The corpus cannot be read.
    """
    passages, sources = read_passages(path)
    named = dict.fromkeys(iri for passage in passages for iri in passage.entities)
    here = "urn:ragmtl:passages"
    triples: list[Triple] = [(here, LABELS[0], Literal("")), *((here, MENTIONS, iri) for iri in named)]
    graph = KnowledgeGraph.from_triples(triples, source="passages")
    return graph, Corpus.of(passages, graph, link=False, sources=sources)


class IndexPassages:
    """The passages of an index.

    Args:
        index: Its passages are asked for; its graph is not.
    """

    def __init__(self, index: Index) -> None:
        self._index, self._corpus = index, index.corpus
        self.shown = f"the index in {index.directory}"
        self.has_vectors = self.has_groups = True
        self._of_entity: dict[str, list[int]] = {}
        for place, given in enumerate(self._corpus.given):
            for iri in given.split("\n"):
                if iri:
                    self._of_entity.setdefault(iri, []).append(place)

    def ask(self, questions: Sequence[Question]) -> list[Hits]:
        """Answers to several questions."""
        return [self._answer(question) for question in questions]

    def count(self, phrases: Sequence[str]) -> Counts:
        """How many passages there are, and how many hold each phrase (at most 64 for one of several words)."""
        return Counts(len(self._corpus), tuple(map(self._holding, phrases)))

    def _answer(self, question: Question) -> Hits:
        match question:
            case ByWords(text, most, without):
                scores = self._index.bm25.scores(text)
                matches = int((scores > 0).sum())
                scores[self._excluded(without)] = 0.0
                return self._hits(found := best(scores, most), scores[found], matches)
            case ByVector(vector, most, without):
                excluded = self._excluded(without)
                found, cosines = self._index.dense.search(np.array(vector, np.float32), most, without=excluded)
                return self._hits(found, cosines, len(self._corpus))
            case ByEntities(entities, most, without):
                sums = np.zeros(len(self._corpus), np.float32)
                for iri, name, weight in entities:
                    sums[self._of_entity.get(iri) or self._with(name)] += weight
                sums[self._excluded(without)] = 0.0
                return self._hits(found := best(sums, most), sums[found], int((sums > 0).sum()))
            case Some(most):
                found = np.arange(min(most, len(self._corpus)))
                return self._hits(found, np.ones(len(found), np.float32), len(self._corpus))

    def _hits(self, places: Int64[np.ndarray, " _"], scores: Float32[np.ndarray, " _"], matches: int) -> Hits:
        return Hits(tuple(map(self._passage, places.tolist())), tuple(scores.tolist()), matches)

    def _passage(self, place: int) -> Passage:
        found = self._corpus[place]
        entities = tuple(iri for iri in self._corpus.given[place].split("\n") if iri)
        return Passage(found.id, found.text, found.title, entities, found.group)

    def _excluded(self, without: frozenset[str]) -> Int64[np.ndarray, " excluded"]:
        groups = [group for name in without if (group := self._corpus.groups.find(name)) is not None]
        return np.flatnonzero(np.isin(self._corpus.group_ids, groups))

    def _with(self, name: str) -> list[int]:
        """Passages that hold a name, of those in which its words count most."""
        words = tokenise(name).words
        found, _ = self._index.bm25.search(name, _FOR_A_NAME)
        return [place for place in found.tolist() if _holds(tokenise(self._corpus.reading(place)).words, words)]

    def _holding(self, phrase: str) -> int:
        if len(tokenise(phrase).words) == 1:
            return int((self._index.bm25.scores(phrase) > 0).sum())
        return len(self._with(phrase))


def _holds(words: list[str], wanted: list[str]) -> bool:
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))
