"""What a model answers, how likely it finds that, and what it attended to, for many examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64

from ragmtl.assembly import Assembly
from ragmtl.evaluate import examples_at_once
from ragmtl.models.model import Model
from ragmtl.tasks.base import Example, Split, Task


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Answers to some examples.

    Attributes:
        logits: Of every answer; items of the past are out of the question.
        passages: Attention on each passage of each example's evidence.
        nodes: Attention on each node of it.
    """

    logits: Float64[np.ndarray, "example answer"]
    passages: tuple[Float[np.ndarray, " _passage"], ...]
    nodes: tuple[Float[np.ndarray, " _node"], ...]


def labelled_rows(assembly: Assembly, task: Task, split: Split) -> list[int]:
    """Where the examples of a split stand that are labelled for a task."""
    examples = assembly.source.examples
    return [row for row in assembly.source.positions(split).tolist() if task.name in examples[row].labels]


def ask(model: Model, assembly: Assembly, task: Task, rows: Sequence[int]) -> Asked:
    """Ask a model, in evaluation mode, about the examples at these positions."""
    device, training = next(model.parameters()).device, model.training
    logits = [np.zeros((0, len(task.answers)))]
    passages: list[np.ndarray] = []
    nodes: list[np.ndarray] = []
    model.eval()
    try:
        block = examples_at_once(len(task.answers))
        for start in range(0, len(rows), block):
            chosen = rows[start : start + block]
            batch = assembly.batch(chosen).to(device)
            with torch.inference_mode():
                outputs = model(batch, [task.name])
            logits.append(_without_past(outputs.heads[task.name], assembly.examples(chosen), task))
            taken = batch.passage_mask.cpu().numpy()
            weights = outputs.fused.passage_weights.float().cpu().numpy()
            passages += [row[mask] for row, mask in zip(weights, taken, strict=True)]
            sizes = np.bincount(batch.node_example.cpu().numpy(), minlength=len(chosen))
            nodes += np.split(outputs.fused.node_weights.float().cpu().numpy(), np.cumsum(sizes)[:-1])
    finally:
        model.train(training)
    return Asked(np.concatenate(logits), tuple(passages), tuple(nodes))


def _without_past(
    found: Float[torch.Tensor, "example answer"], examples: Sequence[Example], task: Task
) -> Float64[np.ndarray, "example answer"]:
    logits = found.double().cpu().numpy()
    if task.head == "ranking":
        for row, example in enumerate(examples):
            if len(past := example.past.get(task.name, ())) < len(task.answers):
                logits[row, past] = -np.inf
    return logits


def chances(logits: Float64[np.ndarray, "example answer"], task: Task) -> Float64[np.ndarray, "example answer"]:
    """How likely each answer is: of one answer among all, or of each label by itself."""
    if task.head == "labels":
        return np.asarray(0.5 * (1 + np.tanh(logits / 2)))
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def likeliest(logits: Float64[np.ndarray, "example answer"]) -> Int64[np.ndarray, " example"]:
    """The answer that each example finds most likely."""
    return np.asarray(logits.argmax(axis=1), np.int64)
