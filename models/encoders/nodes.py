"""What a node of the graph is to the model: what the graph says of it, what was learned, and why it was retrieved.

node = Linear(text) + learned vector + vector of its type + Linear(numbers) + Linear(score, seed)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ragmtl.models.encoders.facts import NumberReader, TypeTable


@dataclass(frozen=True, slots=True, eq=False)
class Entities:
    """Some entities, as the graph and training know them.

    Attributes:
        text: Vectors of their descriptions.
        learned: Vectors from the `IdTable`.
        types: Type of each, 0 = other.
        numbers: Standardised numbers and dates; NaN for those that it does not have.
    """

    text: Float[Tensor, "*shape text"]
    learned: Float[Tensor, "*shape dim"]
    types: Int[Tensor, "*shape"]
    numbers: Float[Tensor, "*shape number"]


class NodeEncoder(nn.Module):
    """Nodes as vectors.

    Args:
        text_dim: Width of text vectors; 0 where they are not read.
        dim: Width of the result.
        types: Number of types, with "other"; 0 where they are not read.
        numbers: How many relations give a number; 0 where none is read.
    """

    def __init__(self, text_dim: int, dim: int, *, types: int = 0, numbers: int = 0) -> None:
        super().__init__()
        self.text = nn.Linear(text_dim, dim) if text_dim else None
        self.role = nn.Linear(2, dim, bias=False)
        self.types = TypeTable(types, dim) if types else None
        self.numbers = NumberReader(numbers, dim) if numbers else None

    def forward(
        self, entities: Entities, scores: Float[Tensor, " node"], seeds: Bool[Tensor, " node"]
    ) -> Float[Tensor, "node dim"]:
        """Encodes nodes of retrieved subgraphs.

        Args:
            entities: The nodes.
            scores: Of the retriever, in [0, 1].
            seeds: Which nodes the query started from.
        """
        role: Float[Tensor, "node dim"] = self.role(torch.stack([scores, seeds.to(scores.dtype)], 1))
        return self.describe(entities) + role

    def describe(self, entities: Entities) -> Float[Tensor, "*shape dim"]:
        """Encodes entities that were not retrieved, such as the items of a history."""
        described = entities.learned if self.text is None else self.text(entities.text) + entities.learned
        if self.types is not None:
            described = described + self.types(entities.types)
        if self.numbers is not None:
            described = described + self.numbers(entities.numbers)
        return described
