"""Predictions and trainings as figures of matplotlib (the extra `plot`)."""

from __future__ import annotations

from typing import Any

from ragmtl.inspector.markup import clean
from ragmtl.inspector.words import shorten
from ragmtl.kg.looking.drawing import NODE, new_figure
from ragmtl.prediction import Prediction
from ragmtl.trained import Trained

SCORES = 6
CHOSEN = "#22456b"


def plot_prediction(prediction: Prediction) -> Any:  # noqa: ANN401 -- a Figure
    """A row of bars for each task: its best scores, dark where they are chosen; a line at the threshold of labels."""
    answers = prediction.answers
    figure = new_figure(7, 1 + 2 * max(len(answers), 1))
    for axes, answer in zip(_rows(figure, len(answers)), answers, strict=True):
        scores = answer.scores[:SCORES][::-1]
        colours = [CHOSEN if score.name in answer.chosen else "#b3bfca" for score in scores]
        places = range(len(scores))
        axes.barh(places, [score.value for score in scores], color=colours)
        axes.set_yticks(places, [_name(score.name) for score in scores])
        axes.set_title(_name(answer.task), loc="left")
        axes.set_xlabel("probability")
        if answer.threshold is not None:
            axes.axvline(answer.threshold, color="#5b646b", linestyle="--")
    return figure


def plot_training(trained: Trained) -> Any:  # noqa: ANN401 -- a Figure
    """The main metric of each task on validation after each epoch, with a line at the epoch that was kept."""
    figure = new_figure(7, 4)
    axes = figure.add_subplot()
    for curve in trained.curves("valid"):
        axes.plot(curve.steps, curve.values, marker=".", label=_name(curve.name))
    axes.axvline(trained.best_epoch.step, color=NODE, linestyle="--", label="kept")
    axes.set_xlabel("steps")
    axes.set_ylabel("main metric on validation")
    axes.set_title(_name(trained.name))
    axes.legend()
    return figure


def _rows(figure: Any, count: int) -> list[Any]:  # noqa: ANN401 -- a Figure, and its Axes
    return [figure.add_subplot(count, 1, place) for place in range(1, count + 1)]


def _name(text: str) -> str:
    """Hostile text that matplotlib does not read as mathematics, short."""
    return shorten(clean(text), 40).replace("$", r"\$")
