from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.crossed import Crossed, part_of
from ragmtl.tasks.recommendation.signals import Scores, TrainRows

NAMES = ("ana", "ben", "cai", "dee", "eli")
TRAIN = TrainRows(csr_array(np.eye(5, dtype=np.float32)), {name: row for row, name in enumerate(NAMES)})


@dataclass(frozen=True)
class Met:
    """How many met each item."""

    matrix: csr_array

    @property
    def names(self) -> tuple[str, ...]:
        return ("met",)

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        return (np.tile(np.asarray(self.matrix.sum(axis=0), np.float32), (len(examples), 1)),)


def test_nobody_of_train_is_scored_by_a_fit_that_has_seen_them() -> None:
    crossed = Crossed.fit(TRAIN, Met)
    assert crossed.names == ("met",)
    trained = [Example("", Query(), {}, name, "train") for name in NAMES]
    (found,) = crossed.scores([*trained, Example("", Query(), {}, "ana", "test")])
    parts = np.array([part_of(name, 2) for name in NAMES])
    assert {*parts.tolist()} == {0, 1}
    assert found[:5].tolist() == (parts[:, None] != parts).astype(float).tolist()
    assert found[5].tolist() == [1] * 5
    assert TRAIN.matrix.sum() == 5
