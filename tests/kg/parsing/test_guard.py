from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.parsing.guard import parse_json, refuse_entities

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
