"""Predictions and comparisons in a terminal: compact tables that fit 80 columns.

Labels and passages are hostile text here too: they are printed as plain text, without markup and without the control
characters that terminals obey.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ragmtl.inspector.markup import clean
from ragmtl.inspector.report_page import main_differences, slice_words
from ragmtl.inspector.verdicts import caution, kind, sentence
from ragmtl.inspector.words import attention_sentence, chosen, count, figure, interval, known_names, local_name, percent
from ragmtl.prediction import Answer, NodeView, Prediction
from ragmtl.report import ATTENTION, Comparison, Row, best_figure

SHOWN_SCORES = 5
SHOWN_TRIPLES = 12
SHOWN_LETTERS = 400
METRICS = 3

_MARKS = {"better": ("\u25b2", "green"), "worse": ("\u25bc", "red"), "none": ("\u25cb", "dim")}


def print_prediction(console: Console, prediction: Prediction) -> None:
    """Print the input, the notes, each task's answer, and the evidence with its attention."""
    _print_asked(console, prediction)
    console.print()
    console.print(_answers(prediction.answers))
    console.print(Text(_line(attention_sentence(prediction))))
    _print_evidence(console, prediction, read=True)


def print_evidence(console: Console, prediction: Prediction) -> None:
    """Print the input, the notes and the evidence, which no model has read."""
    _print_asked(console, prediction)
    _print_evidence(console, prediction, read=False)


def _print_asked(console: Console, prediction: Prediction) -> None:
    console.print(_asked(prediction))
    for note in prediction.notes:
        console.print(Text.assemble(("note ", "bold yellow"), _line(note)))


def _print_evidence(console: Console, prediction: Prediction, *, read: bool) -> None:
    if prediction.passages:
        console.print()
        console.print(_passages(prediction, attention=read))
    if prediction.examples:
        console.print()
        console.print(_examples(prediction, attention=read))
    if prediction.triples:
        console.print()
        console.print(_triples(prediction))


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print every figure with its interval, and what the differences show."""
    for task in dict.fromkeys(row.task for row in comparison.rows):
        rows = [row for row in comparison.rows if row.task == task and not row.metric.startswith(ATTENTION)]
        for place in dict.fromkeys((row.data, row.slice, row.split) for row in rows):
            for some in _narrow([row for row in rows if (row.data, row.slice, row.split) == place]):
                console.print(_figures(task, some))
        for difference in main_differences(comparison, task):
            mark, style = _MARKS[kind(difference)]
            part = "" if difference.slice == "all" else f"{difference.slice}: "
            console.print(
                Padding(Text.assemble((f"{mark} ", style), _line(part + sentence(difference, comparison))), (0, 1))
            )
        console.print()
    for note in comparison.notes:
        console.print(Text.assemble(("note ", "bold yellow"), _line(note)))
    console.print(Text(_line(caution(comparison)), style="dim"))


def print_adaptation(console: Console, comparison: Comparison) -> None:
    """Print the main metric of each arm by number of labels."""
    metric = comparison.rows[0].metric
    rows = [row for row in comparison.rows if row.metric == metric]
    arms = list(dict.fromkeys(row.arm for row in rows))
    by_cell = {(row.slice, row.arm): row for row in rows}
    table = _table(f"{_line(rows[0].task)}: {metric} ({_line(rows[0].data)}, {rows[0].split})", ("labels", *arms))
    for part in dict.fromkeys(row.slice for row in rows):
        best = max(row.value for row in rows if row.slice == part)
        table.add_row(part.split()[0], *(_cell(by_cell.get((part, arm)), best) for arm in arms))
    console.print(table)
    for note in comparison.notes:
        console.print(Text.assemble(("note ", "bold yellow"), _line(note)))


def _line(text: str) -> str:
    """Hostile text on one line."""
    return " ".join(clean(text).split())


def _table(title: str, columns: Iterable[str], *, right: Iterable[str] = ()) -> Table:
    table = Table(box=None, title=Text(title, style="bold"), title_justify="left", pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(_line(column), justify="right" if column in right else "left", overflow="fold")
    return table


def _asked(prediction: Prediction) -> Text:
    """The input, with the entities it names marked."""
    query, names = prediction.query, known_names(prediction)
    shown = clean(query.text)[:SHOWN_LETTERS] + ("\u2026" if len(query.text) > SHOWN_LETTERS else "")
    text = Text(shown.replace("\n", " ").replace("\t", " "))
    for mention in prediction.mentions:
        text.stylize("bold", max(mention.start, 0), max(mention.end, 0))
    for title, iris in (("about", query.entities), ("history", query.history)):
        if iris:
            text.append(f"\n{title} " if text else f"{title} ", "dim")
            text.append(", ".join(_line(names.get(iri, local_name(iri))) for iri in iris))
    return text


def _answers(answers: tuple[Answer, ...]) -> Table:
    table = _table("Answers", ("task", "answer", "best scores"))
    for answer in answers:
        scores = [f"{_line(score.name)} {percent(score.value)}" for score in answer.scores[:SHOWN_SCORES]]
        best = answer.chosen[0] if answer.kind == "ranking" and answer.chosen else chosen(answer)
        way = [_line(str(step)) for step in answer.path]
        way += [f"{one.start}–{one.end} {_line(one.label)} {percent(one.value)}" for one in answer.marked]
        judged = [f"{one.value:+.2f} {_line(one.title or one.passage)}" for one in answer.judged[:SHOWN_SCORES]]
        table.add_row(
            Text(_line(answer.task)), Text(_line(best), style="bold"), Text("\n".join([*way, *scores, *judged]))
        )
    return table


def _passages(prediction: Prediction, *, attention: bool) -> Table:
    numbers = ("attention", "score") if attention else ("score",)
    table = _table("Passages", (*numbers, "passage", "why"), right=numbers)
    for passage in prediction.passages:
        title, reason = Text(_line(passage.title or passage.id)), Text(_line(passage.reason), style="dim")
        shares = [percent(passage.attention)] if attention else []
        table.add_row(*shares, f"{passage.score:.2f}", title, reason)
    return table


def _examples(prediction: Prediction, *, attention: bool) -> Table:
    numbers = ("attention", "score") if attention else ("score",)
    table = _table("Labelled examples", (*numbers, "example", "labels", "why"), right=numbers)
    for example in prediction.examples:
        labels, reason = Text(_line(", ".join(example.labels))), Text(_line(example.reason), style="dim")
        shares = [percent(example.attention)] if attention else []
        table.add_row(*shares, f"{example.score:.2f}", Text(_line(example.id)), labels, reason)
    return table


def _triples(prediction: Prediction) -> Table:
    nodes = prediction.nodes
    shown = sorted(prediction.triples, key=lambda triple: -triple.weight)[:SHOWN_TRIPLES]
    number = count(len(prediction.triples), "triple")
    title = number if len(shown) == len(prediction.triples) else f"{number}, the {len(shown)} of most weight"
    table = _table(title, ("weight", "head", "relation", "tail", "source"), right=("weight",))
    for triple in shown:
        ends = [
            Text(_line(nodes[end].label), style="bold" if nodes[end].seed else "") for end in (triple.head, triple.tail)
        ]
        source = Text(_line(triple.source), style="dim")
        table.add_row(f"{triple.weight:.2f}", ends[0], Text(_line(triple.relation_label)), ends[1], source)
    return table


def _entity(node: NodeView) -> Text:
    return Text(_line(node.label), style="bold" if node.seed else "")


def _narrow(rows: list[Row]) -> list[list[Row]]:
    """The rows in parts of few metrics, one part per table, so that each fits the terminal."""
    metrics = list(dict.fromkeys(row.metric for row in rows))
    parts = [metrics[start : start + METRICS] for start in range(0, len(metrics), METRICS)]
    return [[row for row in rows if row.metric in part] for part in parts]


def _figures(task: str, rows: list[Row]) -> Table:
    metrics = list(dict.fromkeys(row.metric for row in rows))
    title = f"{_line(task)}, {_line(slice_words(rows[0].slice))} ({_line(rows[0].data)}, {rows[0].split})"
    table = _table(title, ("arm", *metrics))
    best = {metric: best_figure([row for row in rows if row.metric == metric]) for metric in metrics}
    by_cell = {(row.arm, row.metric): row for row in rows}
    for arm in dict.fromkeys(row.arm for row in rows):
        cells = [_cell(by_cell.get((arm, metric)), best[metric]) for metric in metrics]
        table.add_row(Text(_line(arm)), *cells)
    return table


def _cell(row: Row | None, best: float) -> Text:
    if row is None:
        return Text("not measured", style="dim")
    value = Text(figure(row.value), style="bold" if row.value == best else "")
    return value.append(f" {interval(row.low, row.high)}", "dim")
