"""Rows of tables, each with its line, so that an error can say where it is: JSONL, TSV, CSV, Parquet; plain or .gz.

    read_table("films.tsv", ["film"])[0]  ->  Row(values={"film": "http://…", "title": "Alien (1979)"}, line=2, …)

Cells of CSV and TSV are text; those of JSONL and Parquet are what the file says. TSV may quote cells as CSV does (as
pandas and spreadsheets write it): a `"` counts at the beginning of a cell only.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ragmtl.errors import DataError
from ragmtl.kg.nearest import nearest_name
from ragmtl.kg.parsing.files import read_text
from ragmtl.kg.parsing.unpack import opened

ENDINGS = (".jsonl", ".ndjson", ".tsv", ".csv", ".parquet")
"""Endings of the tables that can be read, each also with .gz."""

EMPTY_LIST = "[]"
"""An empty list, in tables whose cells are text."""

_LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its values by column, the file, and its line in it (Parquet: number of the row), from 1."""

    values: Mapping[str, Any]
    source: Path
    line: int

    def error(self, message: str) -> DataError:
        """An error that says where this row is."""
        return DataError(message, self.source, self.line)

    def text(self, column: str) -> str:
        """A value as text, stripped; empty where there is none.

        Raises:
            DataError: The value is a list or an object, or holds half of a surrogate pair.
        """
        value = self.values.get(column)
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            raise self.error(f"expected text in {column!r}, found {_short(value)}")
        return self._checked(str(value), column).strip()

    def list(self, column: str) -> list[str]:
        """A value as a list of texts: a list, or text with | between its parts.

        Raises:
            DataError: The value is something else.
        """
        value = self.values.get(column)
        if not isinstance(value, list):
            return [part for part in map(str.strip, self.text(column).split("|")) if part]
        for part in value:
            if not isinstance(part, str):
                raise self.error(f"expected a list of texts in {column!r}, found {_short(part)} in it")
        return [self._checked(part, column).strip() for part in value if part.strip()]

    def _checked(self, text: str, column: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise self.error(f"expected Unicode text in {column!r}, found half of a surrogate pair") from error
        return text


def is_table(path: Path) -> bool:
    """Whether the name of a file says that it is a table."""
    return path.name.lower().removesuffix(".gz").endswith(ENDINGS)


def read_table(path: str | Path, columns: Sequence[str] = (), *, most: int | None = None) -> list[Row]:
    """The rows of a table that must have some.

    Args:
        path: A table: JSONL, TSV, CSV or Parquet, plain or .gz.
        columns: Columns that it must have; in JSONL and Parquet, that some row has.
        most: How many rows are read at most; all where None.

    Raises:
        DataError: As `read_rows`, or there is no row, or a column is missing (the message names the nearest).
    """
    rows = list(islice(read_rows(path), most))
    if not rows:
        raise DataError("expected a table with at least one row, found none", Path(path).expanduser())
    _require(rows, columns)
    return rows


def read_rows(path: str | Path) -> Iterator[Row]:
    """All rows of a table, in order; blank lines are passed over.

    Raises:
        DataError: The file cannot be read, or a row is not what its format asks for (with file and line).
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataError("expected a table, found no file there; check the path", file)
    ending = Path(file.name.lower().removesuffix(".gz")).suffix
    match ending:
        case ".jsonl" | ".ndjson":
            return _read_json_lines(file)
        case ".csv" | ".tsv":
            return _read_separated(file, "," if ending == ".csv" else "\t")
        case ".parquet":
            return _read_parquet(file)
    raise DataError(f"expected a table ({', '.join(ENDINGS)}, each also .gz), found {file.name!r}", file)


def _require(rows: Sequence[Row], columns: Sequence[str]) -> None:
    known = dict.fromkeys(rows[0].values)
    if not all(column in known for column in columns):
        known = {name: None for row in rows for name in row.values}
    for column in columns:
        if column not in known:
            near = nearest_name(column, known)
            hint = f"did you mean {near!r}?" if near else f"the table has {', '.join(map(repr, known))}"
            raise DataError(f"expected a column {column!r}, found none; {hint}", rows[0].source, 1)


def _read_json_lines(path: Path) -> Iterator[Row]:
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if text.strip():
            yield Row(_json_object(text, path, line), path, line)


def _json_object(text: str, path: Path, line: int) -> Mapping[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise DataError(f"expected one JSON object per line, found malformed JSON: {error}", path, line) from error
    except RecursionError as error:
        raise DataError("expected one JSON object per line, found JSON nested too deeply", path, line) from error
    if not isinstance(values, dict):
        raise DataError(f"expected one JSON object per line, found {_short(values)}", path, line)
    return values


def _read_separated(path: Path, separator: str) -> Iterator[Row]:
    records = _records(path, separator)
    _, header = next(records, (1, []))
    columns = [name.strip() for name in header]
    if not columns:
        raise DataError("expected a first line with the names of the columns, found an empty file", path, 1)
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise DataError(f"expected the name of each column once, found {twice!r} twice", path, 1)
    for line, cells in records:
        if len(cells) != len(columns):
            expected = f"{len(columns)} cells as in the first line ({', '.join(columns)})"
            raise DataError(f"expected {expected}, found {len(cells)}", path, line)
        yield Row(dict(zip(columns, cells, strict=True)), path, line)


def _records(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with the line where it starts (a quoted cell may hold line breaks)."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            cells = _next_of_any_width(reader)
        except csv.Error as error:
            raise DataError(f"expected whole cells: {error}; is a quotation mark left open?", path, line) from error
        if cells is None:
            return
        if any(map(str.strip, cells)):
            yield line, cells
        line = reader.line_num + 1


def _read_parquet(path: Path) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    with opened(path) as file:
        content = io.BytesIO(file.read())
    try:
        batches = parquet.ParquetFile(content).iter_batches()
        rows = (values for batch in batches for values in batch.to_pylist())
        for line, values in enumerate(rows, start=1):
            yield Row(values, path, line)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"expected a Parquet table, found something else: {error}", path) from error


def _next_of_any_width(reader: Iterator[list[str]]) -> list[str] | None:
    """The next record; the limit of the module `csv`, which holds for the whole process, stays as it was."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(before)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"
