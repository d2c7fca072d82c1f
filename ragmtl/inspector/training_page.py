"""The page of a training: how each task got better, when it was best, and what it was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ragmtl.curves import Curve
from ragmtl.inspector.curve_plot import curve_plot
from ragmtl.inspector.markup import escape, page, table
from ragmtl.inspector.report_parts import conflict_plots, made, notes
from ragmtl.inspector.words import count, figure
from ragmtl.trained import Trained, TrainedTask

_OPTIMISTIC = (
    "Figures are of validation, by which the epoch was chosen, and so a little too good; <code>ragmtl evaluate</code> "
    "measures test, with intervals. <code>ragmtl compare</code> tells whether the knowledge is what helps."
)


def render_training(trained: Trained) -> str:
    """One self-contained HTML page that works offline."""
    menu = (("short", "In short"), ("learning", "While learning"), ("settings", "Settings"), ("made", "Origin"))
    links = " ".join(f'<a href="#{place}">{name}</a>' for place, name in menu)
    body = "\n".join(
        (
            '<header class="top"><p class="brand">ragmtl <span>training</span></p>'
            f'<nav aria-label="On this page">{links}</nav></header><main class="report">',
            _short(trained),
            notes(trained.notes),
            _learning(trained),
            conflict_plots(trained.curves("conflict")),
            _settings(trained.settings),
            made(trained.origin, (trained.seed,)),
            "</main>",
        )
    )
    return page(f"{trained.name} \u00b7 ragmtl training", body)


def _short(trained: Trained) -> str:
    best = trained.best_epoch
    header = ("Task", "On validation", "Threshold", "Temperature", "Train", "Valid", "Test")
    rows = [_row(task, trained) for task in trained.tasks]
    caption = "Main metric of each task in the epoch that was kept; labelled examples"
    figures = table(caption, header, rows, kind="figures")
    return (
        f'<section id="short"><h1>{escape(trained.name)}: {len(trained.tasks)} tasks in one model</h1>'
        f"<p>Of {count(len(trained.epochs), 'epoch')} the {_nth(best.epoch)} was kept, after {best.step:,} steps: "
        "there the geometric mean of the main metrics, taken with the two epochs before, was best. The model learned "
        f"{trained.weights:,} numbers. {_OPTIMISTIC}</p>{figures}</section>"
    )


def _nth(number: int) -> str:
    words = ("first", "second", "third")
    return words[number - 1] if number <= len(words) else f"{number}th"


def _row(task: TrainedTask, trained: Trained) -> list[str]:
    best = trained.best_epoch
    value = best.metrics.get(task.name)
    shown = "not measured" if value is None else f"<b>{figure(value)}</b>"
    threshold, temperature = best.thresholds.get(task.name), trained.temperatures.get(task.name)
    return [
        f'{escape(task.name)} <span class="low">{escape(task.metric)}</span>',
        shown,
        "" if threshold is None else f"{threshold:.2f}",
        "" if temperature is None else f"{temperature:.2f}",
        *(f"{task.examples.get(split, 0):,}" for split in ("train", "valid", "test")),
    ]


def _learning(trained: Trained) -> str:
    valid = {curve.name: curve for curve in trained.curves("valid")}
    losses = {curve.name: curve for curve in trained.losses()}
    parts = [
        f'<h3>{escape(task.name)}</h3><div class="beside">'
        f"{_plot(f'{task.name}: {task.metric} on validation', task.metric, valid.get(task.name))}"
        f"{_plot(f'{task.name}: mean loss in training', 'loss', losses.get(task.name))}</div>"
        for task in trained.tasks
    ]
    return (
        '<section id="learning"><h2>While learning</h2><p>After each epoch: the main metric on validation, and the '
        f"mean loss in training.</p>{''.join(parts)}</section>"
    )


def _plot(title: str, name: str, curve: Curve | None) -> str:
    return "" if curve is None else curve_plot(title, [curve], [name])


def _settings(settings: Mapping[str, Any]) -> str:
    rows = "".join(f"<dt>{escape(key)}</dt><dd><code>{escape(value)}</code></dd>" for key, value in _lines(settings))
    return (
        '<section id="settings"><h2>Settings</h2><details><summary>The whole configuration, with its defaults'
        f'</summary><dl class="made">{rows}</dl></details></section>'
    )


def _lines(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Every setting by its place, as `training.epochs`; tables of a list by their number."""
    for key, value in settings.items():
        place = f"{before}{key}"
        if isinstance(value, Mapping):
            yield from _lines(value, f"{place}.")
        elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            for number, one in enumerate(value, 1):
                yield from _lines(one, f"{place}.{number}.")
        else:
            yield place, str(value)
