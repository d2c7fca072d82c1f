"""Votes: what each entity says about the answers of a task by itself, whatever else was retrieved.

logits += Σ over the entities of the evidence: vote[entity]

It is the wide half of a wide and deep model (Cheng et al., "Wide & deep learning for recommender systems", 2016): the
graph network learns what holds for entities in general, votes keep what is known of one (this director makes
thrillers). On film genres they are worth a point of micro-F1.
"""

from __future__ import annotations

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ragmtl.models.encoders.ids import IdTable
from ragmtl.models.layers.sparse import group_sum


class EntityVotes(nn.Module):
    """One vote per entity and answer; they start at zero.

    Args:
        entities: Number of entities that vote; row 0 stands for all others, which do not.
        answers: Number of answers.
    """

    def __init__(self, entities: int, answers: int) -> None:
        super().__init__()
        self.table = IdTable(entities, answers, scale=1.0)

    def forward(
        self,
        ids: Int[Tensor, " node"],
        mask: Bool[Tensor, " node"],
        example: Int[Tensor, " node"],
        batch: int,
    ) -> Float[Tensor, "batch answer"]:
        """The sum of the votes for each example.

        Args:
            ids: Row of each node, 0 = no vote.
            mask: Which nodes are there.
            example: Which example each belongs to.
            batch: Number of examples.
        """
        return group_sum(self.each(ids * mask), example, batch)

    def each(self, ids: Int[Tensor, " node"]) -> Float[Tensor, "node answer"]:
        """What each node adds to each logit."""
        votes: Float[Tensor, "node answer"] = self.table(ids)
        return votes
