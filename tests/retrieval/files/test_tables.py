from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from ragmtl.errors import DataError
from ragmtl.retrieval.files.tables import Row, is_table, read_rows, read_table

ROWS = [{"id": "a", "text": 'one "quoted" word'}, {"id": "b", "text": "two, with a comma"}]


BAD: list[tuple[str, bytes, str, int | None]] = [
    ("t.jsonl", b'{"id": 1}\n{"id": \n', "one JSON object per line, found malformed", 2),
    ("t.jsonl", b'{"id": 1}\n\n[1]\n', r"found \[1\]", 3),
    ("t.jsonl", b"[" * 100_000, "JSON", 1),
    ("t.jsonl", b'{"id": ' + b"1" * 5000 + b"}", "JSON", 1),
    ("t.tsv", b"id\ttext\na\tb\tc\n", r"expected 2 cells as in the first line \(id, text\), found 3", 2),
    ("t.csv", b'id,text\nb,c\na,"open\n\n', "quotation mark", 3),
    ("t.tsv", b'id\ttext\na\t"open" to end\n', "quotation mark", 2),
    ("t.csv", b"id,text,id \n", "found 'id' twice", 1),
    ("t.csv", b"id,text\na,\xff\n", "UTF-8", 2),
    ("t.tsv", b"", "names of the columns", 1),
    ("t.csv", b"id,text\n,\n\n", "at least one row", None),
    ("t.jsonl", b"\n", "at least one row", None),
    ("t.parquet", b"PAR1 and then nothing", "a Parquet table", None),
    ("t.jsonl.gz", b"no gzip", "whole gzip file", None),
    ("t.csv.gz", gzip.compress(b"id,text\na,b\n", mtime=0)[:-9], "whole gzip file", None),
    ("t.docx", b"", "expected a table", None),
    ("t", b"", "expected a table", None),
]


def write(path: Path, text: str) -> Path:
    content = text.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def table(path: Path) -> Path:
    if ".parquet" in path.name:
        buffer = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(ROWS), buffer)
        content = buffer.getvalue()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
        return path
    if ".jsonl" in path.name:
        return write(path, '{"id": "a", "text": "one \\"quoted\\" word"}\n\n{"id": "b", "text": "two, with a comma"}\n')
    if ".tsv" in path.name:
        return write(path, 'id\ttext\na\tone "quoted" word\n\nb\ttwo, with a comma\n')
    return write(path, '\ufeffid,text\na,"one ""quoted"" word"\n\nb,"two, with a comma"\n')


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(("kind", "lines"), [("jsonl", [1, 3]), ("tsv", [2, 4]), ("csv", [2, 4]), ("parquet", [1, 2])])
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: str, packed: str, lines: list[int]) -> None:
    path = table(tmp_path / f"t.{kind}{packed}")
    assert is_table(path)
    rows = list(read_rows(path))
    assert [row.values for row in rows] == ROWS
    assert [row.line for row in rows] == lines


def test_a_cell_of_csv_may_span_lines_and_be_long(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", f'id,text\na,"two\nlines"\nb,{"x" * 200_000}\n')
    before = csv.field_size_limit()
    first, second = read_rows(path)
    assert (first.line, second.line) == (2, 4)
    assert first.text("text") == "two\nlines"
    assert len(second.text("text")) == 200_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_quoted_cells_may_hold_what_separates_others(tmp_path: Path, kind: str) -> None:
    rows = [{"id": "a", "text": 'Älter,\t"schöner"\nlänger'}, {"id": "b", "text": "after it"}]
    with (tmp_path / f"t.v1.{kind}").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "text"], delimiter="\t" if kind == "tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)
    read = read_table(tmp_path / f"t.v1.{kind}", ["id", "text"])
    assert [row.values for row in read] == rows
    assert [row.line for row in read] == [2, 4]


@pytest.mark.parametrize(("name", "content", "message", "line"), BAD)
def test_what_cannot_be_read_names_the_file_and_the_line(
    tmp_path: Path, name: str, content: bytes, message: str, line: int | None
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_table(tmp_path / name)
    assert caught.value.source == tmp_path / name
    assert caught.value.line == line


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file there"):
        read_rows(tmp_path / "missing.csv")


@pytest.mark.parametrize("kind", ["jsonl", "tsv", "csv", "parquet"])
@pytest.mark.parametrize(("columns", "message"), [(["txet"], "did you mean 'text'"), (["zzz"], "the table has 'id', ")])
def test_a_missing_column_names_the_nearest(tmp_path: Path, kind: str, columns: Sequence[str], message: str) -> None:
    with pytest.raises(DataError, match=f"expected a column {columns[0]!r}, found none; {message}") as caught:
        read_table(table(tmp_path / f"t.{kind}"), columns)
    assert caught.value.line == 1


def test_a_column_of_jsonl_may_stand_in_any_row_and_reading_may_stop_early(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", '{"id": 1}\n{"id": 2, "text": ""}\n{broken\n')
    assert [row.line for row in read_table(path, ["id", "text"], most=2)] == [1, 2]
    with pytest.raises(DataError, match="'text'"):
        read_table(path, ["text"], most=1)


def test_values_of_a_row() -> None:
    row = Row({"id": 7, "none": None, "list": [" a ", "", "b"], "bars": "a | b|", "half": "\ud800"}, Path("t.jsonl"), 3)
    assert row.text("id") == "7"
    assert row.text("none") == row.text("missing") == ""
    assert row.list("list") == row.list("bars") == ["a", "b"]
    assert row.list("missing") == []
    with pytest.raises(DataError, match="t.jsonl:3: expected text in 'list'"):
        row.text("list")
    with pytest.raises(DataError, match="surrogate"):
        row.text("half")
    with pytest.raises(DataError, match="found 1 in it"):
        Row({"list": [1]}, Path("t.jsonl"), 1).list("list")
