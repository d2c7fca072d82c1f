"""What fusion reads and what it says: encoded evidence as tokens, and its summary with the weight of each token."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PassageTokens:
    """Encoded passages, padded.

    Attributes:
        vectors: One per passage.
        scores: Of the retriever, in [0, 1].
        mask: Which are there.
    """

    vectors: Float[Tensor, "batch passage dim"]
    scores: Float[Tensor, "batch passage"]
    mask: Bool[Tensor, "batch passage"]


@dataclass(frozen=True, slots=True, eq=False)
class NodeTokens:
    """Encoded nodes of all examples, laid end to end.

    Attributes:
        vectors: One per node.
        scores: Of the retriever, in [0, 1].
        seeds: Which nodes the query started from.
        example: Which example each belongs to, ascending.
        mask: Which are there (training drops some).
    """

    vectors: Float[Tensor, "node dim"]
    scores: Float[Tensor, " node"]
    seeds: Bool[Tensor, " node"]
    example: Int[Tensor, " node"]
    mask: Bool[Tensor, " node"]


@dataclass(frozen=True, slots=True, eq=False)
class Fused:
    """What the evidence says about each query.

    Weights are averaged over heads, and sum to 1 per example over the three fields.

    Attributes:
        vector: Summary of the evidence.
        no_evidence: Weight of ignoring all of it.
        passage_weights: Weight of each passage, padded as in the batch.
        node_weights: Weight of each node, laid end to end as in the batch.
    """

    vector: Float[Tensor, "batch dim"]
    no_evidence: Float[Tensor, " batch"]
    passage_weights: Float[Tensor, "batch passage"]
    node_weights: Float[Tensor, " node"]
