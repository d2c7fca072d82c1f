from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.query import Query
from ragmtl.tasks.answer import warmed
from ragmtl.tasks.base import Example, Label
from ragmtl.tasks.classify import ClassTask, LabelsTask
from ragmtl.trust.asking import chances
from ragmtl.trust.calibration import calibration_error, fitted_temperature

CLASSES = ClassTask("kind", ("a", "b", "c"))
LABELS = LabelsTask("marks", ("x", "y"))


def examples(task: str, labels: list[Label]) -> list[Example]:
    return [Example(str(row), Query("q"), {task: label}, str(row), "valid") for row, label in enumerate(labels)]


def drawn(rng: np.random.Generator, logits: np.ndarray) -> list[Label]:
    return [int(rng.choice(3, p=row)) for row in chances(logits, CLASSES)]


def test_sure_and_wrong_half_of_the_time_is_an_error_of_a_half() -> None:
    logits = np.tile([20.0, 0.0, 0.0], (10, 1))
    found = calibration_error(logits, CLASSES, examples("kind", [0, 1] * 5))
    assert found.value == pytest.approx(0.5, abs=1e-6)


def test_labels_count_one_by_one_and_may_be_none() -> None:
    logits = np.tile([20.0, -20.0], (4, 1))
    assert calibration_error(logits, LABELS, examples("marks", [(0,)] * 4)).value == pytest.approx(0, abs=1e-6)
    assert calibration_error(logits, LABELS, examples("marks", [()] * 4)).value == pytest.approx(0.5, abs=1e-6)


def test_the_temperature_undoes_what_was_multiplied() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(6000, 3)) * 1.5
    labelled = examples("kind", drawn(rng, logits))
    found = fitted_temperature(logits * 4, CLASSES, labelled)
    assert found == pytest.approx(4, rel=0.1)
    before = calibration_error(logits * 4, CLASSES, labelled).value
    after = calibration_error(logits * 4, CLASSES, labelled, found).value
    assert after < 0.03 < before


def test_nothing_to_fit_on_leaves_logits_as_they_are() -> None:
    assert fitted_temperature(np.zeros((0, 3)), CLASSES, []) == 1.0
    assert np.isnan(calibration_error(np.zeros((0, 3)), CLASSES, []).value)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_a_warmed_threshold_chooses_the_same_labels(temperature: float, threshold: float) -> None:
    logits = np.linspace(-6, 6, 49)[:, None] + 0.013
    before = chances(logits, LABELS) >= threshold
    after = chances(logits / temperature, LABELS) >= warmed(threshold, temperature)
    assert np.array_equal(before, after)
