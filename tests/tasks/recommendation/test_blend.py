from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example
from ragmtl.tasks.recommendation.blend import LEAST, Blend, Lists, _loss, blend, spread_alike
from ragmtl.tasks.recommendation.recommend import RankingTask
from ragmtl.tasks.recommendation.signals import Scores, Signals

TASK = RankingTask("films", tuple("abcdefgh"), mask_past=True)


class Said:
    """A signal that says what its name says: the truth, noise, or the contrary of the truth."""

    names = ("truth", "noise", "contrary")

    def scores(self, examples: Sequence[Example]) -> tuple[Scores, ...]:
        generator = np.random.default_rng(7)
        truth = np.array([[float(item in _wanted(example)) for item in range(8)] for example in examples], np.float32)
        blurred = truth + generator.normal(0, 0.5, truth.shape).astype(np.float32)
        return blurred, generator.normal(0, 1, truth.shape).astype(np.float32), -blurred


def _wanted(example: Example) -> list[int]:
    return [int(item) for item in TASK.wanted([example]).items]


def _examples() -> list[Example]:
    labels = [(1, 2), (3, 4), (5, 6), (2, 7)] * 6
    return [Example("", Query(), {"films": one}, "", "train", past={"films": np.array([0])}) for one in labels]


SIGNALS = Signals.fit([Said()], 8, [])


def test_what_tells_answers_apart_gets_the_weight() -> None:
    mixture = Blend.fit(TASK, SIGNALS, _examples())
    truth, noise, contrary = mixture.weights.tolist()
    assert truth > 5 * noise
    assert contrary == pytest.approx(LEAST)
    assert mixture.scores(_examples()[:2]).shape == (2, 8)


def test_the_gradient_is_that_of_the_loss() -> None:
    lists, weights = Lists.of(TASK, SIGNALS.compute, _examples()), np.array([0.3, 0.2, 0.5])
    _, gradient = _loss(weights, lists, 0.1)
    assert gradient == pytest.approx(approx_fprime(weights, lambda some: _loss(some, lists, 0.1)[0]), abs=1e-5)


def test_candidates_are_the_best_of_each_signal_and_never_of_the_past() -> None:
    def compute(examples: Sequence[Example]) -> np.ndarray:
        one, two = np.arange(8, dtype=np.float32), -np.arange(8, dtype=np.float32)
        return np.tile(np.stack([one, two, np.zeros(8, np.float32)], 1), (len(examples), 1, 1))

    lists = Lists.of(replace(TASK, untrained=(7,)), compute, _examples()[:2], best=2)
    assert lists.bounds.tolist() == [0, 4]  # 0 is past, 7 untrained; the example that wants 3 and 4 has none of them
    assert lists.signals[:, 0].tolist() == [1, 2, 5, 6]
    assert lists.wanted.tolist() == [0.5, 0.5, 0, 0]


def test_nothing_to_learn_from_gives_no_weights() -> None:
    assert blend(Lists.of(TASK, SIGNALS.compute, [])).tolist() == []


def test_long_histories_are_not_louder() -> None:
    signals = np.array([[[1.0, 0.0], [3.0, 0.0]], [[10.0, 0.0], [30.0, 0.0]]], np.float32)
    alike = spread_alike(signals)
    assert alike[0, :, 0].tolist() == alike[1, :, 0].tolist() == [1, 3]
    assert not alike[:, :, 1].any()
