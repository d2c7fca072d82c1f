"""The head of a ranking: logits of all items, from the vector of an example and from signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ragmtl.errors import MismatchError
from ragmtl.models.heads.given import QUERY_CONTEXT, HeadInput

DOT_SCALE = 0.02
"""Factor on ⟨query, item⟩, and so on how fast it is learned."""


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The items of a ranking.

    Attributes:
        vectors: Text vector of each item.
        seen: Which items training has as an answer; the others get no vector of their own.
        neighbours: Mean of the text vectors of each item's neighbours in the graph, zero where it has none; `None` in
            arms without retrieval.
    """

    vectors: Float[Tensor, "item text"]
    seen: Bool[Tensor, " item"]
    neighbours: Float[Tensor, "item text"] | None = None


class RankingHead(nn.Module):
    """Logits of all items: .02 · ⟨query, item⟩ + Σ gate(query)·signal.

    An item is its text, the text of its neighbours in the graph, and a vector of its own, which starts at zero and is
    kept from unseen items. Items have no bias, and queries are centred: how popular an item was
    in training is old when the model is used, and signals know how popular it is now. The text of items stays as it
    is: the query is mapped into the space of the text vectors, which is one product of [batch × text] and
    [text × item].

    At first only the signals speak: ⟨query, item⟩ starts at zero and reads a query of which training drops much, since
    with thousands of items it learns by heart what it saw long before it learns to rank.

    Args:
        dim: Width of the shared vector.
        items: The items.
        signals: The value that the gate of each signal starts with; one per signal of the task.
        context: How many numbers of context the gates read.
        item_dropout: How often, in training, an item's own vector is dropped.
        query_dropout: How much of the query training drops before it is compared with items.
    """

    text: Tensor
    neighbours: Tensor | None
    seen: Tensor

    def __init__(
        self,
        dim: int,
        items: Items,
        signals: Sequence[float] = (),
        context: int = QUERY_CONTEXT,
        item_dropout: float = 0.5,
        query_dropout: float = 0.8,
    ) -> None:
        super().__init__()
        self.text_query = _from_zero(dim, items.vectors.shape[1])
        self.item_query = nn.Linear(dim, dim, bias=False)
        self.item_vectors = nn.Parameter(torch.zeros(len(items.vectors), dim))
        self.dropout = nn.Dropout(item_dropout)
        self.query = nn.Sequential(Centred(dim), nn.Dropout(query_dropout))
        self.gate = Gate(signals, context) if signals else None
        self.register_buffer("text", items.vectors.float())
        self.register_buffer("seen", items.seen)
        self.register_buffer("neighbours", None if items.neighbours is None else items.neighbours.float())
        self.neighbour_query = None if items.neighbours is None else _from_zero(dim, items.neighbours.shape[1])

    def forward(self, given: HeadInput) -> Float[Tensor, "batch item"]:
        """Logits of all items.

        Raises:
            MismatchError: The signals are not as many as the gates.
        """
        own: Float[Tensor, "item dim"] = (
            self.dropout(self.seen.to(self.item_vectors.dtype)).unsqueeze(1) * self.item_vectors
        )
        query = self.query(given.shared)
        logits = self.text_query(query) @ self.text.T + self.item_query(query) @ own.T
        if self.neighbour_query is not None and self.neighbours is not None:
            logits = logits + self.neighbour_query(query) @ self.neighbours.T
        total: Float[Tensor, "batch item"] = self._centred(logits) * DOT_SCALE + self._signals(given)
        return total

    def item_matrix(self) -> Float[Tensor, "item dim"]:
        """One vector for each item, as wide as a query: ⟨query, vector⟩ is what is said before signals, not centred."""
        own = self.seen.to(self.item_vectors.dtype).unsqueeze(1) * self.item_vectors
        found: Float[Tensor, "item dim"] = self.text @ self.text_query.weight + own @ self.item_query.weight
        if self.neighbour_query is not None and self.neighbours is not None:
            found = found + self.neighbours @ self.neighbour_query.weight
        return found * DOT_SCALE

    def _centred(self, logits: Float[Tensor, "batch item"]) -> Float[Tensor, "batch item"]:
        """Logits with a mean of zero over seen items, and likewise over unseen ones: training never hears of these."""
        seen = self.seen.to(logits.dtype)
        means = [(logits @ part / part.sum().clamp(min=1)).unsqueeze(1) * part for part in (seen, 1 - seen)]
        return logits - means[0] - means[1]

    def _signals(self, given: HeadInput) -> Float[Tensor, "batch item"] | float:
        found = given.signals
        if self.gate is None or found is None:
            return 0.0
        if found.shape[1:] != (len(self.seen), len(self.gate.bias)):
            raise MismatchError(
                f"expected {len(self.seen)} items × {len(self.gate.bias)} signals, found "
                f"{found.shape[1]} × {found.shape[2]}; compute signals as for the training of this head"
            )
        return torch.einsum("bis,bs->bi", found, self.gate(given.context))


def _from_zero(inputs: int, outputs: int) -> nn.Linear:
    """A linear map that says nothing until it has learned."""
    linear = nn.Linear(inputs, outputs, bias=False)
    nn.init.zeros_(linear.weight)
    return linear


class Centred(nn.Module):
    """Vectors less their mean: that of the batch in training, a running one afterwards.

    What is then learned about an item cannot be how often it is wanted, only who wants it.

    Args:
        dim: Width.
        memory: How much of the running mean each batch leaves.
    """

    mean: Tensor

    def __init__(self, dim: int, memory: float = 0.95) -> None:
        super().__init__()
        self.memory = memory
        self.register_buffer("mean", torch.zeros(dim))

    def forward(self, vectors: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch dim"]:
        """The vectors, centred."""
        if not self.training:
            return vectors - self.mean
        mean = vectors.mean(0)
        self.mean.lerp_(mean.detach().to(self.mean.dtype), 1 - self.memory)
        return vectors - mean


class Gate(nn.Module):
    """How much each signal counts for each query: scale · (Linear(context) + bias).

    Gates read a few numbers about the query only: read from all of it, they learn the training examples by heart. The
    scale multiplies the steps of the optimiser: there are few gates, and each hears of every item.

    Args:
        start: The value of each gate before training.
        context: How many numbers it reads.
        scale: Factor on the stored values.
    """

    def __init__(self, start: Sequence[float], context: int, scale: float = 4.0) -> None:
        super().__init__()
        self.scale = scale
        self.linear = nn.Linear(context, len(start), bias=False)
        nn.init.zeros_(self.linear.weight)
        self.bias = nn.Parameter(torch.tensor(list(start)) / scale)

    def forward(self, context: Float[Tensor, "batch context"]) -> Float[Tensor, "batch signal"]:
        """The weight of each signal."""
        weights: Float[Tensor, "batch signal"] = (self.linear(context) + self.bias) * self.scale
        return weights
