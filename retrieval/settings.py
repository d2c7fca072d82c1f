"""How much is retrieved, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from ragmtl.errors import ConfigError

Fusion = Literal["weighted", "reciprocal", "shape", "learned"]
GraphPassages = Literal["walk", "mentions"]
Walk = Literal["pagerank", "k-hop", "paths", "steiner", "learned"]
Hubs = Literal["pass", "stop"]


Linking = Literal["exact", "fuzzy", "full", "tagged"]
_RANGES = (
    *(("min_score", 0, 1), ("decay", 0, 1), ("rerank_weight", 0, 1)),
    *(("damping", 0, 0.999), ("epsilon", 1e-12, 1)),
)


@dataclass(frozen=True, slots=True)
class SourceWeights:
    """How much each source of passages counts when their scores are added; a source of weight 0 is not asked.

    BM25 and vectors read the same text, so that they share the weight of one voice; the graph is the other.

    Attributes:
        bm25, tfidf: Words that query and passage share.
        dense: Nearness of their vectors.
        graph: Nearness, in the graph, of what the passage speaks of.
    """

    bm25: float = 0.5
    tfidf: float = 0.0
    dense: float = 0.5
    graph: float = 1.0

    def __post_init__(self) -> None:
        for name in ("bm25", "tfidf", "dense", "graph"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ConfigError(f"expected a weight of {name} of 0 or more, found {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """How a `Retriever` works.

    Attributes:
        passages: The largest number of passages per query.
        nodes: The largest number of nodes of a subgraph.
        walk: How the subgraph is chosen: the best nodes by personalised PageRank, all within some hops, relation paths
            between the query's entities, a prize-collecting Steiner tree around them, or the triples that a learned
            scorer chose (see `learn_triples`).
        hops: How many hops, for "k-hop"; "paths" are at most twice as long.
        hubs: Whether walks pass through relations that mostly lead to hubs (`kg.walks.hubs`), such as large classes.
        weights: How much each source of passages counts.
        fusion: How their scores become one: "shape", "weighted", "reciprocal" or "learned" (see `fuse`).
        graph_passages: How the graph finds passages: they are nodes of a walk of their own ("walk"), or they score the
            sum of the nodes that they mention ("mentions", as always after "k-hop").
        min_score: Passages with a fused score below this, in [0, 1], are left out.
        targets: The largest number of nodes in `Evidence.targets`.
        candidates: How many passages each source proposes.
        seeds: The largest number of nodes to start from, the heaviest first.
        decay: How much less each older item of the history weighs than the next one.
        damping: Chance to walk on, for "pagerank".
        epsilon: Precision of PageRank: the residual per edge that is left alone.
        triples: The largest number of triples of a subgraph; any where None.
        tokens: The largest number of words in the triples of a subgraph, written as text; any where None.
        linking: How entities are found in the text: names as they are written; misspelt ones too; or, beside both, what
            triples lead to whose relation and one end are named, names of several nodes by what else is named, common
            nodes counting less, and, where the names of the index were encoded, names of the same meaning; or of names
            as they are written and misspelt those that a learned tagger takes for names.
        rerank: A cross-encoder that reads the best passages together with the query: a folder, or the id of a model on
            the Hugging Face hub; none where empty.
        reranked: How many passages it reads for each query.
        rerank_weight: How much its score counts, in [0, 1]; the rest is the fused score.

    Raises:
        ConfigError: A value is out of range.
    """

    passages: int = 5
    nodes: int = 32
    walk: Walk = "pagerank"
    hops: int = 2
    hubs: Hubs = "pass"
    weights: SourceWeights = field(default_factory=SourceWeights)
    fusion: Fusion = "shape"
    graph_passages: GraphPassages = "walk"
    min_score: float = 0.0
    targets: int = 512
    candidates: int = 200
    seeds: int = 64
    decay: float = 0.9
    damping: float = 0.85
    epsilon: float = 2e-5
    triples: int | None = None
    tokens: int | None = None
    linking: Linking = "exact"
    rerank: str = ""
    reranked: int = 50
    rerank_weight: float = 0.5

    def __post_init__(self) -> None:
        self._check_choices()
        for name in ("triples", "tokens"):
            if (limit := getattr(self, name)) is not None and limit < 0:
                raise ConfigError(f"expected {name} of 0 or more, or None, found {limit}")
        for name in ("passages", "nodes", "hops", "targets", "candidates", "seeds", "reranked"):
            if getattr(self, name) < 0:
                raise ConfigError(f"expected {name} of 0 or more, found {getattr(self, name)}")
        for name, low, high in _RANGES:
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"expected {name} between {low} and {high}, found {getattr(self, name)}")

    def _check_choices(self) -> None:
        if self.walk not in get_args(Walk):
            known = ", ".join(f'"{name}"' for name in get_args(Walk))
            raise ConfigError(f"expected a walk of {known}, found {self.walk!r}")
        if self.hubs not in get_args(Hubs):
            raise ConfigError(f'expected hubs "pass" or "stop", found {self.hubs!r}')
        if self.linking not in get_args(Linking):
            known = ", ".join(f'"{name}"' for name in get_args(Linking))
            raise ConfigError(f"expected linking of {known}, found {self.linking!r}")
        for name, choices in (("fusion", get_args(Fusion)), ("graph_passages", get_args(GraphPassages))):
            if getattr(self, name) not in choices:
                raise ConfigError(f"expected {name} to be one of {', '.join(choices)}, found {getattr(self, name)!r}")
