"""Where learning from few labels starts from: weights of a trunk, and a model for one task around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor

from ragmtl.models.model import Model
from ragmtl.models.transfer import take_over, trunk_of
from ragmtl.sizes import HeadSize, ModelSize, build_model
from ragmtl.tasks.base import Task

Trunk = Mapping[str, Shaped[Tensor, "..."]]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A trunk.

    Attributes:
        size: Of a model without tasks and learned entities.
        trunk: Weights, or None for fresh ones.
        scale: Mean and spread of segments of text, for fresh weights.
    """

    size: ModelSize
    trunk: Trunk | None
    scale: tuple[Tensor, Tensor] | None = None

    @classmethod
    def of(cls, size: ModelSize, model: Model) -> Start:
        """The trunk of a trained model."""
        bare = size.model_copy(update={"heads": {}, "groups": {}, "ids": 0, "encoder": ""})
        return cls(bare, trunk_of(model.state_dict()))

    def fresh(self) -> Start:
        """The same, with nothing learned but how segments of text are standardised."""
        if self.trunk is None:
            return self
        return Start(self.size, None, (self.trunk["text.mean"], self.trunk["text.spread"]))

    def bare(self) -> Model:
        """The trunk as a model without tasks.

        Raises:
            MismatchError: The tasks of the trunk do not share one tower.
        """
        model = build_model(self.size)
        if self.trunk is not None:
            take_over(model, self.trunk)
        return model

    def size_for(self, task: Task) -> ModelSize:
        """The size of a model for one task with classes or labels."""
        kind = "class" if task.head == "class" else "labels"
        return self.size.model_copy(update={"heads": {task.name: HeadSize(kind=kind, answers=len(task.answers))}})

    def model_for(self, task: Task, seed: int) -> Model:
        """A model for one task, with a new head.

        Raises:
            MismatchError: The tasks of the trunk do not share one tower.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = build_model(self.size_for(task))
        if self.trunk is not None:
            take_over(model, self.trunk)
        elif self.scale is not None:
            model.text.standardise(*self.scale)
        return model
