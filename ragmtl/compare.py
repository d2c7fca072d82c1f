"""The proof table: the same model with and without retrieval, alone and together, and with false knowledge.

    arm              evidence                        tasks
    single           none                            one model per task
    mtl              none                            one model for all
    rag-single       retrieved                       one model per task
    rag-mtl          retrieved                       one model for all
    random-passages  subgraph, passages at random    one model for all
    shuffled-graph   retrieved from a false graph    one model for all

All arms have the same sizes, seeds and steps per task. Thresholds and epochs are chosen on validation, for each task by
its own metric in every arm; test is read once per arm and seed. What an arm measured is written down at once, so that
an interrupted comparison goes on with the next arm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np

from ragmtl.curves import Curve, load_curves
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.evaluate import Measured
from ragmtl.report import ATTENTION, Comparison, Difference, Row, command, commit, machine, versions
from ragmtl.tasks.base import Split, Task
from ragmtl.tasks.bootstrap import bootstrap, paired_bootstrap
from ragmtl.tasks.metrics import Statistics, mean

EvidenceKind = Literal["none", "retrieved", "random-passages", "shuffled-graph"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train: on which evidence, and whether all tasks share a model."""

    name: str
    evidence: EvidenceKind
    together: bool


ARMS = (
    Arm("single", "none", together=False),
    Arm("mtl", "none", together=True),
    Arm("rag-single", "retrieved", together=False),
    Arm("rag-mtl", "retrieved", together=True),
    Arm("random-passages", "random-passages", together=True),
    Arm("shuffled-graph", "shuffled-graph", together=True),
)

CONTRASTS = (
    ("rag-mtl", "mtl"),
    ("rag-single", "single"),
    ("mtl", "single"),
    ("rag-mtl", "rag-single"),
    ("rag-mtl", "single"),
    ("random-passages", "mtl"),
    ("shuffled-graph", "mtl"),
    ("rag-mtl", "random-passages"),
    ("rag-mtl", "shuffled-graph"),
)
"""Which arms are compared: the first minus the second."""

Train = Callable[[Arm, Sequence[str], int, Path], Mapping[str, Measured]]
"""Trains an arm on some tasks (by name) with a seed, in a folder; gives each task's figures on test."""


def choose_arms(names: Sequence[str]) -> tuple[Arm, ...]:
    """The arms of these names, in the order of the table; all where none are named.

    Raises:
        ConfigError: There is no such arm.
    """
    known = [arm.name for arm in ARMS]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ConfigError(f"expected arms among {', '.join(known)}; found {', '.join(unknown)}")
    return tuple(arm for arm in ARMS if not names or arm.name in names)


def compare(
    name: str, tasks: Sequence[Task], arms: Sequence[Arm], seeds: Sequence[int], folder: Path, train: Train
) -> Comparison:
    """Train what is not trained yet, and put all figures together.

    Args:
        name: Name of the data set.
        tasks: All tasks.
        arms: What to train; arms with the same evidence stand side by side, so that evidence is retrieved once.
        seeds: Each arm is trained once per seed.
        folder: Keeps each arm's figures.
        train: Trains and measures.
    """
    measured: dict[str, dict[str, list[Measured]]] = {}
    curves: list[Curve] = []
    for arm in arms:
        for seed in seeds:
            for group in [[task.name for task in tasks]] if arm.together else [[task.name] for task in tasks]:
                place = folder / arm.name / ("all" if arm.together else group[0]) / f"seed-{seed}"
                missing = [task for task in group if not (place / f"{task}.npz").exists()]
                if missing:
                    save_measured(train(arm, group, seed, place), place)
                curves += load_curves(place)
                for task in tasks:
                    if task.name in group:
                        found = load_measured(place / f"{task.name}.npz", task)
                        measured.setdefault(task.name, {}).setdefault(arm.name, []).append(found)
    rows = [row for task in tasks for row in figures(name, measured[task.name], tuple(seeds))]
    differences = [difference for task in tasks for difference in contrasts(measured[task.name])]
    return Comparison(
        name=name,
        rows=tuple(rows),
        differences=tuple(differences),
        command=command(),
        commit=commit(Path(__file__).parent),
        machine=machine(),
        versions=versions(),
        seeds=tuple(seeds),
        curves=tuple(curves),
    )


def figures(
    data: str, arms: Mapping[str, Sequence[Measured]], seeds: tuple[int, ...], split: Split = "test"
) -> list[Row]:
    """Every metric of a task in every arm and slice, with its interval."""
    rows = []
    for arm, found in arms.items():
        for part, metric in _cells(found[0]):
            interval = bootstrap(_statistics(found, metric, part), _groups(found[0], part))
            place = (data, found[0].task, part, split, arm, metric)
            rows.append(Row(*place, interval.value, interval.low, interval.high, seeds))
    return rows + [row for arm, found in arms.items() for row in _attention(data, arm, found, seeds)]


def _attention(data: str, arm: str, found: Sequence[Measured], seeds: tuple[int, ...]) -> list[Row]:
    """Where the attention of an arm went on all examples of a task; nothing for an arm without evidence."""
    rows = []
    for name in found[0].attention if all(one.attention for one in found) else ():
        interval = bootstrap([one.attention[name] for one in found], found[0].groups)
        place = (data, found[0].task, "all", "test", arm, ATTENTION + name)
        rows.append(Row(*place, interval.value, interval.low, interval.high, seeds))
    return rows


def contrasts(arms: Mapping[str, Sequence[Measured]], pairs: Sequence[tuple[str, str]] = CONTRASTS) -> list[Difference]:
    """How far apart the arms of each pair are, for those that were trained."""
    differences = []
    for arm, against in pairs:
        if arm in arms and against in arms:
            for part, metric in _cells(arms[arm][0]):
                first, second = (_statistics(arms[side], metric, part) for side in (arm, against))
                interval = paired_bootstrap(first, second, _groups(arms[arm][0], part))
                place = (arms[arm][0].task, part, metric, arm, against)
                differences.append(Difference(*place, interval.value, interval.low, interval.high))
    return differences


def save_measured(measured: Mapping[str, Measured], folder: Path) -> None:
    """Write one `.npz` per task: plain arrays, and whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for task, found in measured.items():
        arrays = {f"metric/{name}": statistics.rows for name, statistics in found.metrics.items()}
        arrays |= {f"attention/{name}": statistics.rows for name, statistics in found.attention.items()}
        arrays |= {f"slice/{name}": chosen for name, chosen in found.slices.items()}
        arrays["groups"] = np.array(json.dumps(found.groups))
        arrays["threshold"] = np.array(np.nan if found.threshold is None else found.threshold)
        temporary = folder / f".{task}.npz"
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
        temporary.replace(folder / f"{task}.npz")


def load_measured(path: Path, task: Task) -> Measured:
    """Read what `save_measured` wrote; the task says how its metrics follow from their sums.

    Raises:
        MismatchError: The file is truncated, or something else.
    """
    empty = task.measure(np.zeros((0, len(task.answers)), np.float32), [])
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            metrics = {name: Statistics(arrays[f"metric/{name}"], one.figure) for name, one in empty.items()}
            slices = {name.removeprefix("slice/"): arrays[name] for name in arrays.files if name.startswith("slice/")}
            shares = [name.removeprefix("attention/") for name in arrays.files if name.startswith("attention/")]
            tables = {name: arrays[f"attention/{name}"] for name in shares}
            attention = {name: mean(table[:, 0], table[:, 1] > 0) for name, table in tables.items()}
            groups = tuple(json.loads(str(arrays["groups"])))
            threshold = float(arrays["threshold"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise MismatchError(
            f"{path}: expected figures of the task {task.name!r}, found {error}; delete that file to measure again"
        ) from None
    return Measured(task.name, metrics, groups, slices, None if np.isnan(threshold) else threshold, attention)


def _cells(measured: Measured) -> list[tuple[str, str]]:
    """Slices and metrics of a task."""
    return [(part, metric) for part in measured.slices for metric in measured.metrics]


def _statistics(measured: Sequence[Measured], metric: str, part: str) -> list[Statistics]:
    return [found.metrics[metric].of(found.slices[part]) for found in measured]


def _groups(measured: Measured, part: str) -> list[str]:
    return [group for group, chosen in zip(measured.groups, measured.slices[part], strict=True) if chosen]
