"""What every graph layer must obey, whatever is inside it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ragmtl.models.graph.messages import Subgraphs
from ragmtl.models.graph.network import GraphNetwork


def subgraphs(nodes: int, edges: Sequence[Sequence[int]], relations: Sequence[int], dim: int = 8) -> Subgraphs:
    """One subgraph with these triples, all of full weight, and a query of ones."""
    return Subgraphs(
        edges=torch.tensor(edges, dtype=torch.long).view(-1, 2).T,
        relations=torch.tensor(relations, dtype=torch.long),
        weights=torch.ones(len(relations)),
        mask=torch.ones(nodes, dtype=torch.bool),
        types=torch.zeros(nodes, dtype=torch.long),
        example=torch.zeros(nodes, dtype=torch.long),
        query=torch.ones(1, dim),
    )


def run(network: GraphNetwork, nodes: Tensor, edges: Sequence[Sequence[int]], relations: Sequence[int]) -> Tensor:
    """Nodes of one subgraph after all rounds."""
    result: Tensor = network(nodes, subgraphs(len(nodes), edges, relations))
    return result
