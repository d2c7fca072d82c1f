"""Rows of tables, each with its line, so that an error can say where it is: JSONL, TSV, CSV, Parquet; plain or .gz.

TSV is read without quotes (a `"` is a letter like any other); CSV with them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ragmtl.errors import DataError
from ragmtl.kg.files import opened, read_text

ENDINGS = (".jsonl", ".ndjson", ".tsv", ".csv", ".parquet")
"""Endings of the tables that can be read, each also with .gz."""

_LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its values by column, the file, and its line in it (Parquet: number of the row), from 1."""

    values: dict[str, Any]
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


def _read_json_lines(path: Path) -> Iterator[Row]:
    for line, text in enumerate(read_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(f"expected one JSON object per line: {error}", path, line) from error
        if not isinstance(values, dict):
            raise DataError(f"expected a JSON object, found {_short(values)}", path, line)
        yield Row(values, path, line)


def _read_separated(path: Path, separator: str) -> Iterator[Row]:
    with _long_cells():
        lines = io.StringIO(read_text(path), newline="")
        quoting: Literal[0, 3] = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
        reader = csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)
        try:
            yield from _separated_rows(reader, path)
        except csv.Error as error:
            raise DataError(f"expected a {path.suffix} table: {error}", path, reader.line_num) from error


def _separated_rows(reader: Any, path: Path) -> Iterator[Row]:  # noqa: ANN401 - csv has no public type for it
    columns: list[str] = [name.strip() for name in next(reader, [])]
    if not columns or len(set(columns)) < len(columns):
        raise DataError(f"expected a first line with the names of the columns, each once, found {columns}", path, 1)
    end = reader.line_num
    for cells in reader:
        line, end = end + 1, reader.line_num
        if not any(map(str.strip, cells)):
            continue
        if len(cells) != len(columns):
            message = f"expected {len(columns)} cells ({', '.join(columns)}), found {len(cells)}"
            raise DataError(message, path, line)
        yield Row(dict(zip(columns, cells, strict=True)), path, line)


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
    except pyarrow.ArrowException as error:
        raise DataError(f"expected a Parquet table, found something else: {error}", path) from error


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let cells be as long as a passage may be."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"
