"""How far the graph is trusted with a query: as far as the entities that it names say what it asks.

trust = 1 where entities or a history are given; else the weight of the mentions together, at most 1, times a ramp: 0
where names take up a quarter of the query's words or less (rare words weigh more), 1 from a half on. "Where was the
director of The Circus Cyclone born?" is mostly a name; in a sentence about cells, of which one word is also the title
of something, this word says little.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.linking.tokens import tokenise
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.searched import SearchesWords
from ragmtl.retrieval.subgraphs.seeds import Seeds

_NONE, _FULL = 0.25, 0.5


def trust_in(query: Query, mentions: Sequence[Mention], seeds: Seeds, words: SearchesWords) -> float:
    """A number in [0, 1].

    Args:
        query: What is asked.
        mentions: What its text names.
        seeds: Where the walk starts.
        words: Knows how rare words are.
    """
    if seeds.given or seeds.history:
        return 1.0
    share = named_share(query.text, mentions, words)
    return min(1.0, float(seeds.weights.sum())) * min(1.0, max(0.0, (share - _NONE) / (_FULL - _NONE)))


def named_share(text: str, mentions: Sequence[Mention], words: SearchesWords) -> float:
    """The share of the weight of a text's words that stand in mentions."""
    tokens = tokenise(text)
    rarity = {word: words.rarity(word) for word in set(tokens.words)}
    weights = np.array([rarity[word] for word in tokens.words])
    total = float(weights.sum())
    if not total or not mentions:
        return 0.0
    spans = np.array(sorted({(mention.start, mention.end) for mention in mentions}), np.int64)
    before = np.searchsorted(spans[:, 0], tokens.starts, "right")
    reach = np.concatenate(([-1], np.maximum.accumulate(spans[:, 1])))
    return float(weights[reach[before] >= np.array(tokens.ends)].sum()) / total
