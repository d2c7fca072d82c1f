"""Tables of users: CSV, TSV, JSONL and Parquet, each plain or gzipped, as rows that know their line.

    read_rows("films.tsv")[0]  ->  Row(line=2, values={"item": "http://…", "title": "Alien (1979)", …})

Cells of CSV and TSV are text; those of JSONL and Parquet are what the file says. TSV may quote cells as CSV does.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ragmtl.errors import DataError

FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
WIDEST_CELL = 2**31 - 1
IRIS_COMPARED = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its line in the file, counted from 1 (in Parquet: its number), and its cells by column."""

    line: int
    values: Mapping[str, object]


def read_rows(path: str | Path, columns: Sequence[str] = ()) -> list[Row]:
    """Read a table.

    Args:
        path: A .csv, .tsv, .jsonl or .parquet file, or such a file followed by .gz.
        columns: Columns that the table must have.

    Raises:
        DataError: The file is missing, of another kind, damaged or empty, a row is malformed, or a column is missing.
    """
    path = Path(path)
    reader = _reader(path)
    try:
        rows = list(reader(_content(path), path))
    except UnicodeDecodeError as error:
        raise DataError(
            f"expected UTF-8 text, found byte {error.object[error.start]:#04x}; re-encode it", path
        ) from None
    if not rows:
        raise DataError("expected a table with at least one row, found none", path)
    _require(path, rows, columns)
    return rows


def _reader(path: Path) -> Callable[[bytes, Path], Iterator[Row]]:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
    match kind:
        case ".csv":
            return _read_csv
        case ".tsv":
            return _read_tsv
        case ".jsonl":
            return _read_jsonl
        case ".parquet":
            return _read_parquet
    known = ", ".join(FORMATS)
    raise DataError(f"expected a name that ends in one of {known} (or in that and .gz), found {path.name!r}", path)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix.lower() == ".gz" else content
    except FileNotFoundError:
        raise DataError("expected a table, found no such file", path) from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"expected a readable file, found: {error}", path) from None


def _read_csv(content: bytes, path: Path) -> Iterator[Row]:
    return _delimited(content, path, ",")


def _read_tsv(content: bytes, path: Path) -> Iterator[Row]:
    return _delimited(content, path, "\t")


def _delimited(content: bytes, path: Path, delimiter: str) -> Iterator[Row]:
    lines = _records(content, path, delimiter)
    _, header = next(lines, (1, []))
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise DataError(f"expected different column names, found {twice!r} twice", path, 1)
    for line, cells in lines:
        if len(cells) != len(header):
            raise DataError(f"expected {len(header)} cells as in the header, found {len(cells)}", path, line)
        yield Row(line, dict(zip(header, cells, strict=True)))


def _records(content: bytes, path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not blank, each with the line where it starts (a quoted cell may hold line breaks)."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    narrow = csv.field_size_limit(WIDEST_CELL)
    reader, line = csv.reader(text, delimiter=delimiter, strict=True), 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"expected well-formed cells, found: {error}; is a quotation mark open?", path, line) from None
    finally:
        csv.field_size_limit(narrow)


def _read_jsonl(content: bytes, path: Path) -> Iterator[Row]:
    for line, text in enumerate(content.decode("utf-8-sig").split("\n"), start=1):
        if text.strip():
            yield Row(line, _json_object(text, path, line))


def _json_object(text: str, path: Path, line: int) -> Mapping[str, object]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise DataError(f"expected a JSON object, found malformed JSON: {error}", path, line) from None
    except RecursionError:
        raise DataError("expected a JSON object, found JSON nested too deeply", path, line) from None
    if not isinstance(values, dict):
        raise DataError(f"expected a JSON object, found a {type(values).__name__}", path, line)
    return values


def _read_parquet(content: bytes, path: Path) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    try:
        batches = parquet.ParquetFile(io.BytesIO(content)).iter_batches()
        rows = (values for batch in batches for values in batch.to_pylist())
        yield from (Row(number, values) for number, values in enumerate(rows, start=1))
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"expected a Parquet file, found: {error}", path) from None


def _require(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    known: dict[str, None] = {}
    for row in rows:
        known.update(dict.fromkeys(row.values))
    for column in columns:
        if column not in known:
            raise DataError(f"expected a column {column!r}, found none{_nearest(column, list(known))}", path, 1)


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; the table has {', '.join(map(repr, known))}"


def nearest_iri(iri: str, known: Collection[str]) -> str | None:
    """The IRI whose local name is most like that of `iri`, if one is alike; at most 100,000 are compared."""
    by_name = {re.split(r"[/#]", other)[-1]: other for other in islice(known, IRIS_COMPARED)}
    near = difflib.get_close_matches(re.split(r"[/#]", iri)[-1], by_name, n=1, cutoff=0.8)
    return by_name[near[0]] if near else None
