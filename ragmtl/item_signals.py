"""What a ranking knows of each item for a query: collaborative signals, and what the graph and the passages say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.assembly import ItemSignals
from ragmtl.compare import EvidenceKind
from ragmtl.kg.walks.similar import adamic_adar
from ragmtl.read import evidence_signals
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.index import Index
from ragmtl.tasks.base import Example
from ragmtl.tasks.link import Links
from ragmtl.tasks.link_signals import LinkSignals
from ragmtl.tasks.recommendation.ease import MOST_ITEMS
from ragmtl.tasks.recommendation.neighbours import Neighbours
from ragmtl.tasks.recommendation.signals import Signals

KNOWLEDGE_SIGNALS = ("alike in the graph", "alike in the graph to the last", "near in the graph", "in the passages")
"""Signals that every ranking has beside the collaborative ones; zero in arms without retrieval."""

SIMILARITY_SCALE, EVIDENCE_SCALE = 10.0, 5.0
SCALED_ON = 256


def item_signals(
    task: str,
    signals: Signals,
    nodes: Int64[np.ndarray, " item"],
    index: Index,
    hide: frozenset[int],
    kind: EvidenceKind,
    links: Links | None = None,
) -> ItemSignals:
    """The collaborative signals of a ranking, and what knowledge says of its items (zeros in arms without).

    Args:
        task: Name of the ranking.
        signals: The collaborative signals.
        nodes: Node of each item; -1 where the graph does not know it.
        index: Where evidence is from.
        hide: Relations that must not be seen.
        kind: Which evidence the arm reads.
        links: The relation that is predicted, where the ranking is of links.
    """
    if links is not None:
        return _link_signals(task, signals, nodes, index, kind, links)
    columns = np.full(len(index.graph.nodes), -1, np.int64)
    columns[nodes[nodes >= 0]] = np.flatnonzero(nodes >= 0)
    shown = np.array([name not in signals.off for name in KNOWLEDGE_SIGNALS], np.float32)
    factors = shown * np.repeat(np.array([SIMILARITY_SCALE, EVIDENCE_SCALE], np.float32), 2)
    knows = kind != "none" and len(nodes) <= MOST_ITEMS and bool(shown[:2].any())
    alike = Neighbours.of(task, "alike in the graph", adamic_adar(index.graph, nodes, hide)) if knows else None

    def compute(
        examples: Sequence[Example], evidence: Sequence[Evidence | None]
    ) -> Float32[np.ndarray, "example item signal"]:
        collaborative = signals.compute(examples)
        found = evidence_signals(evidence, columns, len(nodes), index.corpus.entities_of)
        near = np.zeros_like(found) if alike is None else np.stack(alike.scores(examples), axis=2)
        return np.concatenate([collaborative, np.concatenate([near, found], axis=2) * factors], axis=2)

    return ItemSignals(compute, signals.context, signals.starts, (*signals.names, *KNOWLEDGE_SIGNALS))


def _link_signals(
    task: str,
    signals: Signals,
    nodes: Int64[np.ndarray, " item"],
    index: Index,
    kind: EvidenceKind,
    links: Links,
) -> ItemSignals:
    """The signals of a prediction of links: what the graph says of its items stands for what other rankings have."""
    columns = np.full(len(index.graph.nodes), -1, np.int64)
    columns[nodes[nodes >= 0]] = np.flatnonzero(nodes >= 0)
    every = signals
    if kind != "none":
        relation = links.code >> 1
        told = LinkSignals(task, index.graph, links.code, nodes, links.hidden - {relation})
        train = [links.source.examples[row] for row in links.source.positions("train")[:SCALED_ON].tolist()]
        every = Signals.fit([*signals.parts, told], len(nodes), train)

    def compute(
        examples: Sequence[Example], evidence: Sequence[Evidence | None]
    ) -> Float32[np.ndarray, "example item signal"]:
        near = evidence_signals(evidence, columns, len(nodes), index.corpus.entities_of)
        return np.concatenate([every.compute(examples), near * EVIDENCE_SCALE], axis=2)

    return ItemSignals(compute, every.context, every.starts, (*every.names, *KNOWLEDGE_SIGNALS[2:]))
