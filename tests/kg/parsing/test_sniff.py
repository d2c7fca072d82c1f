from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ragmtl.kg.parsing.sniff import hint, looks_like, malformed, packed_hint

LINE = "<http://x/a> <http://x/p> <http://x/b> .\n"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("\ufeff<!DOCTYPE HTML>", "html"),
        ("<?xml version='1.0'?><rdf:RDF", "xml"),
        ('[{"@id": 1}]', "json-ld"),
        ("PREFIX x: <http://x/>\nx:a x:p x:b .", "turtle"),
        ("@prefix x: <http://x/> .\nGRAPH x:g { x:a x:p x:b }", "trig"),
        (f"# a comment\n{LINE}", "nt"),
        (LINE.replace(" .", " <http://x/g> ."), "nquads"),
        ("[ <http://x/p> 1 ] .", None),
        ("", None),
        ("nothing that is known", None),
    ],
)
def test_what_texts_look_like(head: str, kind: str | None) -> None:
    assert looks_like(head) == kind


def test_hints_say_what_to_do_and_only_where_it_helps(tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_text(LINE)
    assert hint(file, "turtle") == hint(file, "nt") == ""
    assert hint(file, "xml") == "; this looks like N-Triples: give rdf_format='nt', or rename the file"
    assert hint(tmp_path / "missing.ttl", "xml") == ""


def test_a_packed_file_without_its_ending_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_bytes(gzip.compress(LINE.encode()))
    assert packed_hint(tmp_path / "a.ttl") == hint(tmp_path / "a.ttl", "nt")
    assert "this is packed (gzip), add .gz" in packed_hint(tmp_path / "a.ttl")


def test_a_file_that_changed_is_looked_at_again(tmp_path: Path) -> None:
    file = tmp_path / "a.ttl"
    file.write_text(LINE)
    assert "N-Triples" in hint(file, "xml")
    file.write_text("<html><body>")
    assert "HTML" in hint(file, "xml")


def test_errors_have_line_and_column(tmp_path: Path) -> None:
    error = malformed("expected a, found b", tmp_path / "a.nt", "nt", 3, 5)
    assert str(error) == f"{tmp_path / 'a.nt'}:3: column 5: expected a, found b"
