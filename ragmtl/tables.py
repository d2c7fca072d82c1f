"""From the tasks of a configuration to examples: tables are read once, whatever number of tasks they hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial

import numpy as np
from jaxtyping import Bool, Int64

from ragmtl.config import Config, RankConfig, RecommendConfig, TableSection
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.examples import Columns, read_examples
from ragmtl.tasks.recommendation.counts import ItemCounts, is_not_hot, seen_in_train
from ragmtl.tasks.recommendation.ease import MOST_ITEMS, Ease
from ragmtl.tasks.recommendation.events import EventSettings, log_source, log_task
from ragmtl.tasks.recommendation.habits import Habits
from ragmtl.tasks.recommendation.interactions import (
    TRAIN,
    Interactions,
    LastOut,
    LogColumns,
    Rule,
    TimeCuts,
    read_interactions,
)
from ragmtl.tasks.recommendation.neighbours import Neighbours
from ragmtl.tasks.recommendation.recommend import RankingTask, ranking_task
from ragmtl.tasks.recommendation.signals import (
    EaseSignal,
    Mentioned,
    Popularity,
    RecentCounts,
    Signal,
    Signals,
    TrainRows,
)
from ragmtl.tasks.recommendation.staged import Staged
from ragmtl.tasks.splits import Fractions
from ragmtl.tasks.targets import Target

SCALED_ON = 256
EARLY_SHARE = 0.5
EASE_REGULARISATION = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A source, and the collaborative signals of the rankings in it.

    Attributes:
        source: Examples and tasks.
        signals: By ranking task.
        seen: By ranking task, which items are the answer of a training example.
    """

    source: Source
    signals: Mapping[str, Signals] = field(default_factory=dict)
    seen: Mapping[str, Sequence[bool]] = field(default_factory=dict)


def load_tasks(config: Config, known: Collection[str]) -> list[Loaded]:
    """Read the tables of all tasks.

    Args:
        config: Says where they are.
        known: IRIs of the graph.

    Raises:
        DataError: A table cannot be used as meant; the message says where and why.
    """
    loaded: list[Loaded] = []
    tables: dict[tuple[object, ...], list[TableSection]] = {}
    for task in config.tasks:
        match task:
            case TableSection():
                tables.setdefault(_inputs(task), []).append(task)
            case RecommendConfig():
                loaded.append(_log(config, task, known))
            case RankConfig():
                loaded.append(_ranking(config, task, known))
    return [_labels(config, tasks, known) for tasks in tables.values()] + loaded


def _inputs(task: TableSection) -> tuple[object, ...]:
    """What two tasks must have in common to be read from a table together."""
    shared = TableSection.model_fields.keys() - {"name", "hide", "weight"}
    return tuple(str(value) for name, value in task if name in shared)


def _columns(task: TableSection | RankConfig) -> Columns:
    """The columns of a task's input: what the configuration and `Columns` call alike."""
    known = {column.name for column in fields(Columns)}
    return Columns(**{name: value for name, value in task if name in known})


def _labels(config: Config, tasks: Sequence[TableSection], known: Collection[str]) -> Loaded:
    first = tasks[0]
    columns = _columns(first)
    targets = [task.target() for task in tasks]
    hide = {iri for task in tasks for iri in task.hide}
    name = "+".join(task.name for task in tasks)
    fractions = Fractions(*first.fractions, seed=config.seed)
    path = config.resolve(first.data)
    return Loaded(read_examples(path, columns, targets, fractions=fractions, hide=hide, known=known, name=name))


def _ranking(config: Config, task: RankConfig, known: Collection[str]) -> Loaded:
    columns = _columns(task)
    fractions = Fractions(*task.fractions, seed=config.seed)
    target = Target(task.name, task.item, "item", partial(ranking_task, history=bool(task.history)))
    path = config.resolve(task.data)
    source = read_examples(path, columns, [target], fractions=fractions, hide=task.hide, known=known, name=task.name)
    train = [source.examples[row] for row in source.positions("train").tolist()]
    items = len(source.tasks[0].answers)
    rows = TrainRows.of_examples(train, task.name, items, past=True)
    wanted = TrainRows.of_examples(train, task.name, items, past=False)
    parts: list[Signal] = [Popularity(wanted)]
    if task.history:
        parts += [*_alike(task.name, rows, items), Mentioned(task.name, items)]
    signals = Signals.fit(parts, items, train[:SCALED_ON])
    seen = np.asarray(wanted.matrix.sum(axis=0) > 0)
    return Loaded(_without_negatives(source, seen), {task.name: signals}, {task.name: seen.tolist()})


def _log(config: Config, task: RecommendConfig, known: Collection[str]) -> Loaded:
    columns = LogColumns(task.user, task.item, task.time, task.split)
    log = read_interactions(config.resolve(task.data), columns, _rule(task), known=known)
    counts = ItemCounts.of(log) if task.time else None
    parts = {"not hot": is_not_hot(counts)} if counts else {}
    ranking = log_task(log, task.name, parts=parts)
    settings = EventSettings(min_history=task.min_history, history=task.history, hide=frozenset(task.hide))
    source = log_source(log, ranking, settings, task.name)
    if counts:
        middle = float(np.quantile(log.times[log.splits == TRAIN], EARLY_SHARE))
        source = _later(source, middle)
        signals = [*_staged(task.name, log, middle), RecentCounts(counts)]
    else:
        rows = TrainRows.of_log(log)
        signals = [Popularity(rows), *_alike(task.name, rows, len(log.items))]
    train: list[Example] = [source.examples[row] for row in _spread(source.positions("train"))]
    seen = seen_in_train(log)
    fitted = Signals.fit(signals, len(log.items), train, Habits(task.name, counts) if counts else None)
    return Loaded(_without_negatives(source, seen), {task.name: fitted}, {task.name: seen.tolist()})


def _spread(rows: Int64[np.ndarray, " row"]) -> list[int]:
    """Some rows, evenly spread."""
    chosen: list[int] = rows[np.linspace(0, len(rows) - 1, min(len(rows), SCALED_ON)).astype(np.int64)].tolist()
    return chosen


def _later(source: Source, time: float) -> Source:
    """The source without the training examples before a time: what is fitted to these must not be trained on them."""
    examples = [example for example in source.examples if example.split != "train" or (example.time or 0.0) >= time]
    dropped = len(source.examples) - len(examples)
    notes = (
        [f"the first {dropped} train events fit the signals of the later ones, which are trained on"] if dropped else []
    )
    return Source.of(source.name, examples, source.tasks, (*source.notes, *notes))


def _staged(task: str, log: Interactions, time: float) -> list[Signal]:
    """Collaborative signals of a log with times, each fitted to the train events before a time, and to all."""
    stages = [TrainRows(part.train, {}) for part in (log.fitted_before(time), log)]
    early, full = (_alike(task, rows, len(log.items)) for rows in stages)
    return [Staged(one, other) for one, other in zip(early, full, strict=True)]


def _without_negatives(source: Source, seen: Bool[np.ndarray, " item"]) -> Source:
    """The source of a ranking, its loss blind to items that training never wants.

    As negatives of every example, they would be pushed down for ever, and new items with them.
    """
    unseen = tuple(np.flatnonzero(~seen).tolist())
    return replace(
        source, tasks=tuple(replace(task, untrained=unseen) for task in source.tasks if isinstance(task, RankingTask))
    )


def _alike(task: str, rows: TrainRows, items: int) -> list[Signal]:
    """Who met the items before also met this one: EASE and co-occurrence, where their matrices fit."""
    if items > MOST_ITEMS:
        return []
    return [EaseSignal(task, rows, Ease.fit(rows.matrix, EASE_REGULARISATION)), Neighbours.of_train(task, rows)]


def _rule(task: RecommendConfig) -> Rule | None:
    if task.split is not None:
        return None
    if task.valid_from is not None and task.test_from is not None:
        return TimeCuts(task.valid_from, task.test_from)
    return LastOut()
