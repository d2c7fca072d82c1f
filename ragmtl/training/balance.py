"""How the losses of several tasks become the gradient of one step.

A step reads one source, in turn, or (where `together`) a part of every source at once, so that gradients can be weighed
against each other. What is remembered from step to step is plain numbers, which a checkpoint keeps.

    length       each source's gradient, divided by its usual length; the default
    fixed        the losses times the tasks' `weight`s
    uncertainty  loss·exp(−s) + s/2 with a learned s per task: Kendall, Gal & Cipolla, 2018
    dwa          more for tasks whose loss falls slowly: Liu, Johns & Davison, 2019
    gradnorm     gradients of equal length, more for tasks that train slowly: Chen et al., 2018
    pcgrad, cagrad, mgda, nash-mtl, upgrad       see `ragmtl.training.weightings`
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.training.gradients import TaskGradients
from ragmtl.training.processes import Processes
from ragmtl.training.weightings import Weighting, weighting_of

Losses = Mapping[str, Float[Tensor, ""]]
State = dict[str, dict[str, float]]
"""By what is remembered, and by task or source."""

ALONE = Processes(0, 1, torch.device("cpu"))
LENGTH_MEMORY, LONGEST = 0.95, 2.0
DWA_TEMPERATURE = 2.0
GRADNORM_ALPHA, GRADNORM_RATE, GRADNORM_LEAST = 1.5, 0.025, 0.01


def _sum(losses: Losses, weights: Mapping[str, float]) -> Float[Tensor, ""]:
    return torch.stack([loss * weights.get(task, 1.0) for task, loss in losses.items()]).sum()


def _backward(loss: Float[Tensor, ""]) -> None:
    loss.backward()  # type: ignore[no-untyped-call]


class Balance:
    """The sum of the losses, times the weights of their tasks: what all other balances start from.

    Attributes:
        together: Whether a step reads every source.
        learned: Parameters of its own, which the optimiser must know.
        state: What it remembers.
        parameters: Of the model.
        processes: Whose gradients are added up; the values of losses are the same in all of them.
    """

    together = False

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = weights
        self.learned = nn.ParameterDict()
        self.state: State = {}
        self.parameters: Sequence[nn.Parameter] = ()
        self.processes = ALONE

    def backward(self, losses: Losses, source: str) -> None:
        """Give every parameter its gradient.

        Args:
            losses: Of the step, by task.
            source: Where its examples are from; "" where they are from all.
        """
        _backward(_sum(losses, self.weights))
        if self.processes.count > 1:
            summed = self.processes.add_up([parameter.grad for parameter in self.parameters])
            for parameter, gradient in zip(self.parameters, summed, strict=True):
                parameter.grad = gradient

    def end_epoch(self, losses: Mapping[str, float]) -> None:
        """Called with the mean loss of each task after an epoch."""


class ByLength(Balance):
    """Each source's gradient is divided by the mean length of its gradients so far, and never twice as long.

    The optimiser remembers one size of step per weight, and a source with small gradients (many labels, mostly right)
    would hardly move what it shares with one whose gradients are large.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], weights: Mapping[str, float]) -> None:
        super().__init__(weights)
        self.parameters = parameters
        self.state = {"lengths": {}}

    def backward(self, losses: Losses, source: str) -> None:
        """Differentiate, and bring the gradient to a mean length of the source's largest weight."""
        super().backward(losses, source)
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        length = float(torch.nn.utils.get_total_norm(gradients))
        lengths = self.state["lengths"]
        lengths[source] = usual = LENGTH_MEMORY * lengths.get(source, length) + (1 - LENGTH_MEMORY) * length
        weight = max(self.weights.get(task, 1.0) for task in losses)
        torch._foreach_mul_(gradients, weight * min(1 / max(usual, 1e-12), LONGEST / max(length, 1e-12)))


class Uncertainty(Balance):
    """A learned variance for each task: what is noisy counts less."""

    def __init__(self, tasks: Sequence[str], weights: Mapping[str, float]) -> None:
        super().__init__(weights)
        self._places = {task: f"task {place}" for place, task in enumerate(tasks)}
        self.learned = nn.ParameterDict({key: nn.Parameter(torch.zeros(())) for key in self._places.values()})

    def backward(self, losses: Losses, source: str) -> None:
        """Differentiate the likelihood of the losses under the tasks' variances."""
        noise = {task: self.learned[self._places[task]] for task in losses}
        likely = {task: loss * torch.exp(-noise[task]) + noise[task] / 2 for task, loss in losses.items()}
        super().backward(likely, source)


class DynamicWeights(Balance):
    """Weights that follow how fast each task's loss fell over the last two epochs."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__(weights)
        self.state = {"before": {}, "last": {}}

    def backward(self, losses: Losses, source: str) -> None:
        """Differentiate the sum of the losses, each times its weight of this epoch."""
        now = self.now()
        super().backward({task: loss * now.get(task, 1.0) for task, loss in losses.items()}, source)

    def now(self) -> dict[str, float]:
        """The weights of this epoch; their mean is 1, and they are empty while there are not two epochs."""
        before, last = self.state["before"], self.state["last"]
        rates = {task: last[task] / max(before[task], 1e-12) / DWA_TEMPERATURE for task in last if task in before}
        powers = {task: math.exp(rate - max(rates.values())) for task, rate in rates.items()}
        return {task: len(powers) * power / sum(powers.values()) for task, power in powers.items()}

    def end_epoch(self, losses: Mapping[str, float]) -> None:
        """Remember the losses of two epochs."""
        self.state = {"before": self.state["last"], "last": dict(losses)}


class Weighed(Balance):
    """The tasks' gradients on what they share are weighed by how they lie to each other; the rest is summed."""

    together = True

    def __init__(self, parameters: Sequence[nn.Parameter], weights: Mapping[str, float], weighting: Weighting) -> None:
        super().__init__(weights)
        self.parameters = parameters
        self.weighting = weighting

    def backward(self, losses: Losses, source: str) -> None:
        """Differentiate each task by itself, and combine."""
        losses = {task: loss * self.weights.get(task, 1.0) for task, loss in losses.items()}
        gradients = TaskGradients.of(losses, self.parameters).added_up(self.processes)
        gramian = gradients.gramian()
        moves = gramian.diagonal() > 0  # a task without labels in this step says nothing
        found = torch.ones(len(losses), dtype=gramian.dtype)
        if int(moves.sum()) > 1:
            found[moves] = self.weighting(gramian[moves][:, moves]).to(found.dtype)
        gradients.put(found.tolist())


class GradNorm(Balance):
    """Weights that bring the lengths of the tasks' gradients together, longer for those whose loss fell least."""

    together = True

    def __init__(self, parameters: Sequence[nn.Parameter], weights: Mapping[str, float]) -> None:
        super().__init__(weights)
        self.parameters = parameters
        self.state = {"weights": {}, "first": {}}

    def backward(self, losses: Losses, source: str) -> None:
        """Differentiate each task by itself, combine by the weights so far, and mend the weights."""
        scaled = {task: loss * self.weights.get(task, 1.0) for task, loss in losses.items()}
        gradients = TaskGradients.of(scaled, self.parameters).added_up(self.processes)
        lengths = gradients.gramian().diagonal().sqrt().tolist()
        gradients.put([self.state["weights"].setdefault(task, 1.0) for task in losses])
        moving = {task: length for task, length in zip(losses, lengths, strict=True) if length > 0}
        self._mend(moving, {task: float(losses[task].detach()) for task in moving})

    def _mend(self, lengths: Mapping[str, float], losses: Mapping[str, float]) -> None:
        """One step of the weights towards |weight·length − mean·pace^α| = 0, at a mean weight of 1."""
        if not lengths:
            return
        weights, first = self.state["weights"], self.state["first"]
        paces = {task: loss / max(first.setdefault(task, loss), 1e-12) for task, loss in losses.items()}
        mean_pace = max(math.fsum(paces.values()) / len(paces), 1e-12)
        mean = math.fsum(weights[task] * length for task, length in lengths.items()) / len(lengths)
        for task, length in lengths.items():
            off = weights[task] * length - mean * (paces[task] / mean_pace) ** GRADNORM_ALPHA
            weights[task] = max(weights[task] - GRADNORM_RATE * math.copysign(length / mean, off), GRADNORM_LEAST)
        total = math.fsum(weights.values())
        self.state["weights"] = {task: weight * len(weights) / total for task, weight in weights.items()}


def balance_of(
    method: str,
    parameters: Sequence[nn.Parameter],
    tasks: Sequence[str],
    weights: Mapping[str, float],
    processes: Processes = ALONE,
) -> Balance:
    """The balance of a name.

    Args:
        method: As in `[training]` of the configuration.
        parameters: Of the model.
        tasks: Names of all tasks.
        weights: How much each counts beside the others.
        processes: Who trains.

    Raises:
        ConfigError: The method needs a package that is not installed.
    """
    chosen = _chosen(method, parameters, tasks, weights)
    chosen.parameters, chosen.processes = parameters, processes
    return chosen


def _chosen(
    method: str, parameters: Sequence[nn.Parameter], tasks: Sequence[str], weights: Mapping[str, float]
) -> Balance:
    match method:
        case "length":
            return ByLength(parameters, weights)
        case "fixed":
            return Balance(weights)
        case "uncertainty":
            return Uncertainty(tasks, weights)
        case "dwa":
            return DynamicWeights(weights)
        case "gradnorm":
            return GradNorm(parameters, weights)
        case _:
            return Weighed(parameters, weights, weighting_of(method))
