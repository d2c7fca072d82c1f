"""Evidence with pieces taken out, or put in, as if it had been retrieved so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from jaxtyping import Bool

from ragmtl.kg.subgraph import Subgraph
from ragmtl.retrieval.evidence import Evidence, NodeScores, ScoredPassage

Item = TypeVar("Item")


def only(evidence: Evidence, passages: Bool[np.ndarray, " passage"], nodes: Bool[np.ndarray, " node"]) -> Evidence:
    """Evidence with some of its pieces; triples go with either of their nodes.

    Args:
        evidence: What was retrieved.
        passages: Which of its passages stay.
        nodes: Which nodes of its subgraph stay.
    """
    old = evidence.subgraph
    triples = nodes[old.heads] & nodes[old.tails]
    position = np.cumsum(nodes) - 1
    gone = old.nodes[~nodes]
    near = ~np.isin(evidence.targets.nodes, gone)
    return replace(
        evidence,
        subgraph=Subgraph(
            nodes=old.nodes[nodes],
            scores=old.scores[nodes],
            seeds=old.seeds[nodes],
            triples=old.triples[triples],
            heads=position[old.heads[triples]],
            tails=position[old.tails[triples]],
            relations=old.relations[triples],
            weights=old.weights[triples],
            graph=old.graph,
        ),
        reasons=_kept(evidence.reasons, nodes),
        passages=_kept(evidence.passages, passages),
        targets=NodeScores(evidence.targets.nodes[near], evidence.targets.scores[near]),
        triple_reasons=_kept(evidence.triple_reasons, triples) if evidence.triple_reasons else (),
    )


def _kept(items: Sequence[Item], chosen: Bool[np.ndarray, " item"]) -> tuple[Item, ...]:
    return tuple(item for item, keep in zip(items, chosen.tolist(), strict=True) if keep)


def with_planted(evidence: Evidence, passages: Sequence[int]) -> Evidence:
    """Evidence with more passages, scored like the middle one of its own: the scores do not give them away.

    Args:
        evidence: What was retrieved, with at least one passage.
        passages: Positions in the corpus.
    """
    score = float(np.median([found.score for found in evidence.passages]))
    planted = tuple(ScoredPassage(passage, score, {}, "planted") for passage in passages)
    return replace(evidence, passages=evidence.passages + planted)
