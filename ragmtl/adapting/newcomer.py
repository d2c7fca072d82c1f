"""A new task beside those of a run: which one it is, and what is read of the others to practise on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ragmtl.config import ClassificationConfig, Config
from ragmtl.config.tasks import TaskConfig
from ragmtl.errors import ConfigError
from ragmtl.loaded import Loaded
from ragmtl.tasks.base import Source

PRACTICE = 2000
"""The most training examples of a table of the run that are read to practise on."""


def new_task(known: Config, config: Config, name: str | None) -> ClassificationConfig:
    """The task of a configuration that a run does not have.

    Args:
        known: Of the run.
        config: With the new task.
        name: Which one; None where there is one only.

    Raises:
        ConfigError: There is none of this name, or several, or it has no table with classes or labels.
    """
    old = {task.name for task in known.tasks}
    new = [task for task in config.tasks if task.name not in old]
    found = [task for task in new if name is None or task.name == name]
    if len(found) != 1:
        there = ", ".join(task.name for task in new) or "none"
        meant = "one new task" if name is None else f"a new task {name!r}"
        raise ConfigError(
            f"expected {meant} beside those of the run ({', '.join(sorted(old))}), found {there}; "
            + ("add a [[tasks]] table" if not new else "name one of them with --task")
        )
    if not isinstance(found[0], ClassificationConfig):
        raise ConfigError(
            f"task {found[0].name!r}: expected a table with classes or labels (kind class or labels), found kind "
            f"{found[0].kind!r}, which is not learned from few labels; train all tasks together with `ragmtl train`"
        )
    return found[0]


def joined(known: Config, task: ClassificationConfig, config: Config) -> tuple[Config, list[str]]:
    """The configuration of a run with a new task, and the names of the tasks to practise on.

    What belongs to the run's own examples is left out: rankings, learned vectors of entities, labelled neighbours.
    """
    old = [one for one in known.tasks if isinstance(one, ClassificationConfig)]
    tasks: list[TaskConfig] = [_absolute(one, known) for one in old]
    tasks.append(_absolute(task, config))
    features = [feature for feature in known.model.features if feature != "ids"]
    parts = {
        "tasks": tasks,
        "model": known.model.model_copy(update={"features": features}),
        "retrieval": known.retrieval.model_copy(update={"neighbours": 0}),
    }
    return known.model_copy(update=parts), [one.name for one in old]


def _absolute(task: ClassificationConfig, config: Config) -> ClassificationConfig:
    """A task that finds its table from anywhere."""
    return task.model_copy(update={"data": str(config.resolve(task.data).resolve())})


def practice(loaded: Sequence[Loaded], task: str, seed: int) -> list[Loaded]:
    """The tables, of which those without the new task are cut down to some training examples."""
    return [one if any(of.name == task for of in one.source.tasks) else _cut(one, seed) for one in loaded]


def _cut(loaded: Loaded, seed: int) -> Loaded:
    source = loaded.source
    rows = np.random.default_rng(seed).permutation(source.positions("train"))[:PRACTICE]
    examples = [source.examples[row] for row in sorted(rows.tolist())]
    return replace(loaded, source=Source.of(source.name, examples, source.tasks, source.notes))
