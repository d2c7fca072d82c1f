"""Cells of a table: one value, several, or none."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence

from ragmtl.kg.nearest import iri_hint
from ragmtl.retrieval.files.tables import EMPTY_LIST, Row
from ragmtl.retrieval.tagging.spans import Span
from ragmtl.tasks.base import Spans
from ragmtl.tasks.targets import Cells

ENTITY = "entity"
"""The label of a stretch that has none, or an IRI."""


def cell_values(row: Row, column: str | None, separator: str | None) -> list[str] | None:
    """The values of a cell, stripped; None where it is missing, empty where it is an empty list."""
    cell = row.values.get(column) if column else None
    if isinstance(cell, list | tuple):
        return [text for value in cell if value is not None and (text := str(value).strip())]
    if cell is None or not str(cell).strip():
        return None
    values = [str(cell)] if separator is None else str(cell).split(separator)
    return [text for value in values if (text := value.strip())]


def cell_text(row: Row, column: str | None) -> str:
    """The values of a cell as one text; empty where it is missing."""
    return "|".join(cell_values(row, column, None) or ())


def cell_answers(row: Row, columns: Mapping[str, str], separator: str) -> dict[str, tuple[str, ...]]:
    """Entities any of which answers, by task; none for an empty list. Tasks whose cell is missing are left out.

    Args:
        row: The row.
        columns: The column of each task.
        separator: What stands between the values of a cell.
    """
    cells = {task: cell_values(row, column, separator) for task, column in columns.items()}
    return {
        task: () if found == [EMPTY_LIST] else tuple(dict.fromkeys(found))
        for task, found in cells.items()
        if found is not None
    }


def unknown_answers(
    task: str, asked: Mapping[int, Sequence[str]], known: Collection[str] | None
) -> tuple[str, int] | None:
    """What is wrong with answers that are no entities of the graph, all counted, and the first line; None if nothing.

    Args:
        task: Name of the task.
        asked: IRIs that answer, by line.
        known: IRIs of the graph; None: anything goes.
    """
    wrong = [(line, iri) for line, iris in asked.items() for iri in iris if known is not None and iri not in known]
    if not wrong or known is None:
        return None
    line, iri = wrong[0]
    hint = iri_hint(iri, known, "correct them, or give an empty list where the graph holds no answer")
    rows = len({line for line, _ in wrong})
    return (
        f"task {task!r}: expected answers that are entities of the graph, found others in {rows} of {len(asked)} rows, "
        f"first {iri!r}; {hint}",
        line,
    )


def columns_in(template: str) -> list[str]:
    """Columns that a template names; a template without braces is a column."""
    return re.findall(r"\{(.+?)\}", template) if "{" in template else [template]


def cell_value(row: Row, column: str, kind: Cells, text: str | None) -> float | str | Spans | None:
    """The value of a cell that holds no names; None where it is empty.

    Args:
        row: The row.
        column: Its column.
        kind: How it is read.
        text: The column of the text that stretches are of.

    Raises:
        DataError: It is no number, not finite, or no stretches of the text.
    """
    if kind == "spans":
        return cell_spans(row, column, text)
    values = cell_values(row, column, None)
    if not values:
        return None
    if kind == "text":
        return "\n".join(values)
    try:
        value = float(values[0]) if len(values) == 1 else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise row.error(f"expected a finite number in {column!r}, found {cell_text(row, column)!r}")
    return value


def cell_spans(row: Row, column: str, text: str | None) -> Spans | None:
    """Stretches of a text: `[[6, 20, "film"], …]`, or the same as JSON; an empty list marks nothing.

    A label that is an IRI, or is missing, counts as "entity".

    Raises:
        DataError: They are none, or not within the text.
    """
    cell = row.values.get(column)
    given = row.values.get(text) if text else None
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if not isinstance(given, str):
        raise row.error(
            f"expected one text in {text!r}, for the stretches in {column!r} to be of; found {_short(given)}"
        )
    try:
        cell = json.loads(cell) if isinstance(cell, str) else cell
    except ValueError:
        cell = None
    if not isinstance(cell, list | tuple):
        raise row.error(f'expected a list of stretches in {column!r}, [[start, end, "label"], …], found {_short(cell)}')
    before = len(given) - len(given.lstrip())
    return Spans(tuple(sorted(_span(row, column, one, (before, len(given.rstrip()))) for one in cell)))


def _span(row: Row, column: str, given: object, room: tuple[int, int]) -> Span:
    """One stretch, from the beginning of the text without the spaces around it."""
    match given:
        case [int(start), int(end), *rest] if room[0] <= start < end <= room[1] and len(rest) < 2:
            label = str(rest[0]).strip() if rest and rest[0] is not None else ""
            return Span(start - room[0], end - room[0], ENTITY if not label or "://" in label else label)
    raise row.error(
        f'expected stretches [start, end, "label"] with {room[0]} ≤ start < end ≤ {room[1]} in {column!r}, found '
        f"{_short(given)}"
    )


def _short(found: object) -> str:
    return f"{str(found)[:60]!r}"
