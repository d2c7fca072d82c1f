"""What a `Retriever` searches: an `Index` on disk, or what was fetched from servers for one query."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.name_vectors import NameVectors
from ragmtl.retrieval.passages.fuse import Crowd

Places = Int64[np.ndarray, " _"]
Scores = Float32[np.ndarray, " _"]


@runtime_checkable
class SearchesWords(Protocol):
    """Search by words; a `Lexical` is one."""

    def search_in_crowd(self, text: str, k: int, *, without: Places) -> tuple[Places, Scores, Crowd]:
        """The best passages and their scores, best first, and what the scores of all passages are like."""
        ...

    def rarity(self, word: str) -> float:
        """log(1 + passages / (1 + passages with the word)); 0 for function words."""
        ...


@runtime_checkable
class SearchesVectors(Protocol):
    """Search by meaning; a `Dense` is one."""

    def search_many(
        self, vectors: Float32[np.ndarray, "query dim"], k: int, without: list[Places]
    ) -> list[tuple[Places, Scores]]:
        """The best passages and their cosines, for each query."""
        ...

    def crowd(self, vector: Float32[np.ndarray, " dim"]) -> Crowd:
        """What the cosines of all passages with a query are like."""
        ...


@runtime_checkable
class Searched(Protocol):
    """A graph, passages that are linked to it, and ways to search them."""

    @property
    def graph(self) -> KnowledgeGraph:
        """The knowledge graph."""
        ...

    @property
    def corpus(self) -> Corpus:
        """The passages."""
        ...

    @property
    def count(self) -> int:
        """How many passages there are, also where `corpus` holds only some of them."""
        ...

    @property
    def bm25(self) -> SearchesWords:
        """Search by words."""
        ...

    @property
    def tfidf(self) -> SearchesWords:
        """Search by words, the other way."""
        ...

    @property
    def dense(self) -> SearchesVectors:
        """Search by vectors of the encoder."""
        ...

    @property
    def linker(self) -> Linker:
        """Finds nodes named in a text."""
        ...

    @property
    def encoder(self) -> Encoder:
        """Makes vectors of queries."""
        ...

    @property
    def directory(self) -> Path | None:
        """Where it is kept, and what was learned about it beside; None where it is in memory only."""
        ...

    def names(self) -> NameVectors | None:
        """Vectors of the names of nodes; None where names were not encoded."""
        ...
