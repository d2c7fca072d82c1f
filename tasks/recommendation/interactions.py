"""Logs of interactions: who met which item, and when; split into train, valid and test.

Two kinds of log. In a *sequence* (splits by time, or each user's last items held out) the input at an event is what
the user met strictly before it, whatever split that is in. In a *set* (a random split, or a split column without
times) the input of a train event is the user's other train items, that of valid is train, that of test is train and
valid. What is *fitted* sees train only, in both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.sparse import csr_array

from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.nearest import iri_hint
from ragmtl.retrieval.files.tables import Row, read_table
from ragmtl.tasks.splits import SPLITS, Split, read_split

TRAIN, VALID, TEST, HIDDEN = range(4)


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Which column of a log holds what; `time` in seconds, `weight` as a rating."""

    user: str
    item: str
    time: str | None = None
    split: str | None = None
    weight: str | None = None


@dataclass(frozen=True, slots=True)
class TimeCuts:
    """Train before `valid_from`, valid before `test_from`, test from then on."""

    valid_from: float
    test_from: float


@dataclass(frozen=True, slots=True)
class LastOut:
    """Each user's last event is for test, the one before for valid; users with fewer than three are all train."""


@dataclass(frozen=True, slots=True)
class RandomOut:
    """Shares of each user's events at random, rounded down; users keep at least one event in train."""

    valid: float = 0.1
    test: float = 0.1
    seed: int = 0


Rule = TimeCuts | LastOut | RandomOut


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """A log, sorted by user; within a user a sequence is sorted by time, a set by split.

    Attributes:
        users: Names of the users, in the order of their ids.
        items: IRIs of the items, in the order of their ids.
        user_ids, item_ids: Who met what.
        times: When, in seconds; in a log without times, its lines are counted.
        splits: 0 train, 1 valid, 2 test, 3 hidden.
        sequence: Whether it is a sequence, else a set.
        notes: What was left out, counted.
        new_users: Users from whose events nothing is learned; what they met is input only.
        ratings: How much each event counts for its user, as the log says it; None where it does not.
    """

    users: tuple[str, ...]
    items: tuple[str, ...]
    user_ids: Int64[np.ndarray, " event"]
    item_ids: Int64[np.ndarray, " event"]
    times: Float64[np.ndarray, " event"]
    splits: Int64[np.ndarray, " event"]
    sequence: bool
    notes: tuple[str, ...] = ()
    new_users: frozenset[int] = frozenset()
    ratings: Float64[np.ndarray, " event"] | None = None

    @property
    def fitted(self) -> Bool[np.ndarray, " event"]:
        """Which events may be fitted to: those of train, but for new users'."""
        return np.asarray((self.splits == TRAIN) & ~np.isin(self.user_ids, sorted(self.new_users)))

    @property
    def train(self) -> csr_array:
        """Users × items: 1 where the user met the item in train."""
        chosen = self.fitted
        pairs = (self.user_ids[chosen], self.item_ids[chosen])
        matrix = csr_array((np.ones(len(pairs[0]), np.float32), pairs), (len(self.users), len(self.items)))
        matrix.sum_duplicates()
        matrix.data[:] = 1
        return matrix

    @property
    def liking(self) -> csr_array | None:
        """Users × items: how much the user liked the item, of train, about 1 on average; None without ratings.

        It is .6 + .8 · (share of the ratings of train below it, ties counted half): plays and stars are read alike.
        """
        if self.ratings is None:
            return None
        from scipy.stats import rankdata  # takes long to import

        chosen = self.fitted
        ratings = self.ratings[chosen]
        ranks = rankdata(ratings) / max(len(ratings), 1)
        pairs = (self.user_ids[chosen], self.item_ids[chosen])
        found, counted = (
            csr_array((numbers.astype(np.float32), pairs), (len(self.users), len(self.items)))
            for numbers in (0.6 + 0.8 * ranks, np.ones(len(ranks)))
        )
        for matrix in (found, counted):
            matrix.sum_duplicates()
        found.data /= counted.data
        return found

    @property
    def starts(self) -> Int64[np.ndarray, " bound"]:
        """Where the events of each user begin, and at last where the last user's end."""
        return np.searchsorted(self.user_ids, np.arange(len(self.users) + 1)).astype(np.int64)

    def hide_cold(self, cold: Callable[[str], bool]) -> Interactions:
        """The same log with the train events of some items (by IRI) hidden, as if these came up in valid or test.

        Hidden events still count as something that the user met (so that the other examples stay the same),
        but nothing is fitted to them, and no example shows or wants them.
        """
        chosen = np.array([cold(iri) for iri in self.items], np.bool_)[self.item_ids] & (self.splits == TRAIN)
        note = f"{np.count_nonzero(chosen)} train events of cold items were hidden"
        return _sorted(replace(self, splits=np.where(chosen, HIDDEN, self.splits), notes=(*self.notes, note)))

    def keep_new(self, new: Callable[[str], bool]) -> Interactions:
        """The same log with some users (by name) kept out of all that is learned, as if they came afterwards."""
        users = frozenset(row for row, name in enumerate(self.users) if new(name))
        return replace(self, new_users=users, notes=(*self.notes, f"nothing is learned from {len(users)} users"))

    def fitted_before(self, time: float) -> Interactions:
        """The same log for fitting to the train events before a time: those from it on are hidden."""
        return replace(self, splits=np.where((self.splits == TRAIN) & (self.times >= time), HIDDEN, self.splits))

    def without(self, dropped: Bool[np.ndarray, " event"], note: str) -> Interactions:
        """The same log without some events; the note says why, after their number."""
        if not dropped.any():
            return self
        kept = ~dropped
        return replace(_taken(self, kept), notes=(*self.notes, f"{np.count_nonzero(dropped)} {note}"))


def read_interactions(
    paths: str | Path | Mapping[Split, str | Path],
    columns: LogColumns,
    rule: Rule | None = None,
    *,
    min_weight: float | None = None,
    entities: Mapping[str, str] | None = None,
    known: Collection[str] | None = None,
) -> Interactions:
    """Read a log.

    Args:
        paths: One table, or one for each split.
        columns: Which column holds what.
        rule: How to split; None where the table has a split column or each split has its table.
        min_weight: Events with a lower weight are left out.
        entities: The IRI of each item, where the log calls items something else.
        known: IRIs of the graph, such as `graph.nodes`; None: anything goes.

    Raises:
        DataError: A row cannot be used as meant, or a split has no event.
        ConfigError: There is no way to split, or more than one.
    """
    _check_rule(paths, columns, rule)
    log = _parsed(paths, columns, _Items(entities, known), min_weight)
    match rule:
        case TimeCuts():
            log = replace(log, splits=np.digitize(log.times, [rule.valid_from, rule.test_from]).astype(np.int64))
        case LastOut():
            log = replace(log, splits=_last_out(log))
        case RandomOut():
            log = _sorted(replace(log, splits=_random_out(log, rule), sequence=False))
    if not log.sequence:
        log = log.without(_repeated(log), "events repeat an earlier one of the same user and item and were left out")
    for split, name in enumerate(SPLITS[:2]):
        if not (log.splits == split).any():
            raise DataError(f"expected {name} events, found none; change how the log is split", _first(paths))
    return log


def _check_rule(paths: str | Path | Mapping[Split, str | Path], columns: LogColumns, rule: Rule | None) -> None:
    ways = [isinstance(paths, Mapping), columns.split is not None, rule is not None]
    if sum(ways) != 1:
        raise ConfigError(f"expected one way to split the log (tables, a split column or a rule), found {sum(ways)}")
    if isinstance(rule, TimeCuts) and columns.time is None:
        raise ConfigError("expected a time column, because the log is split by time; found none")


def _first(paths: str | Path | Mapping[Split, str | Path]) -> Path:
    return Path(next(iter(paths.values())) if isinstance(paths, Mapping) else paths)


@dataclass(frozen=True, slots=True)
class _Items:
    """How items are called in the log, and which of them exist."""

    entities: Mapping[str, str] | None
    known: Collection[str] | None

    def iri(self, name: str, row: Row) -> str | None:
        """The IRI of an item; None where the table of entities has none for it."""
        iri = name if self.entities is None else self.entities.get(name)
        if iri is not None and self.known is not None and iri not in self.known:
            hint = iri_hint(iri, self.known, "correct it, or add it to the graph")
            raise row.error(f"expected an item of the graph, found {iri!r}; {hint}")
        return iri


def _parsed(
    paths: str | Path | Mapping[Split, str | Path], columns: LogColumns, items: _Items, min_weight: float | None
) -> Interactions:
    """The log as its table says it, sorted."""
    tables: list[tuple[Split | None, str | Path]] = [*paths.items()] if isinstance(paths, Mapping) else [(None, paths)]
    users: dict[str, int] = {}
    iris: dict[str, str | None] = {}
    events: list[tuple[int, str, float, int, float]] = []
    left_out, unlinked = 0, 0
    for given, path in ((split, Path(path)) for split, path in tables):
        for row in read_table(path, [column for column in astuple(columns) if column]):
            rating = _number(row, columns.weight) if columns.weight or min_weight is not None else 1.0
            if min_weight is not None and rating < min_weight:
                left_out += 1
                continue
            user, name = _cell(row, columns.user), _cell(row, columns.item)
            iri = iris[name] if name in iris else iris.setdefault(name, items.iri(name, row))
            if iri is None:
                unlinked += 1
                continue
            time = _number(row, columns.time) if columns.time else float(len(events))
            split = given or (read_split(row.values[columns.split], path, row.line) if columns.split else "train")
            events.append((users.setdefault(user, len(users)), iri, time, SPLITS.index(split), rating))
    if not events:
        least = f"a weight of at least {min_weight}" if left_out else "an item that has an entity"
        raise DataError(f"expected events, found none with {least}", _first(paths))
    log = _log(
        users,
        events,
        rated=columns.weight is not None,
        sequence=columns.time is not None or not (isinstance(paths, Mapping) or columns.split),
    )
    notes = {
        f"{left_out} events with a weight below {min_weight} were left out": left_out,
        f"{unlinked} events with items that have no entity were left out": unlinked,
    }
    return replace(log, notes=tuple(note for note, count in notes.items() if count))


def _log(
    users: Mapping[str, int], events: Sequence[tuple[int, str, float, int, float]], *, rated: bool, sequence: bool
) -> Interactions:
    user_ids, iris, times, splits, ratings = zip(*events, strict=True)
    items = sorted(set(iris))
    places = {iri: at for at, iri in enumerate(items)}
    log = Interactions(
        tuple(users),
        tuple(items),
        np.array(user_ids, np.int64),
        np.array([places[iri] for iri in iris], np.int64),
        np.array(times, np.float64),
        np.array(splits, np.int64),
        sequence,
        ratings=np.array(ratings, np.float64) if rated else None,
    )
    return _sorted(log)


def _sorted(log: Interactions) -> Interactions:
    keys = (log.times, log.user_ids) if log.sequence else (log.times, log.splits, log.user_ids)
    order = np.lexsort(keys)
    return _taken(log, order)


def _taken(log: Interactions, places: np.ndarray) -> Interactions:
    """The same log with these events only, in this order."""
    ratings = None if log.ratings is None else log.ratings[places]
    arrays = {name: getattr(log, name)[places] for name in ("user_ids", "item_ids", "times", "splits")}
    return replace(log, **arrays, ratings=ratings)


def _cell(row: Row, column: str) -> str:
    value = row.values.get(column)
    if value is None or not str(value).strip():
        raise row.error(f"expected a value in column {column!r}, found none")
    return str(value).strip()


def _number(row: Row, column: str | None) -> float:
    if column is None:
        raise ConfigError("expected a weight column, because a least weight is given; found none")
    text = _cell(row, column)
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise row.error(f"expected a number in column {column!r}, found {text!r}")
    return number


def _repeated(log: Interactions) -> Bool[np.ndarray, " event"]:
    """Events of a set whose user and item stood together before."""
    pairs = log.user_ids * len(log.items) + log.item_ids
    first = np.unique(pairs, return_index=True)[1]
    return ~np.isin(np.arange(len(pairs)), first)


def _last_out(log: Interactions) -> Int64[np.ndarray, " event"]:
    counts = np.diff(log.starts)[log.user_ids]
    from_end = log.starts[log.user_ids + 1] - np.arange(len(log.user_ids))
    return np.where(counts < 3, TRAIN, np.choose(np.minimum(from_end, 3) - 1, [TEST, VALID, TRAIN])).astype(np.int64)


def _random_out(log: Interactions, rule: RandomOut) -> Int64[np.ndarray, " event"]:
    chance = np.random.default_rng(rule.seed).random(len(log.user_ids))
    place = np.empty(len(chance), np.int64)
    place[np.lexsort((chance, log.user_ids))] = np.arange(len(chance))
    place -= log.starts[log.user_ids]
    counts = np.diff(log.starts)[log.user_ids]
    test = np.floor(counts * rule.test)
    valid = test + np.floor(counts * rule.valid)
    return np.select([place < test, place < valid], [TEST, VALID], TRAIN).astype(np.int64)
