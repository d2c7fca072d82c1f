"""From seeds to a subgraph: which nodes and triples of the graph a query is shown, and why each triple.

The nodes that the walk reached and their scores find passages and rank targets, whatever the method; the subgraph is
cut out of them (`pagerank`, `k-hop`), or made of paths between seeds (`paths`), of a tree (`steiner`), or of triples
that a learned scorer chose (`learned`). Every method respects the budgets of nodes, triples and tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.kg.walks.walk import cut, k_hop, pagerank
from ragmtl.retrieval.settings import RetrievalSettings
from ragmtl.retrieval.subgraphs.budget import within_budget
from ragmtl.retrieval.subgraphs.chosen import Learned
from ragmtl.retrieval.subgraphs.connect import connecting_paths
from ragmtl.retrieval.subgraphs.seeds import Seeds
from ragmtl.retrieval.subgraphs.steiner import steiner_tree

_NEAR = 0.2
"""How much PageRank counts beside what a learned scorer says, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """Where a walk led.

    Attributes:
        nodes: Nodes reached, best first.
        scores: How much each counts.
        subgraph: What the query is shown of them.
        why: Why a triple is there, by its id in the graph, where the method has more to say than that it is near.
        certainty: How sure the method is that it leads to what is asked, in [0, 1]; 1 for those that cannot tell.
    """

    nodes: Int64[np.ndarray, " reached"]
    scores: Float32[np.ndarray, " reached"]
    subgraph: Subgraph
    why: Mapping[int, str] = field(default_factory=dict)
    certainty: float = 1.0

    @classmethod
    def nowhere(cls) -> Walked:
        """Of a query without seeds."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.float32), Subgraph.empty())


def expand(
    graph: KnowledgeGraph,
    seeds: Seeds,
    settings: RetrievalSettings,
    hide: frozenset[int],
    learned: Learned | None = None,
) -> Walked:
    """Nodes, scores and subgraph around seeds.

    Args:
        graph: Where to walk.
        seeds: Where to start.
        settings: The method and its budgets.
        hide: Ids of relations that must be neither walked nor shown.
        learned: What the learned scorer found, for "learned"; where it found nothing, PageRank shows what is near.
    """
    if not len(seeds.nodes):
        return Walked.nowhere()
    match settings.walk:
        case "k-hop":
            near = k_hop(graph, seeds.nodes, hops=settings.hops, budget=settings.nodes, hide=hide)
            walked = Walked(near.nodes, near.scores, near)
        case "paths":
            walked = _paths(graph, seeds, settings, hide)
        case "steiner":
            walked = _steiner(graph, seeds, settings, hide)
        case "learned" if learned is not None:
            walked = _learned(graph, seeds, settings, hide, learned)
        case "learned":
            walked = replace(_pagerank(graph, seeds, settings, hide), certainty=0.0)
        case _:
            walked = _pagerank(graph, seeds, settings, hide)
    shown = within_budget(graph, walked.subgraph, settings.nodes, settings.triples, settings.tokens)
    return replace(walked, subgraph=shown)


def walk(graph: KnowledgeGraph, seeds: Seeds, settings: RetrievalSettings, hide: frozenset[int]) -> Walked:
    """Personalised PageRank; the subgraph is left empty."""
    nodes, scores = pagerank(
        graph, seeds.nodes, seeds.weights, damping=settings.damping, epsilon=settings.epsilon, hide=hide
    )
    return Walked(nodes, scores, Subgraph.empty())


def _pagerank(graph: KnowledgeGraph, seeds: Seeds, settings: RetrievalSettings, hide: frozenset[int]) -> Walked:
    walked = walk(graph, seeds, settings, hide)
    nodes, scores = walked.nodes, walked.scores
    shown = _with_room(nodes, seeds.nodes, settings.nodes)
    subgraph = cut(graph, nodes[shown], scores[shown], seeds.nodes[:1], budget=settings.nodes, hide=hide)
    return replace(walked, subgraph=replace(subgraph, seeds=np.isin(subgraph.nodes, seeds.nodes)))


def _paths(graph: KnowledgeGraph, seeds: Seeds, settings: RetrievalSettings, hide: frozenset[int]) -> Walked:
    """Paths between seeds; where there are none (one seed, say), what PageRank shows."""
    found = connecting_paths(graph, seeds, longest=2 * settings.hops, budget=settings.nodes, hide=hide)
    walked = _pagerank(graph, seeds, settings, hide)
    return walked if found is None else replace(walked, subgraph=found.subgraph, why=found.why)


def _steiner(graph: KnowledgeGraph, seeds: Seeds, settings: RetrievalSettings, hide: frozenset[int]) -> Walked:
    walked = walk(graph, seeds, settings, hide)
    found = steiner_tree(graph, seeds, (walked.nodes, walked.scores), budget=settings.nodes, hide=hide)
    return replace(walked, subgraph=found.subgraph, why=found.why)


def _learned(
    graph: KnowledgeGraph, seeds: Seeds, settings: RetrievalSettings, hide: frozenset[int], learned: Learned
) -> Walked:
    """Nodes where routes end and lead over come first, then those that are near."""
    walked = walk(graph, seeds, settings, hide)
    sums = dict(zip(walked.nodes.tolist(), (_NEAR * walked.scores / walked.scores.max()).tolist(), strict=True))
    for node, score in zip(learned.nodes.tolist(), learned.scores.tolist(), strict=True):
        sums[node] = sums.get(node, 0.0) + score
    nodes = np.array(list(sums), np.int64)
    scores = np.array(list(sums.values()), np.float32)
    order = np.lexsort((nodes, -scores))
    return Walked(nodes[order], scores[order], learned.subgraph, learned.why, learned.certainty)


def _with_room(
    nodes: Int64[np.ndarray, " reached"], seeds: Int64[np.ndarray, " seeds"], budget: int
) -> Int64[np.ndarray, " shown"]:
    """Places of the nodes to show: where seeds would fill more than half of the budget, others go before the rest."""
    heavy, is_seed = np.isin(nodes, seeds[: max(budget // 2, 1)]), np.isin(nodes, seeds)
    rank = np.where(heavy, 0, np.where(is_seed, 2, 1))
    return np.sort(np.argsort(rank, kind="stable")[:budget])
