"""How far the graph is trusted with a query: as far as the text speaks of what the graph finds first.

    trust = min(1, Σ weights of the mentions) · text(p) / max text,    p the passage that the graph finds first

text(p) is what the sources that read the text add to the score of a passage: how far it stands out there. A name that
is what the query is about leads to a passage that also shares words and meaning with the query, if not the most; a word
that happens to be a name leads elsewhere. Whatever is further on the walk needs no such agreement: the second hop of a
question is what only the graph can find. Entities and histories that are given are trusted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ragmtl.retrieval.passages.fuse import Candidates
from ragmtl.retrieval.subgraphs.seeds import Seeds


def trust_in(seeds: Seeds, graph: Candidates, text: Mapping[str, Candidates]) -> float:
    """A number in [0, 1].

    Args:
        seeds: Where the walk starts.
        graph: What the graph finds, best first.
        text: What the sources that read the text find; where none of them finds anything, the mentions alone count.
    """
    if seeds.given or seeds.history:
        return 1.0
    named = min(1.0, float(seeds.weights.sum()))
    return named * agreement(graph, text) if len(graph.passages) else named


def agreement(graph: Candidates, text: Mapping[str, Candidates]) -> float:
    """How far the first passage of the graph stands out in the text, beside the one that stands out most; in [0, 1]."""
    given = [(source.passages, source.weight * source.standing_out()) for source in text.values()]
    every = np.concatenate([np.zeros(0, np.int64), *(passages for passages, _ in given)])
    if not len(every):
        return 1.0
    passages, places = np.unique(every, return_inverse=True)
    sums = np.bincount(places, np.concatenate([parts for _, parts in given]), minlength=len(passages))
    spoken = sums[passages == graph.passages[0]].sum()
    return float(spoken / sums.max()) if sums.max() > 0 else 1.0
