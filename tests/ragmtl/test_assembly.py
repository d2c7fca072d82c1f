from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ragmtl.assembly import Assembly, ItemSignals
from ragmtl.models.batch import Reading, Vectors
from ragmtl.retrieval.evidence import Evidence
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.classify import ClassTask
from ragmtl.tasks.recommendation.recommend import RankingTask

ITEMS = ("http://x/a", "http://x/b", "http://x/c")
TASKS = (ClassTask("sign", ("minus", "plus")), RankingTask("next", ITEMS))


class Counts:
    """A signal that is the number of the example, and that remembers for how many it was computed."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, examples: Sequence[Example], evidence: Sequence[Evidence | None]) -> np.ndarray:
        assert len(examples) == len(evidence)
        self.asked.append(len(examples))
        numbers = np.array([float(example.id) for example in examples], np.float32)
        return np.repeat(np.repeat(numbers[:, None, None], len(ITEMS), axis=1), 2, axis=2)


def habits(examples: Sequence[Example]) -> np.ndarray:
    return np.array([[float(example.id)] for example in examples], np.float32)


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def assembly(counts: Counts) -> Assembly:
    examples = [
        Example(str(row), Query(), {"sign": row % 2, "next": row % 3}, str(row), "train" if row < 4 else "test")
        for row in range(6)
    ]
    readings = [
        Reading(np.full((1 + row % 2, 2), row, np.float32), None, np.zeros(0, np.int64), {}) for row in range(6)
    ]
    vectors = Vectors(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), np.zeros((0, 2), np.float32))
    return Assembly(Source.of("numbers", examples, TASKS), readings, vectors, {"next": ItemSignals(counts, habits)})


def test_a_batch_holds_the_examples_asked_for(assembly: Assembly, counts: Counts) -> None:
    batch = assembly.batch([4, 1, 1])
    assert [example.id for example in assembly.examples([4, 1, 1])] == ["4", "1", "1"]
    assert batch.segments[:, 0, 0].tolist() == [4, 1, 1]
    assert batch.segment_mask.sum(dim=1).tolist() == [1, 2, 2]
    assert batch.signals["next"].shape == (3, len(ITEMS), 2)
    assert batch.signals["next"][:, 0, 0].tolist() == [4, 1, 1]
    assert batch.contexts["next"].tolist() == [[4], [1], [1]]
    assert counts.asked == [3], "signals are computed for the batch only"


def test_some_of_the_tasks(assembly: Assembly) -> None:
    kept = assembly.only({"sign"})
    assert kept is not None
    assert [task.name for task in kept.source.tasks] == ["sign"]
    assert kept.signals == {}
    assert kept.batch([0]).signals == {}
    assert len(kept.source.examples) == 6
    both = assembly.only(["next", "sign"])
    assert both is not None
    assert [task.name for task in both.source.tasks] == ["sign", "next"]
    assert assembly.only({"other"}) is None
