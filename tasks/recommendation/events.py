"""Examples from a log: what a user met before an event, and what the user met then.

    query.history = the most recent items that the user had met,  label = the item met now

In a sequence, an event is an example when its user has met enough strictly before it and meets the item for the
first time. In a set, each train event is an example; what a user met in valid, or in test, is one example with all
those items as its label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from jaxtyping import Int64

from ragmtl.errors import DataError
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import SPLITS, Example, Label, Source
from ragmtl.tasks.recommendation.interactions import HIDDEN, TRAIN, VALID, Interactions
from ragmtl.tasks.recommendation.recommend import Part, RankingTask

Places = Int64[np.ndarray, " _place"]


@dataclass(frozen=True, slots=True)
class EventSettings:
    """Which events are examples, and what of the past they show.

    Attributes:
        min_history: What a user must have met before, at least; different events, not different items.
        history: How many of the most recent items are read.
        hide: IRIs of relations that must not be seen.
        user_entities: The user is an entity of the graph that the query is about (a dish, a project).
        show_valid: In a set, test sees the items of valid; else only those of train (valid's are no answer either way).
    """

    min_history: int = 1
    history: int = 20
    hide: frozenset[str] = frozenset()
    user_entities: bool = False
    show_valid: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class EventExamples(Sequence[Example]):
    """The examples of a log, made when they are asked for: each is a few positions in it.

    Attributes:
        log: The log.
        task: Name of the task.
        settings: What of the past an example shows.
        past: Where the past of each example begins and ends.
        wanted: Where the events that it wants begin and end; they may lie within the past, but are no part of it.
    """

    log: Interactions
    task: str
    settings: EventSettings
    past: tuple[Places, Places]
    wanted: tuple[Places, Places]

    def __len__(self) -> int:
        return len(self.wanted[0])

    @overload
    def __getitem__(self, at: int) -> Example: ...

    @overload
    def __getitem__(self, at: slice) -> list[Example]: ...

    def __getitem__(self, at: int | slice) -> Example | list[Example]:
        """An example, or a list of them."""
        if isinstance(at, slice):
            return [self._example(place) for place in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(f"expected an example in [0, {len(self)}), found {at}")
        return self._example(at % len(self))

    def __iter__(self) -> Iterator[Example]:
        return (self._example(at) for at in range(len(self)))

    @property
    def splits(self) -> Int64[np.ndarray, " example"]:
        """0 train, 1 valid, 2 test."""
        return np.asarray(self.log.splits[self.wanted[0]])

    def _example(self, at: int) -> Example:
        log, settings = self.log, self.settings
        (start, stop), (first, last) = ((bounds[0][at], bounds[1][at]) for bounds in (self.past, self.wanted))
        shown = log.splits[start:stop] != HIDDEN
        if start <= first < stop:
            shown[first - start : last - start] = False
        excluded = {}
        if not (settings.show_valid or log.sequence):
            held_out = log.splits[start:stop] == VALID
            excluded, shown = {self.task: log.item_ids[start:stop][held_out]}, shown & ~held_out
        past = log.item_ids[start:stop][shown]
        items = log.item_ids[first:last].tolist()
        user, split = log.users[log.user_ids[first]], SPLITS[log.splits[first]]
        history = tuple(log.items[item] for item in past[-settings.history :].tolist())
        query = Query(entities=(user,) if settings.user_entities else (), history=history, hide=settings.hide)
        label: Label = items[0] if len(items) == 1 else tuple(items)
        time = float(log.times[first]) if log.sequence else None
        return Example(
            f"{user} {split} {first}", query, {self.task: label}, user, split, time, {self.task: past}, excluded
        )


def log_source(log: Interactions, task: RankingTask, settings: EventSettings, name: str) -> Source:
    """The source of a ranking task: all examples of a log.

    Raises:
        DataError: The log has no example in train, or none in valid.
    """
    start, stop, first, last = (_sequence if log.sequence else _set)(log, settings.min_history)
    kept = (log.splits[first] != TRAIN) | log.fitted[first]
    start, stop, first, last = (places[kept] for places in (start, stop, first, last))
    examples = EventExamples(log, task.name, settings, (start, stop), (first, last))
    for split, wanted in enumerate(SPLITS[:2]):
        if not (examples.splits == split).any():
            raise DataError(
                f"{name}: task {task.name!r}: expected {wanted} events whose user met at least "
                f"{settings.min_history} items before, found none; lower min_history or change the split"
            )
    return Source(name, examples, examples.splits, (task,), log.notes)


def held_out(log: Interactions, task: str, *, share: float = 0.1, draws: int = 2, seed: int = 0) -> list[Example]:
    """Examples of train as those of valid and test are in a set: a user's items, and some others at random as answers.

    Args:
        log: A set.
        task: Name of the task.
        share: How much of a user's train items is wanted; at least one, where two are left.
        draws: Examples of each user.
        seed: Decides which items are wanted.
    """
    generator, rows = np.random.default_rng(seed), np.flatnonzero(log.fitted)
    bounds = np.searchsorted(log.user_ids[rows], np.arange(len(log.users) + 1))
    examples = []
    for user in np.flatnonzero(np.diff(bounds) > 2).tolist():
        items = log.item_ids[rows[bounds[user] : bounds[user + 1]]]
        for draw in range(draws):
            order, count = generator.permutation(items), max(1, int(len(items) * share))
            name, past = log.users[user], order[count:].astype(np.int64)
            query = Query(history=tuple(log.items[item] for item in past.tolist()))
            wanted = tuple(order[:count].tolist())
            label: Label = wanted[0] if count == 1 else wanted
            examples.append(Example(f"{name} held out {draw}", query, {task: label}, name, "train", None, {task: past}))
    return examples


def log_task(
    log: Interactions, name: str, *, main_metric: str = "ndcg@10", parts: Mapping[str, Part] | None = None
) -> RankingTask:
    """The task of ranking all items of a log, without those that the user has met."""
    return RankingTask(name, log.items, main_metric, mask_past=True, parts=parts or {})


def _sequence(log: Interactions, min_history: int) -> tuple[Places, Places, Places, Places]:
    """Bounds of past and wanted events: each user's earlier instants, and the event itself."""
    places = np.arange(len(log.user_ids))
    start = log.starts[log.user_ids]
    same = (np.diff(log.user_ids, prepend=-1) == 0) & (np.diff(log.times, prepend=np.nan) == 0)
    stop = np.maximum.accumulate(np.where(same, 0, places))
    pairs = log.user_ids * len(log.items) + log.item_ids
    chosen = np.sort(np.unique(pairs, return_index=True)[1])
    chosen = chosen[(stop[chosen] - start[chosen] >= min_history) & (log.splits[chosen] != HIDDEN)]
    return start[chosen], stop[chosen], chosen, chosen + 1


def _set(log: Interactions, min_history: int) -> tuple[Places, Places, Places, Places]:
    """Bounds of past and wanted events: train without the event itself, train, or train and valid."""
    bounds = np.searchsorted(log.user_ids * 4 + log.splits, np.arange(len(log.users) * 4)).astype(np.int64)
    train, valid, test, end = (bounds[split::4] for split in range(4))
    own = np.flatnonzero(log.splits == TRAIN).astype(np.int64)
    users = log.user_ids[own]
    events = _enough(train[users], valid[users], own, own + 1, least=min_history + 1)
    held_out = _enough(train, valid, valid, test, least=min_history), _enough(train, test, test, end, least=min_history)
    start, stop, first, last = (np.concatenate(parts) for parts in zip(events, *held_out, strict=True))
    return start, stop, first, last


def _enough(start: Places, stop: Places, first: Places, last: Places, *, least: int) -> tuple[Places, ...]:
    """Those bounds whose past is long enough and that want something."""
    chosen = (stop - start >= least) & (last > first)
    return start[chosen], stop[chosen], first[chosen], last[chosen]
