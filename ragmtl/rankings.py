"""From tables to rankings: logs and texts with items, and what the training part of them says of every item."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial

import numpy as np
from jaxtyping import Bool, Int64
from scipy.sparse import csr_array

from ragmtl.config import Config, LinkConfig, RankConfig, RecommendConfig, TableSection
from ragmtl.errors import ConfigError
from ragmtl.fitted import Fitted, fitted_to
from ragmtl.item_signals import KNOWLEDGE_SIGNALS
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import nearest_name
from ragmtl.loaded import Loaded
from ragmtl.retrieval.files.tables import read_table
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.examples import Columns, read_examples
from ragmtl.tasks.link import LinkSettings, read_links
from ragmtl.tasks.recommendation.blend import Lists, blend
from ragmtl.tasks.recommendation.counts import ItemCounts, is_not_hot, seen_in_train
from ragmtl.tasks.recommendation.crossed import Crossed
from ragmtl.tasks.recommendation.ease import MOST_ITEMS, Ease
from ragmtl.tasks.recommendation.events import EventSettings, held_out, log_source, log_task
from ragmtl.tasks.recommendation.factors import DIM, Factors, FactorSignal
from ragmtl.tasks.recommendation.habits import Habits
from ragmtl.tasks.recommendation.interactions import (
    Interactions,
    LastOut,
    LogColumns,
    RandomOut,
    Rule,
    TimeCuts,
    read_interactions,
)
from ragmtl.tasks.recommendation.neighbours import Neighbours
from ragmtl.tasks.recommendation.propagation import Propagation
from ragmtl.tasks.recommendation.recommend import Part, RankingTask, ranking_task
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
BLENDED_ON = 2000
Keep = Callable[[str, tuple[int, ...], Callable[[], np.ndarray]], np.ndarray]
"""Gives the array of a name and a shape; fits it where it is not kept."""
MOST_PROPAGATED = 8_000
"""Items up to which propagation is fitted: it is held three times, each items × items."""


def columns_of(task: TableSection | RankConfig) -> Columns:
    """The columns of a task's input: what the configuration and `Columns` call alike."""
    known = {column.name for column in fields(Columns)}
    return Columns(**{name: value for name, value in task if name in known})


def load_ranking(config: Config, task: RankConfig, known: Collection[str]) -> Loaded:
    """The table of a ranking from texts, histories or both: its examples and signals."""
    columns = columns_of(task)
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
    signals = Signals.fit(parts, items, train[:SCALED_ON], off=_switched_off(task, parts))
    seen = np.asarray(wanted.matrix.sum(axis=0) > 0)
    return Loaded(_without_negatives(source, seen), {task.name: signals}, {task.name: seen.tolist()})


def load_links(config: Config, task: LinkConfig, graph: KnowledgeGraph) -> Loaded:
    """The edges of a relation: their examples and signals."""
    settings = LinkSettings(task.name, task.relation, task.side, task.most, config.seed, frozenset(task.hide))
    links = read_links(config.resolve(task.data), graph, settings)
    train = [links.source.examples[row] for row in links.source.positions("train").tolist()]
    items = len(links.source.tasks[0].answers)
    popular = Popularity(TrainRows.of_examples(train, task.name, items, past=False))
    seen = np.zeros(items, np.bool_)
    seen[np.concatenate(list(links.known.values()))] = True
    signals = Signals.fit([popular], items, train[:SCALED_ON])
    source = _without_negatives(links.source, seen)
    return Loaded(source, {task.name: signals}, {task.name: seen.tolist()}, {task.name: links})


def load_log(config: Config, task: RecommendConfig, known: Collection[str], fitted: Fitted | None = None) -> Loaded:
    """The log of a task: its examples and signals; what is in `fitted` is not fitted again."""
    log = log_of(config, task, known)
    keep = _keeper(fitted or Fitted(), config, task, log)
    counts = ItemCounts.of(log) if task.time else None
    seen = seen_in_train(log)
    ranking = log_task(log, task.name, parts=_parts(log, counts, seen))
    settings = EventSettings(min_history=task.min_history, history=task.history, hide=frozenset(task.hide))
    source = log_source(log, ranking, settings, task.name)
    if counts:
        middle = float(np.quantile(log.times[log.fitted], EARLY_SHARE))
        source = _later(source, middle)
        signals = [*_staged(task.name, log, middle), RecentCounts(counts)]
    elif log.sequence:
        rows = TrainRows.of_log(log)
        signals = [Popularity(rows), *_alike(task.name, rows, len(log.items))]
    else:
        signals = _of_set(task.name, log, config.seed, keep)
    train: list[Example] = [source.examples[row] for row in _spread(source.positions("train"))]
    off = _switched_off(task, signals)
    signals = [signal for signal in signals if not off.issuperset(signal.names)]
    width = (sum(len(signal.names) for signal in signals),)
    scales = keep("scales", width, lambda: Signals.fit(signals, len(log.items), train, off=off).scales)
    habits = Habits(task.name, counts).fitted(train) if counts else None
    found = Signals(tuple(signals), len(log.items), scales, habits, off=off)
    if not log.sequence:
        wanted, asked = replace(ranking, untrained=unseen(seen)), held_out(log, task.name, seed=config.seed)
        starts = keep("starts", width, lambda: blend(Lists.of(wanted, found.compute, asked[:BLENDED_ON])))
        found = replace(found, starts=tuple(starts.tolist()))
    known_items = {task.name: seen.tolist()}
    return Loaded(_without_negatives(source, seen), {task.name: found}, known_items, logs={task.name: log})


def _keeper(fitted: Fitted, config: Config, task: RecommendConfig, log: Interactions) -> Keep:
    """Keeps what is fitted to a log, under a name that changes with all that it is fitted to."""
    train, ratings = log.train, np.zeros(0) if log.ratings is None else log.ratings
    settings = (task.model_dump_json(), str(config.seed))
    data = (train.indptr, train.indices, log.splits, log.times, ratings)
    place = f"{task.name}/{fitted_to(settings, log.users, log.items, *data)}"
    return lambda name, shape, fit: fitted.array(f"{place}/{name}", shape, fit)


def log_of(config: Config, task: RecommendConfig, known: Collection[str]) -> Interactions:
    """The log of a task as its configuration has it split, with cold items and new users.

    Raises:
        DataError: A table cannot be used as meant.
    """
    columns = LogColumns(task.user, task.item, task.time, task.split, task.rating)
    log = read_interactions(
        config.resolve(task.data),
        columns,
        _rule(config, task),
        min_weight=task.min_rating,
        entities=None if task.entities is None else _entities(config, task.entities),
        known=known,
    )
    if task.cold_items:
        log = log.hide_cold(_one_in(task.cold_items))
    return log.keep_new(_one_in(task.cold_users)) if task.cold_users else log


def _switched_off(task: RecommendConfig | RankConfig, parts: Sequence[Signal]) -> frozenset[str]:
    """The signals that a task goes without.

    Raises:
        ConfigError: There is none of that name.
    """
    known = [*(name for part in parts for name in part.names), *KNOWLEDGE_SIGNALS]
    for name in task.without:
        if name not in known:
            near = nearest_name(name, known)
            hint = f"did you mean {near!r}?" if near else f"this ranking has: {', '.join(known)}"
            raise ConfigError(f"task {task.name!r}: expected the name of a signal in `without`, found {name!r}; {hint}")
    return frozenset(task.without)


def _entities(config: Config, table: str) -> Mapping[str, str]:
    """The IRI of each item, from a table with the columns `item` and `entity`."""
    rows = read_table(config.resolve(table), ["item", "entity"])
    return {row.text("item"): row.text("entity") for row in rows if row.text("entity")}


def _one_in(count: int) -> Callable[[str], bool]:
    """Chooses one name of so many, always the same ones.

    >>> [name for name in "abcdefgh" if _one_in(4)(name)]
    ['d']
    """
    return lambda name: int(hashlib.sha256(name.encode()).hexdigest(), 16) % count == 0


def _parts(log: Interactions, counts: ItemCounts | None, seen: Bool[np.ndarray, " item"]) -> dict[str, Part]:
    """Parts of the evaluation: items that are not hot, items that train never met, users that train never met."""
    parts: dict[str, Part] = {"not hot": is_not_hot(counts)} if counts else {}
    if not seen.all():
        parts["cold items"] = lambda example, item: not seen[item]
    known = {log.users[user] for user in np.unique(log.user_ids[log.fitted]).tolist()}
    if len(known) < len(log.users):
        parts["cold users"] = lambda example, item: example.group not in known
    return parts


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


def _of_set(task: str, log: Interactions, seed: int, keep: Keep) -> list[Signal]:
    """Collaborative signals of a log without an order: what came last means nothing in it."""
    rows, items = TrainRows.of_log(log), len(log.items)
    signals: list[Signal] = [
        Popularity(rows),
        Crossed.fit(rows, lambda matrix: FactorSignal(task, _factors(matrix, seed, keep))),
    ]
    if items > MOST_ITEMS:
        return signals
    signals += [
        EaseSignal(task, rows, Ease.fit(rows.matrix, EASE_REGULARISATION)),
        Neighbours.of_train(task, rows, fading=0.0, recent=items),
    ]
    if items <= MOST_PROPAGATED:
        signals.append(Crossed.fit(rows, lambda matrix: Propagation.fit(task, matrix)))
    return signals


def _factors(matrix: csr_array, seed: int, keep: Keep) -> Factors:
    """The factorisation of users × items of train, or of a part of it."""
    name = f"factors/{fitted_to(matrix.indptr, matrix.indices)}"
    return Factors(keep(name, (matrix.shape[1], DIM), lambda: Factors.fit(matrix, seed=seed).vectors))


def unseen(seen: Bool[np.ndarray, " item"]) -> tuple[int, ...]:
    """Items that training never wants."""
    return tuple(np.flatnonzero(~seen).tolist())


def _without_negatives(source: Source, seen: Bool[np.ndarray, " item"]) -> Source:
    """The source of a ranking, its loss blind to items that training never wants.

    As negatives of every example, they would be pushed down for ever, and new items with them.
    """
    return replace(
        source,
        tasks=tuple(replace(task, untrained=unseen(seen)) for task in source.tasks if isinstance(task, RankingTask)),
    )


def _alike(task: str, rows: TrainRows, items: int) -> list[Signal]:
    """Who met the items before also met this one: EASE and co-occurrence, where their matrices fit."""
    if items > MOST_ITEMS:
        return []
    return [EaseSignal(task, rows, Ease.fit(rows.matrix, EASE_REGULARISATION)), Neighbours.of_train(task, rows)]


def _rule(config: Config, task: RecommendConfig) -> Rule | None:
    if task.split is not None:
        return None
    if task.fractions is not None:
        return RandomOut(task.fractions[1], task.fractions[2], config.seed)
    if task.valid_from is not None and task.test_from is not None:
        return TimeCuts(task.valid_from, task.test_from)
    return LastOut()
