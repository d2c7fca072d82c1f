"""What fusion reads and what it says: encoded evidence as tokens, and its summary with the weight of each token."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ragmtl.models.layers.sparse import to_dense

SOURCES = 3
"""Kinds of evidence, in this order: passages, nodes, labelled neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class PaddedTokens:
    """Encoded passages, or labelled neighbours, padded.

    Attributes:
        vectors: One per piece.
        scores: Of the retriever, in [0, 1].
        mask: Which are there.
    """

    vectors: Float[Tensor, "batch piece dim"]
    scores: Float[Tensor, "batch piece"]
    mask: Bool[Tensor, "batch piece"]


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

    Weights are averaged over heads, and sum to 1 per example over the four fields.

    Attributes:
        vector: Summary of the evidence.
        no_evidence: Weight of ignoring all of it.
        passage_weights: Weight of each passage, padded as in the batch.
        node_weights: Weight of each node, laid end to end as in the batch.
        neighbour_weights: Weight of each labelled neighbour, padded as in the batch.
    """

    vector: Float[Tensor, "batch dim"]
    no_evidence: Float[Tensor, " batch"]
    passage_weights: Float[Tensor, "batch passage"]
    node_weights: Float[Tensor, " node"]
    neighbour_weights: Float[Tensor, "batch neighbour"]


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """All evidence of a batch, each kind padded.

    Attributes:
        passages, nodes, neighbours: Each kind.
        seeds: Which nodes the query started from, 1 or 0.
        present: Which places of `nodes` stand for a node of the batch, masked or not.
    """

    passages: PaddedTokens
    nodes: PaddedTokens
    neighbours: PaddedTokens
    seeds: Float[Tensor, "batch place"]
    present: Bool[Tensor, "batch place"]

    @classmethod
    def of(cls, passages: PaddedTokens, nodes: NodeTokens, neighbours: PaddedTokens) -> Tokens:
        """Put nodes in places, as the other kinds are."""
        features = torch.stack([nodes.scores, nodes.seeds.to(nodes.scores.dtype), nodes.mask.to(nodes.scores.dtype)], 1)
        rows = torch.cat([nodes.vectors, features], 1)
        dense, present = to_dense(rows, nodes.example, len(passages.mask))
        placed = PaddedTokens(dense[..., :-3], dense[..., -3], present & (dense[..., -1] > 0))
        return cls(passages, placed, neighbours, dense[..., -2], present)

    @property
    def kinds(self) -> tuple[PaddedTokens, PaddedTokens, PaddedTokens]:
        """Passages, nodes, neighbours."""
        return self.passages, self.nodes, self.neighbours

    @property
    def mask(self) -> Bool[Tensor, "batch token"]:
        """Which tokens are there, all kinds side by side."""
        return torch.cat([kind.mask for kind in self.kinds], 1)

    def each(self, values: Float[Tensor, "batch source"]) -> Float[Tensor, "batch token"]:
        """A value per kind, repeated for each of its tokens."""
        columns = zip(torch.split(values, 1, 1), self.kinds, strict=True)
        return torch.cat([column.expand(kind.mask.shape) for column, kind in columns], 1)

    def fused(
        self,
        vector: Float[Tensor, "batch dim"],
        nothing: Float[Tensor, " batch"],
        weights: Float[Tensor, "batch token"],
    ) -> Fused:
        """The result, from the weights of all tokens side by side."""
        counts = [kind.mask.shape[1] for kind in self.kinds]
        of_passages, of_nodes, of_neighbours = torch.split(weights, counts, 1)
        return Fused(vector, nothing, of_passages, of_nodes[self.present], of_neighbours)


def none_of(passages: PaddedTokens) -> PaddedTokens:
    """No tokens, as many examples as these."""
    return PaddedTokens(passages.vectors[:, :0], passages.scores[:, :0], passages.mask[:, :0])
