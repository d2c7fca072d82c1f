"""A made-up world of any size: a graph with hubs, labels of made-up words, and passages that speak of nodes.

Everything is drawn from a generator with a fixed seed; degrees and words follow power laws, as real ones do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.retrieval.corpus import Passage
from ragmtl.retrieval.query import Query

X = "http://speed/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
RELATIONS, WORDS, SYLLABLES = 50, 40_000, 40
PASSAGE_WORDS, QUERY_WORDS = 60, 10
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


@dataclass(frozen=True, slots=True)
class World:
    """Triples with the labels of nodes, passages, and queries."""

    triples: list[tuple[str, str, str | Literal]]
    edges: list[tuple[int, int]]
    labels: list[str]
    passages: list[Passage]
    queries: list[Query]


def generate(triples: int, passages: int, queries: int, seed: int = 0) -> World:
    """Make a world; there is one node for each five triples."""
    rng = np.random.default_rng(seed)
    nodes = max(triples // 5, 50)
    words = _words(rng)
    heads, tails = rng.integers(0, nodes, triples), _power(rng, nodes, triples)
    relations = _power(rng, RELATIONS, triples)
    labels = _labels(rng, words, nodes)
    rows: list[tuple[str, str, str | Literal]] = [
        (f"{X}n{h}", f"{X}r{r}", f"{X}n{t}") for h, r, t in zip(heads, relations, tails, strict=True)
    ]
    known = sorted({*heads.tolist(), *tails.tolist()})
    rows += [(f"{X}n{node}", LABEL, Literal(labels[node], "", "en")) for node in known]
    made = [_passage(rng, place, words, labels, known) for place in range(passages)]
    asked = [_query(rng, words, labels, known) for _ in range(queries)]
    return World(rows, list(zip(heads.tolist(), tails.tolist(), strict=True)), labels, made, asked)


def graph_of(world: World) -> KnowledgeGraph:
    """The integer graph."""
    return KnowledgeGraph.from_triples(world.triples)


def _power(rng: np.random.Generator, most: int, count: int) -> np.ndarray:
    """Numbers below `most`; n is drawn about 1/n as often as 1."""
    return (most ** rng.random(count)).astype(np.int64) % most


def _words(rng: np.random.Generator) -> list[str]:
    syllables = [c + v for c in _CONSONANTS for v in _VOWELS]
    return sorted(
        {"".join(rng.choice(syllables, rng.integers(2, 5))) for _ in range(WORDS)}, key=lambda word: (len(word), word)
    )


def _labels(rng: np.random.Generator, words: list[str], nodes: int) -> list[str]:
    picked = rng.integers(0, len(words), (nodes, 2))
    return [f"{words[a].capitalize()} {words[b].capitalize()}" for a, b in picked.tolist()]


def _text(rng: np.random.Generator, words: list[str], count: int, names: list[str]) -> str:
    chosen = [words[place] for place in _power(rng, len(words), count).tolist()]
    for name in names:
        chosen.insert(int(rng.integers(0, len(chosen))), name)
    return " ".join(chosen)


def _passage(rng: np.random.Generator, place: int, words: list[str], labels: list[str], known: list[int]) -> Passage:
    nodes = [known[at] for at in rng.integers(0, len(known), int(rng.integers(1, 4))).tolist()]
    text = _text(rng, words, PASSAGE_WORDS, [labels[node] for node in nodes])
    return Passage(f"p{place}", text, labels[nodes[0]], tuple(f"{X}n{node}" for node in dict.fromkeys(nodes)))


def _query(rng: np.random.Generator, words: list[str], labels: list[str], known: list[int]) -> Query:
    nodes = [known[at] for at in rng.integers(0, len(known), 2).tolist()]
    return Query(_text(rng, words, QUERY_WORDS, [labels[node] for node in nodes]))
