from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ragmtl.learned import Explained, id_tables, learned_entities
from ragmtl.models.batch import Reading
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Task
from ragmtl.tasks.classify import ClassTask, LabelsTask
from ragmtl.tasks.recommendation.recommend import RankingTask


def reading(history: list[int]) -> Reading:
    """An example that meets some entities."""
    return Reading(np.zeros((0, 2), np.float32), None, np.array(history, np.int64), {})


def examples(groups: Sequence[str], labels: Sequence[int] | None = None) -> list[Example]:
    answers = [0] * len(groups) if labels is None else labels
    return [
        Example(str(row), Query(), {"taste": label, "tags": (label,)}, group, "train")
        for row, (group, label) in enumerate(zip(groups, answers, strict=True))
    ]


TASTE = ClassTask("taste", ("mild", "hot"))
TAGS = LabelsTask("tags", ("mild", "hot"))


@pytest.mark.parametrize("task", [TASTE, TAGS], ids=["class", "labels"])
def test_entities_that_say_the_same_in_several_groups_are_learned(task: Task) -> None:
    groups, labels = [str(row) for row in range(40)], [row % 2 for row in range(40)]
    readings = [reading([label]) for label in labels]
    found = examples(groups, labels)
    assert learned_entities(readings, found, (task,), 2).tolist() == [0, 1]
    readings[0] = reading([0, 7, 7])
    assert learned_entities(readings, found, (task,), 2).tolist() == [0, 1], "one group is not enough"
    assert learned_entities(readings, found, (task,), 1).tolist() == [0, 1, 7]


@pytest.mark.parametrize("task", [TASTE, TAGS], ids=["class", "labels"])
def test_entities_that_only_tell_the_group_are_not_learned(task: Task) -> None:
    """Each group has a label and entities of its own but for one that it shares with the next, of another label."""
    rows = [(group, group % 2, [group, (group + 1) % 12]) for group in range(12) for _ in range(5)]
    readings = [reading(met) for _, _, met in rows]
    found = examples([str(group) for group, _, _ in rows], [label for _, label, _ in rows])
    assert learned_entities(readings, found, (task,), 2).tolist() == []


def test_rankings_learn_no_entities() -> None:
    readings, found = [reading([1]), reading([1])], examples(["a", "b"])
    assert learned_entities(readings, found, (RankingTask("dish", ("a", "b")),), 1).tolist() == []
    assert learned_entities([], [], (TASTE,), 1).tolist() == []


def test_what_holds_elsewhere_is_a_share_of_what_is_seen() -> None:
    assert Explained(0.69, 0.23).holds
    assert not Explained(0.55, 0.04).holds
    assert not Explained(0.5, -0.3).holds
    assert not Explained(0.0, 0.0).holds


def test_each_source_has_rows_of_its_own() -> None:
    first, second = id_tables(5, [np.array([1, 3]), np.array([3])])
    assert first.tolist() == [0, 1, 0, 2, 0]
    assert second.tolist() == [0, 0, 0, 3, 0]
