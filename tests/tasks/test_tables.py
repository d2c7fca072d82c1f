from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from ragmtl.errors import DataError
from ragmtl.tasks.tables import nearest_iri, read_rows

ROWS = [{"item": "a", "title": 'Älter, "schöner"\nlänger'}, {"item": "b", "title": ""}]


def _write(path: Path, kind: str) -> Path:
    if kind == "parquet":
        parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    elif kind == "jsonl":
        path.write_text("\n\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["item", "title"], delimiter="\t" if kind == "tsv" else ",")
            writer.writeheader()
            writer.writerows(ROWS)
    return path


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
@pytest.mark.parametrize("zipped", [False, True])
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: str, zipped: bool) -> None:
    path = _write(tmp_path / f"rows.v1.{kind}", kind)
    if zipped:
        packed = path.with_name(path.name + ".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path = packed
    assert [dict(row.values) for row in read_rows(path, ["item", "title"])] == ROWS


def test_rows_know_the_line_they_start_on(tmp_path: Path) -> None:
    assert [row.line for row in read_rows(_write(tmp_path / "rows.csv", "csv"))] == [2, 4]
    assert [row.line for row in read_rows(_write(tmp_path / "rows.jsonl", "jsonl"))] == [1, 3]


def test_a_byte_order_mark_and_a_very_wide_cell_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,b\n" + "x" * 200_000 + ",1\n", encoding="utf-8-sig")
    assert len(str(read_rows(path, ["text"])[0].values["text"])) == 200_000


BAD: list[tuple[str, bytes, str, int | None]] = [
    ("rows.csv", b"a,b\n1,2\n1\n", "expected 2 cells as in the header, found 1", 3),
    ("rows.csv", b'a,b\n1,2\n"1,2\n', "quotation mark", 3),
    ("rows.csv", b"a,a\n1,2\n", "found 'a' twice", 1),
    ("rows.csv", b"a,b\n", "at least one row", None),
    ("rows.tsv", b"", "at least one row", None),
    ("rows.csv", b"a,b\n\xff,2\n", "0xff", None),
    ("rows.jsonl", b'{"a": 1}\n{"a": \n', "malformed JSON", 2),
    ("rows.jsonl", b'{"a": 1}\n\n[1]\n', "found a list", 3),
    ("rows.jsonl", b"[" * 100_000, "JSON", 1),
    ("rows.parquet", b"PAR1 and then nothing", "Parquet file", None),
    ("rows.csv.gz", b"a,b\n1,2\n", "readable file", None),
    ("rows.csv.gz", gzip.compress(b"a,b\n1,2\n")[:-9], "readable file", None),
    ("rows.xlsx", b"", "ends in one of .csv", None),
    ("rows", b"", "ends in one of .csv", None),
]


@pytest.mark.parametrize(("name", "content", "message", "line"), BAD)
def test_what_cannot_be_read_names_the_file_and_the_line(
    tmp_path: Path, name: str, content: bytes, message: str, line: int | None
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_rows(tmp_path / name)
    assert caught.value.source == tmp_path / name
    assert caught.value.line == line


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_rows(tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("columns", "message"), [(["tittle"], "did you mean 'title'"), (["zzz"], "the table has 'item'")]
)
def test_a_missing_column_names_the_nearest(tmp_path: Path, columns: Sequence[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_rows(_write(tmp_path / "rows.tsv", "tsv"), columns)


def test_the_nearest_iri_is_like_it_or_none() -> None:
    nodes = ["http://x/Brazil", "http://x/Casablanca"]
    assert nearest_iri("http://y/Cassablanca", nodes) == nodes[1]
    assert nearest_iri("http://y/Vertigo", nodes) is None
