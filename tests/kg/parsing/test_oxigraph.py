from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.oxigraph import ElsewhereError, parse_file
from ragmtl.kg.parsing.reading import BAD_TERMS, Options, Reading

ONE = "<http://x/a> <http://x/p> <http://x/b> .\n"
ELSEWHERE = {
    "n3": "{ <http://x/a> <http://x/p> 1 } => { <http://x/a> <http://x/p> 2 } .",
    "turtle": '<http://x/a> <http://x/p> """' + "a" * (1 << 25) + '""" .',
    "xml": """<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/"><r:Description
        r:about="http://x/a"><x:p r:parseType="Literal"><x:b/></x:p></r:Description></r:RDF>""",
}


def read(path: Path, name: str, *, skip: bool = False) -> tuple[KnowledgeGraph, Reading]:
    reading = Reading(GraphBuilder(), path, 0, options=Options(skip=skip))
    parse_file(reading, name)
    return reading.builder.build(), reading


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_only_rdflib_reads_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_text(ELSEWHERE[name])
    with pytest.raises(ElsewhereError):
        read(tmp_path / "a", name)


def test_a_text_that_speaks_of_xml_literals_is_no_xml_literal(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(ELSEWHERE["xml"].replace(' r:parseType="Literal"><x:b/>', ">parseType Literal"))
    assert read(tmp_path / "a", "xml")[0].literals[0].text == "parseType Literal"


def test_json_ld_counts_what_it_drops_and_reads_the_rest_to_the_letter(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"@id": "http://x/a", "http://x/p": "kept", "note": 1, "more": {"@id": "http://x/b"}}')
    graph, reading = read(tmp_path / "a", "json-ld")
    assert list(graph.literals.texts) == ["kept"]
    assert reading.left_out.count(BAD_TERMS) == 2


def test_a_bad_term_is_left_out_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("<http://x/a> <http://x/p> <http://x/b> ,\n<http://x/%> .")
    with pytest.raises(DataError):
        read(tmp_path / "a", "turtle")
    _, reading = read(tmp_path / "a", "turtle", skip=True)
    assert reading.left_out.examples() == ((BAD_TERMS, f"{tmp_path / 'a'}:2: 'http://x/%'"),)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("content", [ONE, ONE + "<http://x/a>", "<http://x/a> <b> 1 ."])
def test_the_search_for_cycles_goes_on_afterwards_if_it_went_on_before(
    tmp_path: Path, content: str, enabled: bool
) -> None:
    (tmp_path / "a").write_text(content)
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with suppress(DataError):
            read(tmp_path / "a", "turtle")
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
