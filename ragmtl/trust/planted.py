"""Planted passages: how much attention goes to passages that have nothing to do with the query.

Passages of the corpus that were not retrieved are put beside those that were, at random, with a middling score of
retrieval, so that only what they say tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ragmtl.assembly import Assembly
from ragmtl.models.model import Model
from ragmtl.retrieval.corpus import Corpus
from ragmtl.retrieval.evidence import Evidence
from ragmtl.tasks.base import Task
from ragmtl.tasks.metrics import Statistics, mean
from ragmtl.trust.asking import ask
from ragmtl.trust.surgery import with_planted

PLANTED = 2


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """Attention on one passage, on average.

    Attributes:
        planted: On one that was planted.
        retrieved: On one that was retrieved, beside them.
        rows: The examples that count: those with passages.
    """

    planted: Statistics
    retrieved: Statistics
    rows: tuple[int, ...]


def plant(
    model: Model,
    assembly: Assembly,
    task: Task,
    rows: list[int],
    corpus: Corpus,
    *,
    count: int = PLANTED,
    seed: int = 0,
) -> Planted:
    """Measure it on some examples.

    Args:
        model: Put into evaluation mode and back.
        assembly: Where the examples are from.
        task: Whose reading of the evidence.
        rows: Positions of the examples.
        corpus: Where planted passages are taken from.
        count: How many are planted beside those of an example.
        seed: Decides which.
    """
    rng = np.random.default_rng(seed)
    readings = list(assembly.readings)
    own: dict[int, int] = {}
    for row in rows:
        evidence = readings[row].evidence
        others = [] if evidence is None or not evidence.passages else _others(corpus, evidence, count, rng)
        if evidence is not None and others:
            readings[row] = replace(readings[row], evidence=with_planted(evidence, others))
            own[row] = len(evidence.passages)
    kept = list(own)
    weights = ask(model, replace(assembly, readings=readings), task, kept).passages
    every = np.ones(len(kept), np.bool_)
    pairs = list(zip(weights, own.values(), strict=True))
    return Planted(
        mean(np.array([one[size:].mean() for one, size in pairs], np.float64), every),
        mean(np.array([one[:size].mean() for one, size in pairs], np.float64), every),
        tuple(kept),
    )


def _others(corpus: Corpus, evidence: Evidence, count: int, rng: np.random.Generator) -> list[int]:
    """Random passages that were not retrieved, and that the query may see."""
    unseen = np.zeros(len(corpus), np.bool_)
    unseen[[found.passage for found in evidence.passages]] = True
    hidden = [group for name in evidence.query.exclude if (group := corpus.groups.find(name)) is not None]
    left = np.flatnonzero(~(unseen | np.isin(corpus.group_ids, hidden)))
    return [int(one) for one in rng.permutation(left)[:count]]
