"""Fidelity: whether answers hang on the evidence that got the most attention.

The chance of the answer that was given is compared with its chance when the most attended pieces of evidence (passages
and nodes) are taken away, and when as many random pieces are. Attention explains as far as the first falls by more.

Source: comprehensiveness, DeYoung et al., "ERASER: a benchmark to evaluate rationalized NLP models", ACL 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from ragmtl.assembly import Assembly
from ragmtl.models.model import Model
from ragmtl.tasks.base import Task
from ragmtl.tasks.metrics import Statistics, mean
from ragmtl.trust.asking import Asked, ask, chances, likeliest
from ragmtl.trust.surgery import only

PIECES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Fidelity:
    """By how much the chance of the answers fell.

    Attributes:
        attended: When the most attended pieces were taken away.
        at_random: When as many others were.
        rows: The examples that count: those with more pieces than are taken away.
    """

    attended: Statistics
    at_random: Statistics
    rows: tuple[int, ...]


def fidelity(
    model: Model, assembly: Assembly, task: Task, rows: list[int], *, pieces: int = PIECES, seed: int = 0
) -> Fidelity:
    """Measure it on some examples.

    Args:
        model: Put into evaluation mode and back.
        assembly: Where the examples are from.
        task: Which answers.
        rows: Positions of the examples.
        pieces: How many pieces are taken away.
        seed: Decides which random ones.
    """
    rows = [row for row in rows if _size(assembly, row) > pieces]
    asked = ask(model, assembly, task, rows)
    chosen = likeliest(asked.logits)
    before = _chance(asked, task, chosen)
    rng = np.random.default_rng(seed)
    drops = []
    for random in (False, True):
        taken = [_taken(one, pieces, rng if random else None) for one in zip(asked.passages, asked.nodes, strict=True)]
        after = ask(model, _without(assembly, rows, taken), task, rows)
        drops.append(mean(before - _chance(after, task, chosen), np.ones(len(rows), np.bool_)))
    return Fidelity(drops[0], drops[1], tuple(rows))


def _size(assembly: Assembly, row: int) -> int:
    evidence = assembly.readings[row].evidence
    return 0 if evidence is None else len(evidence.passages) + len(evidence.subgraph.nodes)


def _chance(asked: Asked, task: Task, chosen: np.ndarray) -> np.ndarray:
    return np.take_along_axis(chances(asked.logits, task), chosen[:, None], axis=1)[:, 0]


Pieces = tuple[Bool[np.ndarray, " _passage"], Bool[np.ndarray, " _node"]]


def _taken(
    weights: tuple[Float[np.ndarray, " _passage"], Float[np.ndarray, " _node"]],
    pieces: int,
    rng: np.random.Generator | None,
) -> Pieces:
    """Which passages and nodes are taken away: those that weigh most, or random ones."""
    together = np.concatenate(weights)
    order = np.argsort(-together, kind="stable") if rng is None else rng.permutation(len(together))
    taken = np.zeros(len(together), np.bool_)
    taken[order[:pieces]] = True
    return taken[: len(weights[0])], taken[len(weights[0]) :]


def _without(assembly: Assembly, rows: list[int], taken: list[Pieces]) -> Assembly:
    readings = list(assembly.readings)
    for row, (passages, nodes) in zip(rows, taken, strict=True):
        evidence = readings[row].evidence
        if evidence is not None:
            readings[row] = replace(readings[row], evidence=only(evidence, ~passages, ~nodes))
    return replace(assembly, readings=readings)
