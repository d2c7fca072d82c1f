"""The page of a comparison: what helped which task, by how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ragmtl.inspector.markup import escape, page, table
from ragmtl.inspector.plot import difference_plot
from ragmtl.inspector.report_parts import attention, conflict, learning, made, notes
from ragmtl.inspector.verdicts import ARMS, caution, kind, sentence
from ragmtl.inspector.words import figure, interval, signed
from ragmtl.report import ATTENTION, Comparison, Difference, Row, best_figure

_QUESTIONS = {
    ("rag-mtl", "mtl"): "Retrieval",
    ("rag-single", "single"): "Retrieval, tasks alone",
    ("shuffled-graph", "mtl"): "Left under the shuffled graph",
    ("random-passages", "mtl"): "Left with random passages",
    ("rag-mtl", "rag-single"): "Joint training",
}


def render_comparison(comparison: Comparison) -> str:
    """One self-contained HTML page that works offline and explains itself to someone who did not run it."""
    tasks = list(dict.fromkeys(row.task for row in comparison.rows))
    body = "\n".join(
        (
            '<header class="top"><p class="brand">ragmtl <span>comparison</span></p>'
            f'<nav aria-label="On this page">{_menu(tasks)}</nav></header><main class="report">',
            _introduction(comparison),
            notes(comparison.notes),
            short(tasks, comparison, _QUESTIONS),
            *(_task(number, task, comparison) for number, task in enumerate(tasks)),
            conflict(comparison),
            made(comparison, comparison.seeds),
            "</main>",
        )
    )
    return page(f"{comparison.name} \u00b7 ragmtl comparison", body)


def main_metric(comparison: Comparison, task: str) -> str:
    """The metric that stands for a task: its first."""
    return next(row.metric for row in comparison.rows if row.task == task)


def main_differences(comparison: Comparison, task: str) -> list[Difference]:
    """The differences of a task in its main metric, slice by slice."""
    metric = main_metric(comparison, task)
    found = [d for d in comparison.differences if d.task == task and d.metric == metric]
    slices = list(dict.fromkeys(d.slice for d in found))
    return sorted(found, key=lambda d: slices.index(d.slice))


def _menu(tasks: Sequence[str]) -> str:
    return " ".join(f'<a href="#task-{number}">{escape(task)}</a>' for number, task in enumerate(tasks))


def _introduction(comparison: Comparison) -> str:
    used = dict.fromkeys(row.arm for row in comparison.rows)
    arms = "".join(f"<dt>{escape(arm)}</dt><dd>{ARMS.get(arm, 'Another system or setting.')}</dd>" for arm in used)
    return (
        f"<section><h1>{escape(comparison.name)}: does the knowledge help?</h1>"
        "<p>The same model was trained several times, with the same budget and seeds, with and without retrieved "
        "knowledge, on each task alone and on all together. If knowledge is what helps, the gain must vanish when the "
        "knowledge is made false.</p>"
        f'<dl class="arms">{arms}</dl>'
        "<p>Figures are given with a 95&nbsp;% bootstrap interval in brackets. Differences are taken on the same "
        "examples. Where the interval of a difference holds zero, this comparison does not show any; that is no proof "
        f"that there is none. {caution(comparison)}</p></section>"
    )


def short(tasks: Sequence[str], comparison: Comparison, questions: Mapping[tuple[str, str], str]) -> str:
    """The answer in one table: a row per task and slice, a column per question (two arms, and what it is called)."""
    found = [d for task in tasks for d in main_differences(comparison, task)]
    by_cell = {(d.task, d.slice, d.arm, d.against): d for d in found}
    asked = [pair for pair in questions if any((d.arm, d.against) == pair for d in found)]
    if not asked:
        return ""
    rows = [
        [_place(d), *(_short_cell(by_cell.get((*place, *pair))) for pair in asked)]
        for place, d in {(d.task, d.slice): d for d in found}.items()
    ]
    caption = "Differences in the main metric of each task. \u25b2 better, \u25bc worse, \u25cb no difference shown"
    shown = table(caption, ["Task", *(questions[pair] for pair in asked)], rows, kind="figures")
    return f'<section id="short"><h2>In short</h2>{shown}</section>'


def _place(difference: Difference) -> str:
    measured = escape(f"{difference.metric}, {slice_words(difference.slice)}")
    return f'{escape(difference.task)} <span class="low">{measured}</span>'


def _short_cell(difference: Difference | None) -> str:
    if difference is None:
        return '<span class="low">not measured</span>'
    mark = {"better": "\u25b2", "worse": "\u25bc"}.get(difference.verdict, "\u25cb")
    low = interval(difference.low, difference.high)
    return (
        f'<span class="{kind(difference)}">'
        f'<span class="mark" role="img" aria-label="{difference.verdict}">{mark}</span> '
        f'<b>{signed(difference.value)}</b> <span class="low">{low}</span></span>'
    )


def _task(number: int, task: str, comparison: Comparison) -> str:
    found = main_differences(comparison, task)
    slices = list(dict.fromkeys(d.slice for d in found))
    parts = [_slice_verdicts(task, part, [d for d in found if d.slice == part], comparison) for part in slices]
    rows = [row for row in comparison.rows if row.task == task and not row.metric.startswith(ATTENTION)]
    places = dict.fromkeys((row.data, row.slice, row.split) for row in rows)
    tables = [figures(place, [row for row in rows if (row.data, row.slice, row.split) == place]) for place in places]
    return (
        f'<section id="task-{number}"><h2>{escape(task)}</h2>{"".join(parts)}'
        f"<h3>All figures</h3>{''.join(tables)}{_other_metrics(task, comparison)}"
        f"{learning(task, comparison)}{attention(task, comparison)}</section>"
    )


def _slice_verdicts(task: str, part: str, differences: Sequence[Difference], comparison: Comparison) -> str:
    title = escape(f"{differences[0].metric}, {slice_words(part)}")
    plot = difference_plot(f"Differences of {task}: {differences[0].metric}, {slice_words(part)}", differences)
    return f'<h3>{title}</h3><div class="beside">{_verdicts(differences, comparison)}{plot}</div>'


def _verdicts(differences: Iterable[Difference], comparison: Comparison, *, named: bool = False) -> str:
    items = []
    for difference in differences:
        place = f'<span class="slice">{escape(difference.metric)}, {escape(slice_words(difference.slice))}: </span>'
        text = escape(sentence(difference, comparison))
        items.append(f'<li class="{kind(difference)}">{place if named else ""}{text}</li>')
    return f'<ul class="verdicts">{"".join(items)}</ul>'


def _other_metrics(task: str, comparison: Comparison) -> str:
    main = main_metric(comparison, task)
    others = [d for d in comparison.differences if d.task == task and d.metric != main]
    if not others:
        return ""
    summary = "<summary>Differences in the other metrics</summary>"
    return f"<details>{summary}{_verdicts(others, comparison, named=True)}</details>"


def slice_words(part: str) -> str:
    """A slice in words."""
    return "all examples" if part == "all" else part


def figures(place: tuple[str, str, str], rows: Sequence[Row]) -> str:
    """Every figure of one data set, slice and split: a row per arm, a column per metric."""
    data, part, split = place
    arms, metrics = list(dict.fromkeys(row.arm for row in rows)), list(dict.fromkeys(row.metric for row in rows))
    by_cell = {(row.arm, row.metric): row for row in rows}
    best = {metric: best_figure([row for row in rows if row.metric == metric]) for metric in metrics}
    cells = [[escape(arm), *(_cell(by_cell.get((arm, metric)), best[metric]) for metric in metrics)] for arm in arms]
    caption = escape(f"{data}, {split}, {slice_words(part)}") + "; the best figure of a metric is underlined"
    return table(caption, ["Arm", *(escape(metric) for metric in metrics)], cells, kind="figures")


def _cell(row: Row | None, best: float) -> str:
    if row is None:
        return '<span class="low">not measured</span>'
    shown = f'<b>{figure(row.value)}</b> <span class="low">{interval(row.low, row.high)}</span>'
    return f'<span class="best">{shown}<span class="unseen"> (best)</span></span>' if row.value == best else shown
