from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.files.passages import read_passages


def test_a_table(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("id\ttitle\ttext\tentities\tgroup\na\tA\tsome text\thttp://x/1|http://x/2|http://x/1\tg\n")
    (passage,), (source,) = read_passages(path)
    assert (passage.id, passage.title, passage.text, passage.group) == ("a", "A", "some text", "g")
    assert passage.entities == ("http://x/1", "http://x/2")
    assert (source.path, source.statements, len(source.sha256)) == (str(path), 1, 64)


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (["a\tone", "b\t "], 3, "expected a passage with 'text', found an empty one"),
        (["\tone"], 2, "expected a passage with 'id'"),
        (["a\tone", "b\ttwo", "a\tthree"], 4, "'a' here and in line 2"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, lines: list[str], line: int, message: str) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("\n".join(["id\ttext", *lines]))
    with pytest.raises(DataError, match=message) as caught:
        read_passages(path)
    assert caught.value.line == line


def test_a_table_without_text_says_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,body\na,b\n")
    with pytest.raises(DataError, match="with 'text', found only 'id', 'body'"):
        read_passages(path)


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("\n")
    with pytest.raises(DataError, match="at least one passage"):
        read_passages(path)


def test_a_folder_of_texts(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.md").write_text("intro\n\n## On rice\n\nRice.")
    (tmp_path / "a_text.txt").write_text("Plain text.\n")
    (tmp_path / "image.png").write_bytes(b"")
    passages, sources = read_passages(tmp_path)
    assert [(passage.id, passage.title) for passage in passages] == [("a_text.txt", "a text"), ("deep/b.md", "On rice")]
    assert len(sources) == 2
    (tmp_path / "empty.txt").write_text(" ")
    with pytest.raises(DataError, match="empty file"):
        read_passages(tmp_path)


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="folder without such files"):
        read_passages(tmp_path)


@pytest.mark.parametrize("entities", [["http://x/a\nhttp://x/b"], "http://x/a http://x/b"])
def test_what_is_no_iri_is_told_with_its_line(tmp_path: Path, entities: object) -> None:
    path = tmp_path / "passages.jsonl"
    path.write_text(json.dumps({"id": "a", "text": "b", "entities": entities}) + "\n")
    with pytest.raises(DataError, match=r"passages\.jsonl:1: expected IRIs in 'entities', found .*with \| between"):
        read_passages(path)
