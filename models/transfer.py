"""Taking over what another model has learned, but for what belongs to its own tasks: heads, votes, wide signals, ids.

A text encoder that learned with it is not taken over either: its vectors are read.

What was learned for each group of tasks (the question they put to the evidence, their trust in it) begins as the mean
of all groups.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Shaped
from torch import Tensor

from ragmtl.errors import MismatchError
from ragmtl.models.model import Model

_BY_GROUP = ("asked", "trust")
_LEFT = ("heads.", "votes.", "wide.", "ids.", "encoder.")


def trunk_of(tensors: Mapping[str, Shaped[Tensor, "..."]]) -> dict[str, Tensor]:
    """What any task can use of the weights of a model, as one group of tasks has it."""
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(_LEFT)}
    return kept | {name: kept[name].mean(0, keepdim=True) for name in _BY_GROUP}


def take_over(model: Model, trunk: Mapping[str, Shaped[Tensor, "..."]]) -> None:
    """Set everything but what belongs to tasks, and a text encoder.

    Args:
        model: For one group of tasks.
        trunk: From `trunk_of`.

    Raises:
        MismatchError: The two do not have the same parts.
    """
    own = model.state_dict()
    wanted = {name: tensor.shape for name, tensor in own.items() if not name.startswith(_LEFT)}
    found = {name: tensor.shape for name, tensor in trunk.items()}
    if wanted != found:
        apart = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise MismatchError(
            f"expected a model with the parts of the one it takes over, found others at {', '.join(apart[:4])}; tasks "
            'can be added to models whose tasks share one tower: train with `sharing = "bottom"`'
        )
    with torch.no_grad():
        for name, tensor in trunk.items():
            own[name].copy_(tensor)
