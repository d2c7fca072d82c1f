from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.parsing.read import Lane, OnError, read_rdf

A, P, XSD = "http://x/a", "http://x/p", "http://www.w3.org/2001/XMLSchema#"

WRONG = {
    "number.jsonld": f'{{"@context": {{"p": {{"@id": "{P}", "@type": "{XSD}double"}}}}, "@id": "{A}", "p": 5}}',
    "graph.jsonld": f"""{{"@context": {{"in": {{"@id": "{P}", "@container": "@graph"}}}}, "@id": "{A}",
        "in": {{"{P}": "1"}}}}""",
    "scoped.jsonld": f"""{{"@context": {{"@vocab": "http://x/", "T": {{"@id": "http://x/T", "@context": null}}}},
        "@type": "T", "p": "1", "{P}": {{"@id": "{A}"}}}}""",
    "dots.ttl": f"@base <http://x/a/b?c> . <{A}> <{P}> <?d> .",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_rdflib_reads_wrong_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(WRONG[name])
    assert read_rdf(tmp_path / name).report.statements
    with pytest.raises(DataError, match="reads as the standard says, found that it .*; leave out lane='rdflib'"):
        read_rdf(tmp_path / name, lane="rdflib")


@pytest.mark.parametrize("number", ["5.3", "1.50", "-0.25", "1e-7", "1.0", "2e3", "123456789.125", "0.1"])
def test_numbers_of_json_are_written_alike(tmp_path: Path, number: str) -> None:
    (tmp_path / "a.jsonld").write_text(f'{{"@id": "{A}", "{P}": {number}}}')
    assert read_rdf(tmp_path / "a.jsonld", lane="rdflib").digest == read_rdf(tmp_path / "a.jsonld").digest


BAD = {
    "name.ttl": r"@prefix x: <http://x/> . x:a x:p x:b\u0063 .",
    "dash.ttl": "@prefix x: <http://x/> . x:a x:p x:-o .",
    "quotes.ttl": '<http://x/a> <http://x/p> """a""""" .',
    "path.ttl": "@prefix x: <http://x/> . x:a x:p x:b!x:c .",
    "list.trig": "<http://x/g> { (1 2) . }",
    "protected.jsonld": """{"@context": [{"p": {"@id": "http://x/p", "@protected": true}}, {"p": "http://x/q"}],
        "p": "1"}""",
    "value.jsonld": '{"http://x/p": {"@value": ["a"]}}',
}


@pytest.mark.parametrize("lane", [None, "rdflib"])
@pytest.mark.parametrize("name", BAD)
def test_what_the_grammar_refuses_is_refused(tmp_path: Path, name: str, lane: Lane | None) -> None:
    (tmp_path / name).write_text(BAD[name])
    with pytest.raises(DataError):
        read_rdf(tmp_path / name, lane=lane)


def test_what_is_left_out_is_counted_as_in_the_default_lane(tmp_path: Path) -> None:
    (tmp_path / "a.jsonld").write_text(f'{{"@id": "{A}", "{P}": "yes", "note": 1}}')
    (tmp_path / "a.ttl").write_text(f"<{A}> <{P}> <http://x/b> , <http://x/%> .")
    asked: tuple[tuple[str, OnError], ...] = (("a.jsonld", "strict"), ("a.ttl", "skip"))
    for name, on_error in asked:
        lanes: tuple[Lane | None, ...] = (None, "rdflib")
        reports = [read_rdf(tmp_path / name, lane=lane, on_error=on_error).report for lane in lanes]
        assert sum(count for _, count in reports[0].left_out) == 1
        assert reports[0].left_out == reports[1].left_out


def test_files_come_together_as_in_the_default_lane(tmp_path: Path) -> None:
    for name in ("a.ttl", "b.ttl"):
        (tmp_path / name).write_text(f"_:n <{P}> [ <{P}> <{A}> ] .")
    (tmp_path / "c.n3").write_text(f"<{A}> <{P}> <http://x/c> . {{ <{A}> <{P}> 1 }} => {{ <{A}> <{P}> 2 }} .")
    graph = read_rdf(tmp_path, lane="rdflib")
    assert (len(graph), sum(node.startswith("_:") for node in graph.nodes)) == (5, 4)
    assert [source.statements for source in graph.sources] == [2, 2, 1]
    assert graph.digest == read_rdf(tmp_path).digest


def test_xml_literals_are_in_canonical_form_in_every_lane(tmp_path: Path) -> None:
    inner = "<r:Description r:about=\"http://x/a\"><x:p r:parseType = 'Literal'>{}</x:p></r:Description>"
    head = '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/">'
    for text, written in (("<x:b/>", '<x:b xmlns:x="http://x/"></x:b>'), ("", "")):
        (tmp_path / "a.rdf").write_text(head + inner.format(text) + "</r:RDF>")
        found = [read_rdf(tmp_path / "a.rdf"), read_rdf(tmp_path / "a.rdf", lane="rdflib")]
        assert [graph.literals[0].text for graph in found] == [written] * 2
        with pytest.raises(DataError, match="expected RDF/XML without XML literals"):
            read_rdf(tmp_path / "a.rdf", lane="pyoxigraph")


def test_an_empty_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("")
    with pytest.raises(DataError, match="at least one triple"):
        read_rdf(tmp_path / "a.ttl", lane="rdflib")
