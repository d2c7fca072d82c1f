from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from ragmtl.errors import DataError
from ragmtl.retrieval.tables import Row, is_table, read_rows

ROWS = [{"id": "a", "text": 'one "quoted" word'}, {"id": "b", "text": "two, with a comma"}]


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


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("t.jsonl", '{"id": 1}\n{"id": \n', 2, "one JSON object per line"),
        ("t.jsonl", '{"id": 1}\n[1]\n', 2, "found \\[1\\]"),
        ("t.tsv", "id\ttext\na\tb\tc\n", 2, "expected 2 cells .*found 3"),
        ("t.csv", 'id,text\na,"open\n', 2, "csv"),
        ("t.csv", "id,id\n", 1, "each once"),
        ("t.tsv", "", 1, "names of the columns"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, name: str, text: str, line: int, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        list(read_rows(write(tmp_path / name, text)))
    assert caught.value.line == line
    assert str(tmp_path / name) in str(caught.value)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file there"):
        read_rows(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="expected a table"):
        read_rows(write(tmp_path / "notes.docx", ""))
    with pytest.raises(DataError, match="expected a Parquet table"):
        list(read_rows(write(tmp_path / "t.parquet", "id,text")))
    (tmp_path / "t.csv").write_bytes(b"id,text\na,\xff\n")
    with pytest.raises(DataError, match="UTF-8"):
        list(read_rows(tmp_path / "t.csv"))
    (tmp_path / "t.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(DataError, match="gzip"):
        list(read_rows(tmp_path / "t.jsonl.gz"))


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
