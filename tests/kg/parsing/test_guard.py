from __future__ import annotations

import json
from io import BufferedReader, BytesIO
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.parsing.guard import Watched, parse_json, refuse_entities

LAUGHS = '<?xml version="1.0"{encoding}?>\n<!DOCTYPE r [\n<!ENTITY a "ha">\n]>\n<r>&a;</r>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.rdf"
    file.write_bytes(LAUGHS.format(encoding=f' encoding="{encoding}"').encode(encoding))
    with pytest.raises(DataError, match="entity declarations") as caught:
        refuse_entities(file)
    assert caught.value.line == 3


def test_xml_without_entities_passes_whatever_follows_the_root(tmp_path: Path) -> None:
    file = tmp_path / "a.rdf"
    file.write_text('<?xml version="1.0"?>\n<!DOCTYPE r>\n<r><unclosed>')
    refuse_entities(file)


def test_what_is_no_xml_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.rdf"
    file.write_text("\n@prefix")
    with pytest.raises(DataError, match="expected RDF/XML") as caught:
        refuse_entities(file)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "content",
    [
        {"@context": "https://x/c"},
        {"@context": [{"p": "a:p"}, "https://x/c"]},
        {"@context": {"@import": "https://x/c"}},
        {"@context": {"p": {"@id": "a:p", "@context": "https://x/c"}}},
        [{"@graph": [{"a:p": {"@context": "https://x/c"}}]}],
    ],
)
def test_remote_contexts_are_refused_wherever_they_stand(content: object) -> None:
    with pytest.raises(DataError, match="remote context 'https://x/c'") as caught:
        parse_json("\n" + json.dumps(content), Path("a.jsonld"))
    assert caught.value.line == 2


def test_contexts_written_out_pass() -> None:
    content = {"@context": {"p": {"@id": "a:p", "@type": "@id"}}, "p": "https://x/c"}
    assert parse_json(json.dumps(content), Path("a.jsonld")) == content


def test_bad_json_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match="expected JSON: .* found '\"b\" 2'") as caught:
        parse_json('{"a": 1,\n"b" 2}'.replace("2}", "2"), Path("a.jsonld"))
    assert caught.value.line == 2


def test_json_nested_too_deeply_is_refused() -> None:
    with pytest.raises(DataError, match="nested too deeply"):
        parse_json("[" * 100_000 + "]" * 100_000, Path("a.jsonld"))


@pytest.mark.parametrize("size", [-1, 1000, 4096, 65_536])
@pytest.mark.parametrize(
    ("name", "content", "least"),
    [
        ("turtle", b"<http://x/a> <http://x/p> <http://x/b> .\n" * 5000, 0),
        ("turtle", b"p:a p:b p:c .\n" * 5000, 0),
        ("turtle", b"p:a p:b p:c .\n" * 5000 + b"@prefix p: <http://x/" + b"a" * 50_000 + b"> .", 50_000),
        ("json-ld", b'{"a": "' + b"b <c> " * 9000 + b'"}', 54_000),
        ("json-ld", b'{"a": "' + b'\\"b ' * 9000 + b'"}', 36_000),
        ("json-ld", b'{"a": "b"}\n' * 5000, 0),
    ],
)
def test_terms_are_seen_to_be_long(name: str, content: bytes, least: int, size: int) -> None:
    watched = Watched(BufferedReader(BytesIO(content)), name)
    found = b""
    while piece := watched.read(size):
        found += piece
    assert found == content
    assert max(least - 2 * 4096, 4096) <= watched.longest <= max(least + 2 * 4096, 4096)
