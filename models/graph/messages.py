"""What graph layers read: subgraphs as one batch, and the messages that their triples send both ways."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Subgraphs:
    """The subgraphs of all examples, laid end to end.

    Attributes:
        edges: Positions of head and tail of each triple among the nodes.
        relations: Relation id of each triple; an unknown one counts as "other".
        weights: How much each triple counts, in [0, 1].
        mask: Nodes that take part; a triple with an end that does not sends nothing.
        types: Type of each node, 0 = other.
        example: Which example each node belongs to, ascending.
        query: What each example asks.
    """

    edges: Int[Tensor, "2 edge"]
    relations: Int[Tensor, " edge"]
    weights: Float[Tensor, " edge"]
    mask: Bool[Tensor, " node"]
    types: Int[Tensor, " node"]
    example: Int[Tensor, " node"]
    query: Float[Tensor, "batch dim"]


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """Directed edges, ordered by receiver.

    Attributes:
        senders, receivers: Positions of nodes.
        relations: Directed relation: `r` along, `relations + 1 + r` against; `relations` stands for any unknown one.
        weights: How much each triple counts, in [0, 1].
        types: Type of each node.
        example: Which example each node belongs to.
        query: What each example asks.
    """

    senders: Int[Tensor, " message"]
    receivers: Int[Tensor, " message"]
    relations: Int[Tensor, " message"]
    weights: Float[Tensor, " message"]
    types: Int[Tensor, " node"]
    example: Int[Tensor, " node"]
    query: Float[Tensor, "batch dim"]


def both_ways(graphs: Subgraphs, relations: int) -> Messages:
    """Two messages per triple, along its relation and against it.

    Args:
        graphs: The subgraphs.
        relations: Number of known relations; ids outside of [0, relations) become the shared "other" relation.
    """
    kept = graphs.mask[graphs.edges].all(0)
    edges, found = graphs.edges[:, kept], graphs.relations[kept]
    along = found.masked_fill((found < 0) | (found >= relations), relations)
    receivers, order = torch.cat([edges[1], edges[0]]).sort(stable=True)
    return Messages(
        senders=torch.cat([edges[0], edges[1]])[order],
        receivers=receivers,
        relations=torch.cat([along, along + relations + 1])[order],
        weights=graphs.weights[kept].repeat(2)[order],
        types=graphs.types,
        example=graphs.example,
        query=graphs.query,
    )
