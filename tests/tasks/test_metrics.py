from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from ragmtl.tasks.metrics import accuracy, class_f1, concatenate, macro_f1, majority, mean, micro_f1


@pytest.fixture
def labels() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.random((200, 6)) < 0.3, generator.random((200, 6)) < 0.3


@pytest.fixture
def classes() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    return generator.integers(0, 5, 200), generator.integers(0, 5, 200)


def test_classes_match_scikit_learn(classes: tuple[np.ndarray, np.ndarray]) -> None:
    chosen, truth = classes
    assert accuracy(chosen, truth).value == pytest.approx(accuracy_score(truth, chosen))
    assert class_f1(chosen, truth, 9).value == pytest.approx(f1_score(truth, chosen, average="macro"))


def test_labels_match_scikit_learn(labels: tuple[np.ndarray, np.ndarray]) -> None:
    chosen, truth = labels
    chosen[:, 5] = truth[:, 5] = False
    assert micro_f1(chosen, truth).value == pytest.approx(f1_score(truth, chosen, average="micro"))
    expected = f1_score(truth, chosen, average="macro", zero_division=0)  # pyright: ignore[reportArgumentType]
    assert macro_f1(chosen, truth).value == pytest.approx(expected)


def test_not_labelled_examples_count_for_nothing(classes: tuple[np.ndarray, np.ndarray]) -> None:
    chosen, truth = classes
    hidden = np.where(np.arange(200) < 50, -1, truth)
    assert accuracy(chosen, hidden).value == accuracy(chosen[50:], truth[50:]).value
    assert class_f1(chosen, hidden, 5).value == class_f1(chosen[50:], truth[50:], 5).value


def test_majority_answers_the_most_frequent_class_of_train() -> None:
    assert majority(np.array([1, 1, 0, -1]), np.array([1, 0, 1, -1])).value == pytest.approx(2 / 3)


def test_a_metric_over_nothing_is_undefined() -> None:
    assert np.isnan(mean(np.zeros(3), np.zeros(3, bool)).value)
    assert np.isnan(micro_f1(np.zeros((0, 2), bool), np.zeros((0, 2), bool)).value)


def test_parts_make_the_whole(labels: tuple[np.ndarray, np.ndarray]) -> None:
    whole = micro_f1(*labels)
    early = np.arange(200) < 70
    assert concatenate([whole.of(early), whole.of(~early)]).value == whole.value
    assert whole.of(early).value != whole.value
    with pytest.raises(ValueError, match="at least one part"):
        concatenate([])
