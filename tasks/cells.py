"""Cells of a table: one value, several, or none."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from ragmtl.kg.nearest import iri_hint
from ragmtl.retrieval.files.tables import Row

EMPTY = "[]"
"""An empty list, in tables whose cells are text."""


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
        task: () if found == [EMPTY] else tuple(dict.fromkeys(found))
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
