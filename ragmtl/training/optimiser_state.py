"""The state of an optimiser as named tensors, as checkpoints hold them: "0/exp_avg" is of the first parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import Shaped
from torch import Tensor
from torch.optim import Optimizer


def tensors_of(optimizer: Optimizer) -> dict[str, Tensor]:
    """Everything that an optimiser remembers of its parameters."""
    state = optimizer.state_dict()["state"]
    return {f"{number}/{name}": tensor for number, known in state.items() for name, tensor in known.items()}


def remember(optimizer: Optimizer, tensors: Mapping[str, Shaped[Tensor, "..."]]) -> None:
    """Give an optimiser back what `tensors_of` took from one of the same parameters."""
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        number, field = name.split("/")
        state.setdefault(int(number), {})[field] = tensor
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
