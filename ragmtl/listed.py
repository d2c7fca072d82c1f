"""The figures of a run as rows, and those of the lists that a ranking shows, whatever is wanted of them.

How popular lists are, how new, and how much of all items they show stands beside the metrics: a ranking that shows
everybody the same ten items may have the best of these.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int64

from ragmtl.config import Config
from ragmtl.evaluate import Measured
from ragmtl.loaded import Loaded
from ragmtl.report import Row
from ragmtl.tasks.base import Split, Task, positions
from ragmtl.tasks.bootstrap import Interval, bootstrap
from ragmtl.tasks.recommendation.lists import coverage, novelty, popularity


def rows_of(found: Measured, loaded: Loaded, split: Split, config: Config) -> list[Row]:
    """Every metric of one task in every part of a split, with its interval, and the figures of its lists."""

    def row(part: str, metric: str, one: Interval) -> Row:
        place = (config.name, found.task, part, split, "rag-mtl", metric)
        return Row(*place, one.value, one.low, one.high, (config.seed,))

    rows = []
    for part, chosen in found.slices.items():
        groups = [group for group, kept in zip(found.groups, chosen, strict=True) if kept]
        rows += [row(part, name, bootstrap([one.of(chosen)], groups)) for name, one in found.metrics.items()]
    return rows + [row("all", name, one) for name, one in list_figures(found, loaded).items()]


def list_figures(found: Measured, loaded: Loaded) -> Mapping[str, Interval]:
    """`popularity@k`, `novelty@k` and `coverage@k` of what was shown; nothing for what is no ranking.

    Coverage belongs to all lists together: it has no interval but itself.
    """
    lists = found.lists
    if lists is None or not lists.size:
        return {}
    task = next(one for one in loaded.source.tasks if one.name == found.task)
    (met, groups), k = _met(loaded, task), lists.shape[1]
    means = {f"{name}@{k}": figure(lists, met, groups) for name, figure in _FIGURES.items()}
    shown = coverage([lists], len(met))
    return {name: bootstrap([one], found.groups) for name, one in means.items()} | {
        f"coverage@{k}": Interval(shown, shown, shown)
    }


_FIGURES = {"popularity": popularity, "novelty": novelty}


def _met(loaded: Loaded, task: Task) -> tuple[Int64[np.ndarray, " item"], int]:
    """How many groups (users, dialogues) of train met each item, and how many groups there are."""
    if task.name in loaded.logs:
        train = loaded.logs[task.name].train
        return np.asarray(train.sum(axis=0)).astype(np.int64), max(int((np.diff(train.indptr) > 0).sum()), 1)
    pairs: set[tuple[str, int]] = set()
    for row in loaded.source.positions("train").tolist():
        example = loaded.source.examples[row]
        pairs.update((example.group, item) for item in positions(example.labels.get(task.name)))
    items = np.array([item for _, item in pairs], np.int64)
    return np.bincount(items, minlength=len(task.answers)), max(len({group for group, _ in pairs}), 1)
