from __future__ import annotations

import numpy as np
import pytest

from ragmtl.errors import DataError
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.recommendation.events import EventSettings, held_out, log_source, log_task
from ragmtl.tasks.recommendation.interactions import Interactions

ITEMS = ("a", "b", "c", "d", "e")


def _log(events: str, *, sequence: bool = True) -> Interactions:
    """Events such as `0a1t`: user 0, item a, at instant 1, in train (t), valid (v) or test (x); sorted."""
    parts = events.split()
    users, items = [int(part[0]) for part in parts], [ITEMS.index(part[1]) for part in parts]
    times, splits = [float(part[2]) for part in parts], ["tvx".index(part[3]) for part in parts]
    columns = np.array(users), np.array(items), np.array(times), np.array(splits)
    return Interactions(("u", "v"), ITEMS, *columns, sequence)


SEQUENCE = _log("0a1t 0b2t 0c3v 0a4v 0d4x 0e5x 1a1t 1b1t 1c2v")
SET = _log("0a0t 0b0t 0c0t 0d0v 0e0x 1a0t 1b0v 1c0x 1d0x", sequence=False)


def _source(log: Interactions, least: int = 1, history: int = 20) -> Source:
    return log_source(log, log_task(log, "items"), EventSettings(least, history), "log.csv")


def _seen(example: Example) -> tuple[str, str, object, str]:
    past = "".join(ITEMS[item] for item in example.past["items"])
    assert "".join(example.query.history) == past
    return example.group, past, example.labels["items"], example.split


def test_the_past_is_what_came_strictly_before() -> None:
    source = _source(SEQUENCE)
    assert [_seen(example) for example in source.examples] == [
        ("u", "a", 1, "train"),
        ("u", "ab", 2, "valid"),
        ("u", "abc", 3, "test"),  # not the repeated a, which happens at the same instant and is no example itself
        ("u", "abcad", 4, "test"),
        ("v", "ab", 2, "valid"),
    ]
    assert [example.time for example in source.examples] == [2, 3, 4, 5, 2]
    assert source.positions("valid").tolist() == [1, 4]


def test_a_past_must_be_long_enough() -> None:
    assert [_seen(example)[:2] for example in _source(_log("0a1t 0b2t 0c3t 0d4v"), 2).examples] == [
        ("u", "ab"),
        ("u", "abc"),
    ]
    with pytest.raises(DataError, match=r"log\.csv: task 'items': expected train events .* at least 9 items"):
        _source(SEQUENCE, 9)


def test_only_the_most_recent_items_are_read_but_all_are_past() -> None:
    example = _source(SEQUENCE, history=2).examples[3]
    assert example.query.history == ("a", "d")
    assert len(example.past["items"]) == 5


def test_in_a_set_train_shows_the_others_and_held_out_items_stand_together() -> None:
    assert [_seen(example) for example in _source(SET).examples] == [
        ("u", "bc", 0, "train"),
        ("u", "ac", 1, "train"),
        ("u", "ab", 2, "train"),
        ("u", "abc", 3, "valid"),
        ("v", "a", 1, "valid"),
        ("u", "abcd", 4, "test"),
        ("v", "ab", (2, 3), "test"),
    ]
    assert _source(SET).examples[0].time is None


def test_items_of_valid_need_not_be_shown_at_test_and_still_are_no_answer() -> None:
    source = log_source(SET, log_task(SET, "items"), EventSettings(show_valid=False), "log")
    valid, test = source.examples[3], source.examples[5]
    assert (_seen(valid)[1], _seen(test)[1]) == ("abc", "abc")
    assert (valid.excluded["items"].tolist(), test.excluded["items"].tolist()) == ([], [3])
    measured = source.tasks[0].measure(np.array([[0, 0, 0, 9, 1]], np.float32), [test])
    assert measured["mrr"].value == 1.0


@pytest.mark.parametrize("log", [SEQUENCE, SET], ids=["sequence", "set"])
def test_no_example_shows_what_it_wants_or_what_is_held_out_later(log: Interactions) -> None:
    order = {"train": 0, "valid": 1, "test": 2}
    for example in _source(log).examples:
        user = log.users.index(example.group)
        mine = log.user_ids == user
        known = set(log.item_ids[mine & (log.splits <= order[example.split])].tolist())
        label = example.labels["items"]
        wanted = {*label} if isinstance(label, tuple) else {label}
        assert set(example.past["items"].tolist()) <= known - wanted


def test_hidden_events_are_neither_shown_nor_wanted_but_still_count() -> None:
    log = _log("0a1t 0b2t 0c3t 0d4v 0e5x 1a1t 1c2t 1b3v").hide_cold(lambda iri: iri == "b")
    assert [_seen(example) for example in _source(log, 2).examples] == [
        ("u", "a", 2, "train"),
        ("u", "ac", 3, "valid"),
        ("u", "acd", 4, "test"),
        ("v", "ac", 1, "valid"),
    ]
    held_out = _log("0a0t 0b0t 0c0t 0d0v 1a0t 1b0v", sequence=False).hide_cold(lambda iri: iri == "b")
    assert [_seen(example)[:3] for example in _source(held_out).examples] == [
        ("u", "c", 0),
        ("u", "a", 2),
        ("u", "ac", 3),
        ("v", "a", 1),
    ]


def test_the_user_may_be_an_entity_and_relations_be_hidden() -> None:
    settings = EventSettings(hide=frozenset({"http://x/r"}), user_entities=True)
    example = log_source(SET, log_task(SET, "items"), settings, "log").examples[0]
    assert example.query.entities == ("u",)
    assert example.query.hide == settings.hide


def test_examples_are_a_sequence() -> None:
    examples = _source(SET).examples
    assert len(examples) == 7
    assert [example.id for example in examples[2:4]] == ["u train 2", "u valid 3"]
    assert examples[-1].id == "v test 7"
    assert len({example.id for example in examples}) == 7
    with pytest.raises(IndexError, match="found 7"):
        examples[7]


def test_the_task_ranks_all_items_but_those_of_the_past() -> None:
    source = _source(SET)
    (task,) = source.tasks
    logits = np.tile(np.arange(5, 0, -1, dtype=np.float32), (7, 1))
    assert task.measure(logits, source.examples)["mrr"].value == 1.0


def test_items_are_held_out_of_train_as_valid_and_test_are() -> None:
    examples = held_out(SET, "items", share=0.4, draws=3, seed=1)
    assert [example.group for example in examples] == ["u"] * 3  # v has one item only
    assert {example.split for example in examples} == {"train"}
    for example in examples:
        wanted = example.labels["items"]
        assert sorted([*example.past["items"].tolist(), wanted]) == [0, 1, 2]
        assert "".join(example.query.history) == "".join(ITEMS[item] for item in example.past["items"])
    assert len({example.labels["items"] for example in examples}) > 1
