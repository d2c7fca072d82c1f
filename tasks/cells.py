"""Cells of a table: one value, several, or none."""

from __future__ import annotations

import re

from ragmtl.retrieval.files.tables import Row


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


def columns_in(template: str) -> list[str]:
    """Columns that a template names; a template without braces is a column."""
    return re.findall(r"\{(.+?)\}", template) if "{" in template else [template]
