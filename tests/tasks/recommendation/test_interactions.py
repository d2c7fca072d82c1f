from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import ConfigError, DataError
from ragmtl.tasks.recommendation.interactions import (
    HIDDEN,
    Interactions,
    LastOut,
    LogColumns,
    RandomOut,
    Rule,
    TimeCuts,
    read_interactions,
)

TIMED = LogColumns("user", "item", time="time", weight="rating")
LOG = """user,item,time,rating
u,c,30,5
u,a,10,5
v,a,12,1
u,b,20,5
v,c,22,5
u,a,40,5
v,b,50,5
"""


def _write(folder: Path, text: str = LOG, name: str = "log.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def _events(log: Interactions) -> list[tuple[str, str, int]]:
    rows = zip(log.user_ids.tolist(), log.item_ids.tolist(), log.splits.tolist(), strict=True)
    return [(log.users[user], log.items[item], split) for user, item, split in rows]


def _random_log(folder: Path, users: int = 40, items: int = 30) -> Path:
    pairs = np.argwhere(np.random.default_rng(0).random((users, items)) < 0.5)
    lines = [f"u{user},i{item}" for user, item in pairs]
    return _write(folder, "user,item\n" + "\n".join(lines))


def test_a_log_is_cut_by_time_and_sorted_within_each_user(tmp_path: Path) -> None:
    log = read_interactions(_write(tmp_path), TIMED, TimeCuts(30.0, 40.0))
    assert log.sequence
    assert _events(log) == [
        *[("u", "a", 0), ("u", "b", 0), ("u", "c", 1), ("u", "a", 2)],
        *[("v", "a", 0), ("v", "c", 0), ("v", "b", 2)],
    ]
    assert log.train.toarray().tolist() == [[1, 1, 0], [1, 0, 1]]
    assert log.starts.tolist() == [0, 4, 7]


def test_events_of_low_weight_are_left_out_and_counted(tmp_path: Path) -> None:
    log = read_interactions(_write(tmp_path), TIMED, TimeCuts(30.0, 40.0), min_weight=2.0)
    assert len(log.item_ids) == 6
    assert log.notes == ("1 events with a weight below 2.0 were left out",)


def test_ratings_say_how_much_an_item_was_liked(tmp_path: Path) -> None:
    text = "user,item,time,rating\nu,a,1,1\nu,b,2,3\nv,a,3,3\nv,c,4,900\nv,b,30,2\n"
    log = read_interactions(_write(tmp_path, text), TIMED, TimeCuts(10.0, 40.0))
    assert log.liking is not None
    assert log.liking.toarray() == pytest.approx(np.array([[0.8, 1.1, 0.0], [1.1, 0.0, 1.4]]))
    plain = read_interactions(_write(tmp_path, text), LogColumns("user", "item", time="time"), TimeCuts(10.0, 40.0))
    assert plain.liking is None


def test_the_last_of_each_user_are_held_out(tmp_path: Path) -> None:
    log = read_interactions(_write(tmp_path, LOG + "w,a,1,5\nw,b,2,5\n"), TIMED, LastOut())
    assert [split for _, _, split in _events(log)] == [0, 0, 1, 2, 0, 1, 2, 0, 0]


def test_lines_stand_for_times_where_there_are_none(tmp_path: Path) -> None:
    log = read_interactions(_write(tmp_path), LogColumns("user", "item"), LastOut())
    assert _events(log)[:4] == [("u", "c", 0), ("u", "a", 0), ("u", "b", 1), ("u", "a", 2)]


def test_random_shares_of_each_user_are_held_out(tmp_path: Path) -> None:
    log = read_interactions(_random_log(tmp_path), LogColumns("user", "item"), RandomOut(0.1, 0.2, seed=1))
    assert not log.sequence
    for user in range(len(log.users)):
        counts = Counter(log.splits[log.user_ids == user].tolist())
        assert (counts[1], counts[2]) == (int(counts.total() * 0.1), int(counts.total() * 0.2))
    again = read_interactions(_random_log(tmp_path), LogColumns("user", "item"), RandomOut(0.1, 0.2, seed=2))
    assert _events(log) != _events(again)


@pytest.mark.parametrize("separate", [False, True])
def test_splits_can_be_given(tmp_path: Path, separate: bool) -> None:
    if separate:
        rows = {"train": "u,a\nu,b\n", "valid": "u,c\n", "test": "u,a\n"}
        paths = {split: _write(tmp_path, f"user,item\n{text}", f"{split}.csv") for split, text in rows.items()}
        log = read_interactions(paths, LogColumns("user", "item"))  # type: ignore[arg-type]
    else:
        path = _write(tmp_path, "user,item,split\nu,c,valid\nu,a,train\nu,b,train\nu,a,test\n")
        log = read_interactions(path, LogColumns("user", "item", split="split"))
    assert _events(log) == [("u", "a", 0), ("u", "b", 0), ("u", "c", 1)]
    assert log.notes == ("1 events repeat an earlier one of the same user and item and were left out",)


def test_items_may_have_other_names_in_the_log(tmp_path: Path) -> None:
    names = {"a": "http://x/A", "b": "http://x/B", "c": "http://x/A"}
    log = read_interactions(_write(tmp_path), TIMED, TimeCuts(30.0, 40.0), entities=names)
    assert log.items == ("http://x/A", "http://x/B")


def test_cold_items_are_hidden_in_train_only(tmp_path: Path) -> None:
    log = read_interactions(_write(tmp_path), TIMED, TimeCuts(30.0, 40.0)).hide_cold(lambda iri: iri == "a")
    assert [split for _, item, split in _events(log) if item == "a"] == [HIDDEN, 2, HIDDEN]
    assert log.train.toarray().tolist() == [[0, 1, 0], [0, 0, 1]]
    assert log.notes == ("2 train events of cold items were hidden",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user,item,time,rating\nu,a,1,1\nu,,2,1\n", r":3: expected a value in column 'item'"),
        ("user,item,time,rating\nu,a,soon,1\n", r":2: expected a number in column 'time', found 'soon'"),
        ("user,item,time,rating\nu,a,nan,1\n", r":2: expected a number in column 'time', found 'nan'"),
        ("user,item,time,rating\nu,x,1,1\n", r":2: expected an item of the graph, found 'x'"),
        ("user,item,time,rating\nu,a,50,1\n", r"expected train events, found none"),
        ("user,item,time,rating\nu,a,1,1\n", r"expected valid events, found none"),
        ("user,item,time,rating\nu,a,1,0\n", r"found none with a weight of at least 1.0"),
        ("user,film,time,rating\nu,a,1,1\n", r"expected a column 'item'"),
    ],
)
def test_bad_logs_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_interactions(_write(tmp_path, text), TIMED, TimeCuts(30.0, 40.0), min_weight=1.0, known=["a", "b", "c"])


def test_items_without_an_entity_are_left_out_and_counted(tmp_path: Path) -> None:
    names = {"a": "http://x/A", "b": "http://x/B"}
    log = read_interactions(_write(tmp_path), TIMED, TimeCuts(20.0, 40.0), entities=names, known=[*names.values()])
    assert log.notes == ("2 events with items that have no entity were left out",)
    with pytest.raises(DataError, match="found none with an item that has an entity"):
        read_interactions(_write(tmp_path), TIMED, TimeCuts(30.0, 40.0), entities={})


def test_nothing_is_learned_from_new_users(tmp_path: Path) -> None:
    log = read_interactions(_write(tmp_path), TIMED, TimeCuts(30.0, 40.0)).keep_new(lambda name: name == "v")
    assert log.train.toarray().tolist() == [[1, 1, 0], [0, 0, 0]]
    assert log.fitted.tolist() == [True, True, False, False, False, False, False]
    assert log.notes == ("nothing is learned from 1 users",)


@pytest.mark.parametrize(
    ("columns", "rule", "message"),
    [
        (LogColumns("user", "item"), None, "one way to split.*found 0"),
        (LogColumns("user", "item", split="rating"), LastOut(), "one way to split.*found 2"),
        (LogColumns("user", "item"), TimeCuts(1.0, 2.0), "expected a time column"),
    ],
)
def test_there_must_be_one_way_to_split(tmp_path: Path, columns: LogColumns, rule: Rule | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_interactions(_write(tmp_path), columns, rule)
