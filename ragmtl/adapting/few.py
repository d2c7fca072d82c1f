"""Learning a task from few labels: AdamW from a start, all weights, some steps; how many is chosen on validation.

Validation has no more labels than training: who has few to learn from has few to choose by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.optim import AdamW

from ragmtl.adapting.settings import FewSettings
from ragmtl.adapting.starts import Start
from ragmtl.assembly import Assembly
from ragmtl.evaluate import evaluate
from ragmtl.models.model import Model
from ragmtl.tasks.base import SPLITS, Task
from ragmtl.trust.asking import labelled_rows

LEFT_OUT = -1
"""The split of examples that are in none."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What came of learning.

    Attributes:
        model: With the weights that were best on validation.
        value: Its main metric there.
        threshold: The best one there, for tasks with labels.
        steps: After how many steps that was.
    """

    model: Model
    value: float
    threshold: float | None
    steps: int


def drawn(assembly: Assembly, task: Task, number: int, seed: int) -> Assembly:
    """The same with so many labelled examples for training, and at most as many for validation.

    Those of a smaller number are among those of a larger one.
    """
    splits = np.full(len(assembly.source.splits), LEFT_OUT, np.int64)
    for place, split in enumerate(SPLITS):
        rows = labelled_rows(assembly, task, split)
        if split != "test":
            order = np.random.default_rng([seed, place]).permutation(len(rows))[:number]
            rows = [rows[at] for at in sorted(order.tolist())]
        splits[rows] = place
    return replace(assembly, source=replace(assembly.source, splits=splits))


def learn(
    start: Start, assembly: Assembly, task: Task, settings: FewSettings, seed: int, device: torch.device
) -> Learned:
    """Learn from the training examples of an assembly.

    Args:
        start: Weights to start from.
        assembly: From `drawn`.
        task: The one task of its source.
        settings: How.
        seed: Of the new head, of the order of examples and of what training leaves out.
        device: Where.
    """
    model = start.model_for(task, seed).to(device)
    rows = assembly.source.positions("train")
    torch.manual_seed(seed)
    optimiser = AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
    best: Learned | None = None
    kept = model.state_dict()
    for step in range(max(settings.stops)):
        take_step(model, optimiser, assembly, task, batch_of(rows, step, settings.batch_size, seed))
        if step + 1 in settings.stops:
            found = evaluate(model, assembly, "valid")[task.name]
            value = found.value(task.main_metric)
            if best is None or value > best.value:
                best = Learned(model, value, found.threshold, step + 1)
                kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    if best is None:
        raise ValueError("expected at least one stop")
    model.load_state_dict(kept)
    model.eval()
    return best


def batch_of(rows: Int64[np.ndarray, " row"], step: int, most: int, seed: int) -> list[int]:
    """The rows of a step: one random order after another, cut into batches of one size."""
    size = min(most, len(rows))
    places = [divmod(place, len(rows)) for place in range(step * size, (step + 1) * size)]
    orders = {turn: np.random.default_rng([seed, turn]).permutation(len(rows)) for turn, _ in places}
    return [int(rows[orders[turn][place]]) for turn, place in places]


def take_step(
    model: Model, optimiser: torch.optim.Optimizer, assembly: Assembly, task: Task, rows: Sequence[int]
) -> None:
    """One step of a model on some examples."""
    model.train()
    optimiser.zero_grad()
    loss_on(model, assembly, task, rows).backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def loss_on(model: Model, assembly: Assembly, task: Task, rows: Sequence[int]) -> Float[Tensor, ""]:
    """The loss of a task on some examples."""
    device = next(model.parameters()).device
    outputs = model(assembly.batch(rows).to(device), [task.name])
    loss: Float[Tensor, ""] = task.loss(outputs.heads[task.name], assembly.examples(rows)) + outputs.penalty
    return loss
