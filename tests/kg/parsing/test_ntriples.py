from __future__ import annotations

from io import BufferedReader, BytesIO
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.parsing import ntriples
from ragmtl.kg.parsing.ntriples import blocks, clip, read_line, split

PATH = Path("a.nt")
A, P = "<http://x/a>", "<http://x/p>"


def test_lines_say_what_they_say() -> None:
    assert read_line(f"{A} {P} _:b .", PATH, 1, quads=False) == ("http://x/a", "http://x/p", "_:b", "")
    assert read_line(f'{A}{P}"\\u00e9\\n"@de-AT{A}.# x', PATH, 1, quads=True) == (
        "http://x/a",
        "http://x/p",
        ("é\n", "", "de-AT"),
        "http://x/a",
    )
    assert read_line("  # nothing", PATH, 1, quads=False) is None
    assert read_line("", PATH, 1, quads=False) is None


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        (f"{A} {P}", 26, "expected an object"),
        (f"{A} _:p {A} .", 14, "expected a predicate"),
        (f'{A} {P} "a"@en--ltr .', 38, "direction of text"),
        (f'{A} {P} "\\uD800" .', 35, "half of a surrogate pair"),
        (f'{A} {P} "a"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .', 0, "without a language"),
        (f"{A} {P} <b> .", 27, "a relative IRI"),
        (f"{A} {P} {A} {A} .", 40, "a full stop"),
    ],
)
def test_errors_name_the_column(line: str, column: int, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read_line(line, PATH, 7, quads=False)
    assert caught.value.line == 7
    if column:
        assert f"column {column}: " in str(caught.value)


def test_blocks_are_whole_lines_and_know_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ntriples, "_BLOCK", 8)
    content = b"\xef\xbb\xbf1\n22\n333\n4444444444444\n5"
    found = list(blocks(BufferedReader(BytesIO(content)), PATH))
    assert b"".join(block for _, block in found) == content[3:]
    for first, block in found:
        assert block.startswith(str(first).encode())


def test_a_line_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ntriples, "LONGEST", 100)
    monkeypatch.setattr(ntriples, "_BLOCK", 8)
    with pytest.raises(DataError, match="found a longer one") as caught:
        list(blocks(BufferedReader(BytesIO(b"1\n" + b"2" * 1000)), PATH))
    assert caught.value.line == 2


def test_a_lone_carriage_return_ends_a_line_without_a_number() -> None:
    assert list(split(b"a\rb\r\n\nc", 5)) == [(5, b"a"), (5, b"b"), (7, b"c")]


def test_excerpts_are_short_and_in_quotes() -> None:
    assert clip("a\n b") == "'a b'"
    assert len(clip("a" * 10_000)) < 110
