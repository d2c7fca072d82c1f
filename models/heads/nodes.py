"""The head of a question over the graph: which node of the evidence answers it, or none.

    logit of a node     = a · log(how near the walk came to it) + ⟨query, node⟩ / √dim + b · seed
    logit of no answer  = a · log(w) + Linear(query)

A node is read after it has heard from its neighbours, so that what is learned is where an answer stands in the
evidence, not which entities are answers: nodes that training never saw can be answered with. At first only the walk
speaks: ⟨query, node⟩ starts at zero, and what a question names does not answer it. ⟨query, node⟩ reads a query of which
training drops much, as in `ranking.py`.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.errors import MismatchError
from ragmtl.models.heads.given import HeadInput
from ragmtl.models.layers.sparse import to_dense

FLOOR = 1e-3
"""What is added to how near the walk came, before the logarithm."""

OUT = -1e4
"""The logit of a place without a node."""

_SHARPNESS, _ABSENT, _SEED = 3.0, 0.05, -10.0


class NodeHead(nn.Module):
    """One node of the evidence, or none: logits for a softmax.

    Column 0 stands for no answer, column n + 1 for the n-th node of the evidence.

    Args:
        dim: Width of the shared vector and of nodes.
        places: The most nodes of an example's evidence.
        query_dropout: How much of the query training drops before it is compared with nodes.
    """

    def __init__(self, dim: int, places: int, query_dropout: float = 0.5) -> None:
        super().__init__()
        self.places = places
        self.sharpness = nn.Parameter(torch.tensor(_SHARPNESS))
        self.level = nn.Parameter(torch.tensor(math.log(_ABSENT)))
        self.seed = nn.Parameter(torch.tensor(_SEED))
        self.absent = nn.Linear(dim, 1)
        asking = nn.Linear(dim, dim, bias=False)
        self.query = nn.Sequential(nn.Dropout(query_dropout), asking)
        self.node = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim))
        for start in (self.absent.weight, self.absent.bias, asking.weight):
            nn.init.zeros_(start)

    def forward(self, given: HeadInput) -> Float[Tensor, "batch place"]:
        """Logits of no answer and of each place; those without a node are out of the question.

        Raises:
            MismatchError: The evidence has more nodes than places, or there is no evidence at all.
        """
        found, batch = given.nodes, given.batch
        if found is None or batch is None:
            raise MismatchError("expected encoded evidence, found none; ask this head through a model")
        queries = self.query(given.shared)
        alike = (queries[found.example] * self.node(found.vectors)).sum(1) / math.sqrt(queries.shape[1])
        near = self.sharpness * (batch.node_reached + FLOOR).log()
        logits = near + alike + self.seed * found.seeds.to(near.dtype)
        dense, taken = to_dense(logits.unsqueeze(1), found.example, len(given.shared))
        if dense.shape[1] > self.places:
            raise MismatchError(
                f"expected evidence of at most {self.places} nodes, found {dense.shape[1]}; retrieve with the same "
                "`nodes` as for the training of this head"
            )
        placed = dense.squeeze(2).masked_fill(~taken, OUT)
        absent = self.sharpness * self.level + self.absent(given.shared)
        return nn.functional.pad(torch.cat([absent, placed], 1), (0, self.places - placed.shape[1]), value=OUT)
