from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.counts import DAY, ItemCounts
from ragmtl.tasks.recommendation.ease import Ease
from ragmtl.tasks.recommendation.events import EventSettings, log_source, log_task
from ragmtl.tasks.recommendation.interactions import Interactions
from ragmtl.tasks.recommendation.neighbours import Neighbours
from ragmtl.tasks.recommendation.signals import (
    EaseSignal,
    Mentioned,
    Popularity,
    RecentCounts,
    Signal,
    Signals,
    TrainRows,
)

GENERATOR = np.random.default_rng(0)
USERS, ITEMS = 60, 20


@pytest.fixture(scope="module")
def log() -> Interactions:
    users, items = np.nonzero(GENERATOR.random((USERS, ITEMS)) < 0.4)
    times = np.concatenate([np.sort(GENERATOR.random(n)) for n in np.bincount(users, minlength=USERS)]) * 30 * DAY
    items = items[np.lexsort((GENERATOR.random(len(items)), users))]
    splits = np.digitize(times, [20 * DAY, 25 * DAY])
    return Interactions(tuple(map(str, range(USERS))), tuple(map(str, range(ITEMS))), users, items, times, splits, True)


def _signals(log: Interactions, examples: list[Example]) -> Signals:
    rows, counts = TrainRows.of_log(log), ItemCounts.of(log)
    parts: list[Signal] = [
        Popularity(rows),
        RecentCounts(counts),
        EaseSignal("items", rows, Ease.fit(rows.matrix, 5.0)),
        Neighbours.of_train("items", rows),
        Mentioned("items", ITEMS),
    ]
    return Signals.fit(parts, ITEMS, examples)


def test_signals_stand_side_by_side_and_spread_alike(log: Interactions) -> None:
    examples = list(log_source(log, log_task(log, "items"), EventSettings(), "log").examples)
    signals = _signals(log, examples)
    found = signals.compute(examples)
    assert found.shape == (len(examples), ITEMS, len(signals.names))
    assert signals.names[:3] == ("popularity", "count 1d", "count 3d")
    assert np.isfinite(found).all()
    assert found.std(axis=1).mean(axis=0) == pytest.approx(np.ones(len(signals.names)), rel=1e-3)


def test_what_comes_later_or_is_held_out_changes_nothing(log: Interactions) -> None:
    """The signals of an example stay the same when everything from its instant on, in any split, is another."""
    source = log_source(log, log_task(log, "items"), EventSettings(), "log")
    rows = source.positions("valid")[:20].tolist()
    before = _signals(log, []).compute([source.examples[row] for row in rows])
    for place, row in enumerate(rows):
        example = source.examples[row]
        assert example.time is not None
        items = log.item_ids.copy()
        changed = (log.times >= example.time) & (log.splits > 0)
        items[changed] = GENERATOR.integers(0, ITEMS, np.count_nonzero(changed))
        other = Interactions(log.users, log.items, log.user_ids, items, log.times, log.splits, True)
        assert np.array_equal(_signals(other, []).compute([example])[0], before[place])


def test_an_example_of_train_does_not_see_its_own_group(log: Interactions) -> None:
    """What else the user met in train, the answer among it, may be anything, and the fitted signals stay the same."""
    source = log_source(log, log_task(log, "items"), EventSettings(), "log")
    example = source.examples[int(source.positions("train")[7])]
    own = (log.user_ids == int(example.group)) & (log.splits == 0)
    items = log.item_ids.copy()
    items[own] = (items[own] + 1) % ITEMS
    other = Interactions(log.users, log.items, log.user_ids, items, log.times, log.splits, True)
    for part in (0, 2):
        one, two = (_signals(every, []).parts[part].scores([example])[0] for every in (log, other))
        assert one == pytest.approx(two, abs=1e-4)


def test_popularity_counts_groups_of_train(log: Interactions) -> None:
    rows = TrainRows.of_log(log)
    (found,) = Popularity(rows).scores([Example("x", Query(), {}, "3", "test")])
    assert found[0] == pytest.approx(np.log1p(log.train.sum(axis=0)))


def test_examples_of_a_table_make_rows_too() -> None:
    def example(group: str, wanted: int | tuple[int, ...], past: list[int], split: str = "train") -> Example:
        return Example("x", Query(), {"t": wanted}, group, split, past={"t": np.array(past, np.int64)})  # type: ignore[arg-type]

    examples = [example("g", 1, [0]), example("g", (1, 2), []), example("h", 3, [0]), example("i", 0, [], "valid")]
    assert TrainRows.of_examples(examples, "t", 4, past=False).matrix.toarray().tolist() == [[0, 1, 1, 0], [0, 0, 0, 1]]
    rows = TrainRows.of_examples(examples, "t", 4, past=True)
    assert rows.matrix.toarray().tolist() == [[1, 1, 1, 0], [1, 0, 0, 1]]
    assert [own.tolist() for own in rows.own(examples)] == [[0, 1, 2], [0, 1, 2], [0, 3], []]


def test_mentioned_items_are_flagged_the_last_one_most() -> None:
    flag, last = Mentioned("t", 4).scores([Example("x", Query(), {}, "g", "test", past={"t": np.array([2, 0, 2])})])
    assert flag[0].tolist() == [1, 0, 1, 0]
    assert last[0].tolist() == [0.5, 0, 1, 0]
