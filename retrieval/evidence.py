"""Evidence: what was retrieved for one query, with a score and a reason for each piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.subgraph import Subgraph
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.query import Query

AS_WRITTEN = "as written"


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of the query's text that names an entity: `text[start:end]`, linked to `node`.

    Attributes:
        start, end: Where it stands in the text.
        node: The entity.
        weight: How sure that is, and how much it says, in [0, 1].
        how: How it was found: "as written", or what was done besides.
    """

    start: int
    end: int
    node: int
    weight: float
    how: str = AS_WRITTEN


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage that was retrieved.

    Attributes:
        passage: Its position in the corpus.
        score: The fused score, in [0, 1]; the best passage of a query has 1.
        sources: Score by retriever before fusion (`bm25`, `tfidf`, `dense`, `graph`).
        reason: One readable sentence: why it was chosen.
    """

    passage: int
    score: float
    sources: Mapping[str, float]
    reason: str


@dataclass(frozen=True, slots=True)
class LabelledExample:
    """A training example whose labels may be evidence for others.

    Attributes:
        id: Unlike any other.
        text: What it says; may be empty where it has entities.
        labels: What is right for it.
        group: What it stands or falls with; its id where empty.
        entities: IRIs that it is about.
    """

    id: str
    text: str
    labels: tuple[str, ...]
    group: str = ""
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoredExample:
    """A training example that was retrieved, with its labels.

    Attributes:
        example: The example.
        score: How alike it is, in [0, 1]; the best of a query has 1.
        sources: Score by source before fusion (`bm25`, `dense`, `entities`).
        reason: One readable sentence: why it was chosen.
    """

    example: LabelledExample
    score: float
    sources: Mapping[str, float]
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class NodeScores:
    """Sparse scores over the nodes of the graph: those of `targets` that the walk reached.

    Attributes:
        nodes: Node ids, best first.
        scores: Personalised PageRank of each, as computed (not normalised).
    """

    nodes: Int64[np.ndarray, " targets"]
    scores: Float32[np.ndarray, " targets"]


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """What ids of nodes and places of passages in evidence refer to.

    Attributes:
        graph: The graph.
        corpus: The passages.
    """

    graph: KnowledgeGraph
    corpus: Corpus


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Everything that was retrieved for one query.

    Attributes:
        query: What was asked.
        subgraph: The knowledge around it, within the node budget.
        reasons: Why each node of the subgraph is there, in the order of `subgraph.nodes`.
        passages: The texts about it, best first.
        mentions: Entities found in the text of the query.
        targets: How near the query is to each node that a ranking task may answer with, and that
            the walk reached (the subgraph holds only the nearest nodes of any kind).
        neighbours: Training examples like the query, with their labels; never the query's own example or group.
        notes: What the user should know, such as "nothing in the query links to the graph".
        triple_reasons: Why each triple of the subgraph is there, in the order of `subgraph.triples`.
        within: What ids of nodes and places of passages refer to: the graph and the passages of the retriever's index,
            or those that were fetched from servers; None where nothing was retrieved.
        certainty: How sure the walk is that it leads to what is asked, in [0, 1]; 1 for walks that cannot tell.
    """

    query: Query
    subgraph: Subgraph
    reasons: tuple[str, ...]
    passages: tuple[ScoredPassage, ...]
    mentions: tuple[Mention, ...]
    targets: NodeScores
    notes: tuple[str, ...] = ()
    triple_reasons: tuple[str, ...] = ()
    neighbours: tuple[ScoredExample, ...] = ()
    within: Within | None = None
    certainty: float = 1.0

    def _repr_html_(self) -> str:
        """What a notebook shows: passages with their scores and reasons, and the subgraph."""
        from ragmtl.retrieval.notebook import evidence_html

        return evidence_html(self)

    def plot(self) -> Any:  # noqa: ANN401 -- a `matplotlib.figure.Figure`, which is optional
        """The subgraph as a figure of matplotlib (the extra `plot`).

        Raises:
            ConfigError: matplotlib is not installed.
        """
        return self.subgraph.plot()
