from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Split
from ragmtl.tasks.recommendation.signals import Scores
from ragmtl.tasks.recommendation.staged import Staged


@dataclass(frozen=True)
class Constant:
    value: float

    @property
    def names(self) -> tuple[str, ...]:
        return ("constant",)

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        assert examples
        return (np.full((len(examples), 3), self.value, np.float32),)


def example(split: Split) -> Example:
    return Example("", Query(), {}, "", split)


@pytest.mark.parametrize(
    "splits", [("train", "train"), ("valid", "test"), ("train", "test", "train"), ("valid", "train", "test")]
)
def test_examples_of_train_see_the_early_fit_only(splits: tuple[Split, ...]) -> None:
    (scores,) = Staged(Constant(1), Constant(2)).scores([example(split) for split in splits])
    assert scores.tolist() == [[1.0 if split == "train" else 2.0] * 3 for split in splits]
