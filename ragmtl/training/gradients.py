"""The gradient of each task by itself, and what they say of each other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.training.processes import Processes


@dataclass(frozen=True, slots=True, eq=False)
class TaskGradients:
    """Gradients of several losses with respect to the same parameters.

    Attributes:
        tasks: Whose they are.
        parameters: What they are of.
        rows: One list per task, with a gradient per parameter; None where the loss does not depend on it.
    """

    tasks: tuple[str, ...]
    parameters: tuple[nn.Parameter, ...]
    rows: tuple[tuple[Tensor | None, ...], ...]

    @classmethod
    def of(cls, losses: Mapping[str, Float[Tensor, ""]], parameters: Sequence[nn.Parameter]) -> TaskGradients:
        """Differentiate each loss by itself; the graphs of the losses are kept until the last."""
        rows = []
        for number, loss in enumerate(losses.values(), 1):
            more = number < len(losses)
            rows.append(torch.autograd.grad(loss, list(parameters), retain_graph=more, allow_unused=True))
        return cls(tuple(losses), tuple(parameters), tuple(rows))

    def added_up(self, processes: Processes) -> TaskGradients:
        """With those of the other processes."""
        if processes.count == 1:
            return self
        flat = processes.add_up([gradient for row in self.rows for gradient in row])
        width = len(self.parameters)
        rows = tuple(tuple(flat[start : start + width]) for start in range(0, len(flat), width))
        return TaskGradients(self.tasks, self.parameters, rows)

    @property
    def shared(self) -> tuple[int, ...]:
        """Positions of the parameters that at least two tasks depend on."""
        counts = [sum(row[place] is not None for row in self.rows) for place in range(len(self.parameters))]
        return tuple(place for place, count in enumerate(counts) if count > 1)

    def gramian(self) -> Float[Tensor, "task task"]:
        """Inner products of the tasks' gradients on what they share; on everything for a single task."""
        places = self.shared if len(self.tasks) > 1 else range(len(self.parameters))
        products = torch.zeros(len(self.tasks), len(self.tasks), dtype=torch.float64)
        for place in places:
            flat = [None if (found := row[place]) is None else found.flatten() for row in self.rows]
            for first, left in enumerate(flat):
                for second, right in enumerate(flat[: first + 1]):
                    if left is not None and right is not None:
                        products[first, second] += left.dot(right).double().cpu()
        return products.tril() + products.tril(-1).T

    def put(self, weights: Sequence[float]) -> None:
        """Make the weighted sum the gradient of what is shared, and the plain sum that of the rest."""
        shared = set(self.shared)
        for place, parameter in enumerate(self.parameters):
            counted = weights if place in shared else [1.0] * len(self.tasks)
            found = [row[place] for row in self.rows]
            parts = [one * weight for one, weight in zip(found, counted, strict=True) if one is not None]
            parameter.grad = torch.stack(parts).sum(0) if parts else None


def conflicts(losses: Mapping[str, Float[Tensor, ""]], model: nn.Module) -> dict[str, float]:
    """The cosine between each two tasks' gradients on what they share, by their names, as "genre | sentiment".

    Tasks whose gradient is zero (nothing in the batch is labelled for them) are left out.
    """
    gradients = TaskGradients.of(losses, list(model.parameters()))
    gramian = gradients.gramian()
    found = cosines(gramian)
    moving = [place for place in range(len(losses)) if gramian[place, place] > 0]
    names = gradients.tasks
    return {
        f"{names[first]} | {names[second]}": float(found[first, second])
        for first, second in itertools.combinations(moving, 2)
    }


def mean_conflicts(seen: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each cosine over the batches in which it was seen."""
    values: dict[str, list[float]] = {}
    for found in seen:
        for pair, cosine in found.items():
            values.setdefault(pair, []).append(cosine)
    return {pair: math.fsum(found) / len(found) for pair, found in values.items()}


def cosines(gramian: Float[Tensor, "task task"]) -> Float[Tensor, "task task"]:
    """The cosine between each two gradients; 0 beside one that is zero."""
    lengths = gramian.diagonal().clamp(min=0).sqrt()
    return gramian / (lengths.unsqueeze(0) * lengths.unsqueeze(1)).clamp(min=1e-30)
