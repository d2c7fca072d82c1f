from __future__ import annotations

import numpy as np
import pytest
import torch

from ragmtl.assembly import Assembly
from ragmtl.config import ModelConfig
from ragmtl.evaluate import EXAMPLES_AT_ONCE, evaluate
from ragmtl.models.batch import Reading, Vectors
from ragmtl.models.model import Model
from ragmtl.retrieval.query import Query
from ragmtl.sizes import HeadSize, ModelSize, build_model
from ragmtl.tasks.base import Example, Source
from ragmtl.tasks.classify import ClassTask, LabelsTask

TASKS = (ClassTask("sign", ("minus", "plus")), LabelsTask("parts", ("first", "second")))
WIDTH = 4
LABELLED = 3 * EXAMPLES_AT_ONCE // 2


@pytest.fixture
def assembly() -> Assembly:
    """Test points, every third without a sign; one of train."""
    points = np.random.default_rng(0).normal(size=(LABELLED, WIDTH)).astype(np.float32)
    examples = [
        Example(
            str(row),
            Query(),
            ({} if row % 3 == 0 else {"sign": row % 2}) | {"parts": (0,) if row % 2 else ()},
            f"group {row // 2}",
            "train" if row == 1 else "test",
        )
        for row in range(LABELLED)
    ]
    readings = [Reading(point[None], None, np.zeros(0, np.int64), {}) for point in points]
    vectors = Vectors(np.zeros((1, WIDTH), np.float32), np.zeros(1, np.int64), np.zeros((0, WIDTH), np.float32))
    return Assembly(Source.of("points", examples, TASKS), readings, vectors, {})


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    heads = {"sign": HeadSize(kind="class", answers=2), "parts": HeadSize(kind="labels", answers=2)}
    small = ModelConfig(dim=16, layers=1, attention_heads=2)
    return build_model(ModelSize(text_dim=WIDTH, segment_dim=WIDTH, relations=1, ids=0, settings=small, heads=heads))


def test_missing_labels_are_masked(model: Model, assembly: Assembly) -> None:
    found = evaluate(model, assembly, "test", {"sign": None, "parts": 0.5})
    signed = [row for row in range(LABELLED) if row % 3 and row != 1]
    assert len(found["sign"].groups) == len(signed)
    assert found["sign"].groups[:2] == (f"group {signed[0] // 2}", f"group {signed[1] // 2}")
    assert len(found["parts"].groups) == LABELLED - 1
    for measured in found.values():
        assert measured.slices["all"].sum() == len(measured.groups)
        assert {len(statistics.rows) for statistics in measured.metrics.values()} == {len(measured.groups)}


def test_the_figure_is_that_of_the_answers(model: Model, assembly: Assembly) -> None:
    rows = [row for row in range(LABELLED) if row % 3 and row != 1]
    model.eval()
    with torch.inference_mode():
        chosen = model(assembly.batch(rows)).heads["sign"].argmax(dim=1).numpy()
    right = float(np.mean(chosen == np.array(rows) % 2))
    found = evaluate(model, assembly, "test", {"sign": None, "parts": 0.5}, ["sign"])
    assert set(found) == {"sign"}
    assert found["sign"].value("accuracy") == pytest.approx(right)


def test_thresholds_are_chosen_only_where_none_is_given(model: Model, assembly: Assembly) -> None:
    assert evaluate(model, assembly, "test", {"sign": None, "parts": 0.35})["parts"].threshold == 0.35
    best = evaluate(model, assembly, "test")["parts"]
    assert best.threshold is not None
    for threshold in (0.1, 0.5, 0.9):
        other = evaluate(model, assembly, "test", {"sign": None, "parts": threshold})["parts"]
        assert best.value("micro_f1") >= other.value("micro_f1")


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(model: Model, assembly: Assembly, training: bool) -> None:
    model.train(training)
    first, second = (evaluate(model, assembly, "test")["sign"].value("accuracy") for _ in range(2))
    assert first == second, "no dropout while measuring"
    assert model.training is training


def test_a_split_without_examples_measures_nothing(model: Model, assembly: Assembly) -> None:
    found = evaluate(model, assembly, "valid", {"sign": None, "parts": 0.5})
    assert found["sign"].groups == ()
    assert np.isnan(found["sign"].value("accuracy"))
