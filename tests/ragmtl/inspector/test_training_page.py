from __future__ import annotations

from dataclasses import replace

import pytest

from ragmtl.inspector.training_page import render_training
from ragmtl.trained import Origin, Trained, TrainedTask
from ragmtl.training.epochs import Epoch
from tests.ragmtl.inspector.conftest import PAYLOADS


def epoch(number: int, genre: float) -> Epoch:
    return Epoch(
        number,
        40 * number,
        {"genre": 1 / number, "sentiment": 0.4},
        {"genre": genre, "sentiment": 0.881},
        {"genre": 0.35, "sentiment": None},
        0.7,
        {"genre | sentiment": 0.1 * (2 - number)},
    )


@pytest.fixture
def training() -> Trained:
    """An invented training of two tasks in four epochs."""
    return Trained(
        name="movies",
        seed=3,
        tasks=(
            TrainedTask("genre", "micro_f1", {"train": 2405, "valid": 343, "test": 688}),
            TrainedTask("sentiment", "accuracy", {"train": 3082, "valid": 428, "test": 3508}),
        ),
        epochs=tuple(epoch(number, 0.5 + 0.03 * min(number, 3)) for number in (1, 2, 3, 4)),
        best=4,
        temperatures={"genre": 1.31},
        weights=1_234_567,
        settings={"training": {"epochs": 4}, "tasks": [{"name": "genre"}, {"name": "sentiment"}], "sources": ["a.nt"]},
        notes=("genre: 31 rows without a label were left out",),
        origin=Origin("ragmtl train movies.toml", "0123456789ab", "Linux x86_64, 2 cores", {"torch": "2.13.0"}),
    )


def test_everything_is_shown(training: Trained) -> None:
    source = render_training(training)
    for shown in (
        "movies: 2 tasks in one model",
        "Of 4 epochs the 4th was kept, after 160 steps",
        "1,234,567 numbers",
        'genre <span class="low">micro_f1</span></th><td><b>.590</b></td><td>0.35</td><td>1.31</td><td>2,405</td>',
        "<td><b>.881</b></td><td></td><td></td><td>3,082</td>",
        "genre: 31 rows without a label were left out",
        "<dt>training.epochs</dt><dd><code>4</code></dd>",
        "<dt>tasks.2.name</dt><dd><code>sentiment</code></dd>",
        "Do tasks pull together?",
        "ragmtl train movies.toml",
        "torch 2.13.0",
    ):
        assert shown in source
    assert source.count('class="plot curves"') == 5
    assert "script-src 'none'" in source
    assert source == render_training(training)


def test_a_task_that_was_not_measured_says_so(training: Trained) -> None:
    unseen = tuple(replace(one, metrics={"sentiment": 0.9}, loss={}) for one in training.epochs)
    source = render_training(replace(training, epochs=unseen, best=1))
    assert "the first was kept" in source
    assert "not measured" in source


def test_hostile_names_stay_text(training: Trained) -> None:
    bad = " ".join(PAYLOADS)
    task = TrainedTask(bad, bad, {"train": 1})
    seen = tuple(replace(one, metrics={bad: 0.5}, loss={bad: 0.5}, conflict={bad: 0.5}) for one in training.epochs)
    origin = Origin(bad, bad, bad, {bad: bad})
    hostile = replace(training, name=bad, tasks=(task,), epochs=seen, notes=(bad,), settings={bad: bad}, origin=origin)
    source = render_training(hostile)
    assert "<script" not in source
    assert "<img" not in source
    assert "&lt;script&gt;alert(1)" in source
    source.encode("utf-8")
