from __future__ import annotations

import contextlib
import gzip
import socket
from contextlib import AbstractContextManager
from io import BufferedIOBase
from pathlib import Path
from typing import get_args

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.parsing.read import Lane, read_rdf, wanted
from ragmtl.kg.parsing.unpack import opened as unpacked

LANES = get_args(Lane)
XSD = "http://www.w3.org/2001/XMLSchema#"
A, B, P, Q = "http://x/a", "http://x/b", "http://x/p", "http://x/q"

TURTLE = """@prefix x: <http://x/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
x:a x:p x:b ; x:q "é\\n"@fr , "01"^^xsd:integer , "plain" .
"""
NTRIPLES = f"""# a comment
<{A}> <{P}> <{B}> .

<{A}> <{Q}> "\\u00E9\\n"@fr . # and another
<{A}>\t<{Q}>\t"01"^^<{XSD}integer>.
<{A}> <{Q}> "plain" ."""
XML = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/">
<rdf:Description rdf:about="http://x/a"><x:p rdf:resource="http://x/b"/><x:q xml:lang="fr">é
</x:q><x:q rdf:datatype="http://www.w3.org/2001/XMLSchema#integer">01</x:q><x:q>plain</x:q></rdf:Description></rdf:RDF>
"""
JSON = """{"@context": {"x": "http://x/", "xsd": "http://www.w3.org/2001/XMLSchema#"}, "@id": "x:a",
"x:p": {"@id": "x:b"}, "x:q": [{"@value": "é\\n", "@language": "fr"},
{"@value": "01", "@type": "xsd:integer"}, "plain"]}
"""
SAME = dict.fromkeys(["a.ttl", "a.n3", "a.trig"], TURTLE) | dict.fromkeys(["a.nt", "a.nq"], NTRIPLES)
SAME |= {"a.rdf": XML, "a.jsonld": JSON}

NAMED = {
    "a.nq": f'<{A}> <{P}> <{B}> <http://x/g> .\n<{A}> <{Q}> "1" .\n<{A}> <{P}> _:b _:b .',
    "a.trig": f'<http://x/g> {{ <{A}> <{P}> <{B}> }} <{A}> <{Q}> "1" . _:b {{ <{A}> <{P}> _:b }}',
    "a.jsonld": f"""[{{"@id": "http://x/g", "@graph": [{{"@id": "{A}", "{P}": {{"@id": "{B}"}}}}]}},
        {{"@id": "{A}", "{Q}": "1"}}, {{"@id": "_:b", "@graph": [{{"@id": "{A}", "{P}": {{"@id": "_:b"}}}}]}}]""",
}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file, gzipped where its name says so."""
    raw = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return folder / name


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("name", SAME)
def test_every_format_reads_to_the_same_graph(tmp_path: Path, name: str, packed: str) -> None:
    graph = read_rdf(write(tmp_path, name + packed, SAME[name]))
    integer = Literal("01", XSD + "integer")
    values = [(A, Q, Literal("é\n", language="fr")), (A, Q, integer), (A, Q, Literal("plain"))]
    assert graph.digest == KnowledgeGraph.from_triples([(A, P, B), *values]).digest
    assert graph.origin(0).source == str(tmp_path / (name + packed))
    assert graph.sources[0].statements == 4


@pytest.mark.parametrize("name", NAMED)
def test_named_graphs_are_kept(tmp_path: Path, name: str) -> None:
    graph = read_rdf(write(tmp_path, name, NAMED[name]))
    found = {graph.nodes[int(graph.tails[triple])]: graph.origin(triple).graph for triple in range(len(graph))}
    assert found == {B: "http://x/g", "_:f0b0": "_:f0b0"}
    assert graph.origins[int(graph.literals.origin_ids[0])].graph == ""


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["", "en", "de-at"]))
def test_any_text_comes_back_through_n_triples(
    tmp_path_factory: pytest.TempPathFactory, text: str, language: str
) -> None:
    escaped = text.translate({ord(char): f"\\u{ord(char):04X}" for char in '"\\\n\r'})
    line = f'<{A}> <{P}> "{escaped}"' + (f"@{language} ." if language else " .")
    graph = read_rdf(write(tmp_path_factory.mktemp("text"), "a.nt", line))
    assert graph.literals_of(0) == [(0, Literal(text, language=language))]


def test_shorthand_numbers_stay_as_written(tmp_path: Path) -> None:
    numbers = ["007", "+5", "1.50", "0.0000001", "-0.0", "1.0e3", "-7"]
    listed = ", ".join(numbers)
    for name, content in {
        "a.ttl": f"<{A}> <{P}> {listed} , true .",
        "a.n3": f"<{A}> <{P}> {listed} , true .",
        "a.trig": f"<http://x/g> {{ <{A}> <{P}> {listed} , true . }}",
    }.items():
        graph = read_rdf(write(tmp_path, name, content))
        assert {literal.text for _, literal in graph.literals_of(0)} == {*numbers, "true"}
        kinds = {literal.text: literal.datatype.removeprefix(XSD) for _, literal in graph.literals_of(0)}
        assert (kinds["007"], kinds["1.50"], kinds["1.0e3"]) == ("integer", "decimal", "double")


def test_rewriting_of_literals_is_left_as_it_was_found(tmp_path: Path) -> None:
    file = write(tmp_path, "a.nt", NTRIPLES)
    for setting in (True, False):
        rdflib.NORMALIZE_LITERALS = setting
        try:
            read_rdf(file)
            assert setting is rdflib.NORMALIZE_LITERALS
        finally:
            rdflib.NORMALIZE_LITERALS = True


def test_blank_nodes_stay_within_their_file(tmp_path: Path) -> None:
    write(tmp_path, "a.nt", f"_:x <{P}> _:y .\n_:y <{P}> _:x .")
    write(tmp_path, "b.ttl", f"_:x <{P}> [ <{P}> <{B}> ] .")
    graph = read_rdf(tmp_path)
    assert sorted(graph.nodes) == ["_:f0b0", "_:f0b1", "_:f1b0", "_:f1b1", B]
    assert len(graph) == 4


def test_a_triple_in_two_files_keeps_its_first_origin(tmp_path: Path) -> None:
    first = write(tmp_path, "b.nt", f"<{A}> <{P}> <{B}> .")
    second = write(tmp_path, "a.ttl", f'<{A}> <{P}> <{B}> ; <{Q}> "1" .')
    graph = read_rdf([first, second])
    assert graph.origin(0).source == str(first)
    assert graph.report.merged == 1
    assert "1 repeated statements merged" in str(graph.report)
    assert [source.statements for source in graph.sources] == [1, 2]


def test_files_that_are_no_rdf_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.nt", NTRIPLES)
    write(tmp_path, "corpus.jsonl", "{}")
    graph = read_rdf(tmp_path)
    assert graph.report.left_out == (("files in folders that are no RDF", 1),)
    assert "1 left out: files in folders that are no RDF" in str(graph.report)


def test_formulas_are_left_out_and_counted(tmp_path: Path) -> None:
    rule = "{ ?x <http://x/p> ?y } => { ?y <http://x/p> ?x } .\n"
    graph = read_rdf(write(tmp_path, "a.n3", rule + f"<{A}> <{P}> <{B}> . <{A}> [] <{B}> ."))
    assert len(graph) == 1
    reasons = dict(graph.report.left_out)
    assert reasons == {"statements in or about formulas (N3)": 3, "statements whose relation is no IRI": 1}


def test_a_format_may_be_given(tmp_path: Path) -> None:
    assert len(read_rdf(write(tmp_path, "a.txt", TURTLE), rdf_format="turtle")) == 1


def test_line_ends_and_byte_order_marks_of_other_systems(tmp_path: Path) -> None:
    lines = f"<{A}> <{P}> <{B}> .\r\n<{B}> <{P}> <{A}> .\r<{B}> <{P}> <{B}> ."
    assert len(read_rdf(write(tmp_path, "a.nt", b"\xef\xbb\xbf" + lines.encode()))) == 3
    turtle = lines.replace(".\r<", ".\r\n<")
    assert len(read_rdf(write(tmp_path, "a.ttl", b"\xef\xbb\xbf" + turtle.encode()))) == 3


def test_progress_tells_file_and_statements(tmp_path: Path) -> None:
    file = write(tmp_path, "a.nt", NTRIPLES)
    told: list[tuple[str, int]] = []
    read_rdf(file, progress=lambda source, count: told.append((source, count)))
    assert told == [(str(file), 4)]


MALFORMED = [
    ("a.nt", f"<{A}> <{P}> <{B}> .\n<{A}> <{P}> .", 2, "expected an object .* found '\\.'"),
    ("a.nt", f"\n\n<{A}> {P} <{B}> .", 3, "expected a predicate"),
    ("a.nt", f"<{A}> <{P}> <{B}>", 1, "expected a full stop"),
    ("a.nt", f"<{A}> <{P}> <{B}> <http://x/g> .", 1, "expected a full stop"),
    ("a.nt", f'<{A}> <{P}> "open .', 1, "expected an object"),
    ("a.nt", f'"text" <{P}> <{B}> .', 1, "expected a subject"),
    ("a.nt", f"<a> <{P}> <{B}> .", 1, "expected a subject"),
    ("a.nt", f"<< <{A}> <{P}> <{B}> >> <{P}> <{B}> .", 1, "expected a subject"),
    ("a.nt", f"<{A}> <{P}> <{B}> .\n".encode() + b"\xff", 2, "expected UTF-8 text, found the byte ff"),
    ("a.nq", f"<{A}> <{P}> <{B}> <{A}> .\n<{A}> <{P}> <{B}> 'g' .", 2, "full stop"),
    ("a.ttl", f"@prefix x: <http://x/> .\n<{A}> <{P}>\n  y:b .", 3, "y:"),
    ("a.ttl", f"<{A}> <{P}> <{B}> .\n<{A}> <{P}> ; .", 2, "expected|found"),
    ("a.ttl", f'<{A}> <{P}> "a', 1, "end of file|Quote expected"),
    ("a.ttl", f'<{A}> <{P}> <{B}> .\n\n<{A}> <{P}> "a"', 3, "end of the file|dot"),
    ("a.ttl", f"<{A}> <{P}> <{B}> .\n".encode() + b"\xff", 2, "expected UTF-8"),
    ("a.trig", f"<http://x/g> {{\n<{A}> <{P}> }}", 2, "found"),
    ("a.n3", f"<{A}> <{P}> <{B}> .\n}}", 2, "found"),
    ("a.rdf", XML.replace("</rdf:Description>", ""), 4, "mismatched tag|ill-formed"),
    ("a.rdf", XML.replace('rdf:about="http://x/a"', 'rdf:about="http://x/a" rdf:nodeID="a"'), 3, "expected RDF/XML"),
    ("a.rdf", XML.replace("<rdf:RDF", "<!DOCTYPE r [<!ENTITY a 'b'>]>\n<rdf:RDF"), 2, "entity declarations"),
    ("a.rdf", "", 1, "no element found"),
    ("a.jsonld", '{"@id": "http://x/a",\n "http://x/p" 1}', 2, "expected JSON"),
    ("a.jsonld", '{"@context": "http://schema.org/",\n "name": "x"}', 1, "remote context"),
    ("a.jsonld", "", 1, "expected JSON"),
]


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize(("name", "content", "line", "message"), MALFORMED)
def test_a_malformed_file_names_its_line(
    tmp_path: Path, lane: Lane, name: str, content: str | bytes, line: int, message: str
) -> None:
    file = write(tmp_path, name, content)
    with pytest.raises(DataError, match=message) as caught:
        read_rdf(file, lane=lane)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert caught.value.line == line


@pytest.mark.parametrize("content", ['{"@context": 5}', '{"@context": {"p": 5}, "p": 1}', "5"])
def test_odd_json_is_a_data_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(DataError):
        read_rdf(write(tmp_path, "a.jsonld", content))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SAME)), st.data())
def test_damage_ends_in_a_graph_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    raw = SAME[name].encode()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(start + 20, len(raw))))
    damaged = raw[:start] + data.draw(st.binary(max_size=3)) + raw[end:]
    file = write(tmp_path_factory.mktemp("damaged"), name, damaged)
    with contextlib.suppress(DataError):
        assert read_rdf(file).report.statements > 0


@pytest.mark.parametrize("name", ["a.nt.gz", "a.ttl.gz", "a.rdf.gz", "a.jsonld.gz"])
def test_damaged_gzip_files_are_refused(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, name, SAME[name.removesuffix(".gz")] + "\n" * 5000)
    whole = file.read_bytes()
    for content in (whole[:-9], whole[:40] + b"damage" + whole[46:], b"no gzip"):
        file.write_bytes(content)
        with pytest.raises(DataError, match="gzip"):
            read_rdf(file)


@pytest.mark.parametrize(
    ("name", "content"), [("a.ttl", "# nothing"), ("a.nt", ""), ("a.jsonld", "{}"), ("a.nq", "\n")]
)
def test_an_empty_graph_is_refused(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(DataError, match=rf"{name}: expected at least one triple"):
        read_rdf(write(tmp_path, name, content))


def test_an_empty_file_beside_others_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, "a.nt", "")
    write(tmp_path, "b.nt", NTRIPLES)
    assert [source.statements for source in read_rdf(tmp_path).sources] == [0, 4]


@pytest.mark.parametrize("source", ["missing.ttl", "*.ttl"])
def test_missing_files_are_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(DataError, match="found n"):
        read_rdf(tmp_path / source)


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give rdf_format"):
        read_rdf(write(tmp_path, "a.csv", NTRIPLES))


def test_half_a_surrogate_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="surrogate"):
        read_rdf(write(tmp_path, "a.nt", f'<{A}> <{P}> "\\uD800" .'))


RELATIVE = {
    "a.ttl": "\n<b> <http://x/p> <http://x/b> .",
    "a.n3": "\n<b> <http://x/p> <http://x/b> .",
    "a.trig": "\n<b> { <http://x/a> <http://x/p> <http://x/b> }",
    "a.rdf": XML.replace("http://x/b", "b").replace("?>", "?>\n").replace("\n", "", 1),
    "a.jsonld": '{"@id": "http://x/a",\n"http://x/p": {"@id": "b"}}',
}


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("name", RELATIVE)
def test_relative_iris_ask_for_a_base(tmp_path: Path, name: str, lane: Lane) -> None:
    file = write(tmp_path, name, RELATIVE[name])
    with pytest.raises(DataError, match="found the relative 'b' and no base .* give base=") as caught:
        read_rdf(file, lane=lane)
    assert caught.value.line == (3 if name == "a.rdf" else 2)
    graph = read_rdf(file, lane=lane, base="http://base/c/d")
    assert "http://base/c/b" in {*graph.nodes, *(origin.graph for origin in graph.origins)}


def test_a_base_is_an_absolute_iri(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected base to be an absolute IRI"):
        read_rdf(write(tmp_path, "a.nt", NTRIPLES), base="c/d")


SKIPPED = {
    "a.nt": f'<{A}> <{P}> <{B}> .\n<{A}> <{P}> "a"@e_n .\n<{A}> <http://x/ > <{B}> .\n<{A}> <{P}>',
    "a.nq": f'<{A}> <{P}> <{B}> .\n<{A}> <{P}> "open .\n<{A}> <{P}> <b> .\n<{A}> <{P}> "\\uD800" .',
    "a.ttl": f'<{A}> <{P}> <{B}> , "a"@abcdefghi ; <http://x/%> <{B}> . <{A}> <{P}> <b> .',
    "a.trig": f'<{A}> <{P}> <{B}> , "a"@abcdefghi . <http://x/%> {{ <{A}> <{P}> <{B}> , 2 }}',
    "a.rdf": XML.replace('rdf:resource="http://x/b"/>', 'rdf:resource="http://x/b"/><x:p rdf:resource="http://x/%"/>')
    .replace('"fr"', '"abcdefghi"')
    .replace("/XMLSchema#", "/ #"),
    "a.jsonld": f'''{{"@id": "{A}", "{P}": [{{"@id": "{B}"}}, {{"@id": "http://x/%"}},
        {{"@value": "a", "@language": "abcdefghi"}}, {{"@id": "b"}}]}}''',
}


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("name", SKIPPED)
def test_bad_statements_are_skipped_and_counted_on_request(tmp_path: Path, name: str, lane: Lane) -> None:
    file = write(tmp_path, name, SKIPPED[name])
    with pytest.raises(DataError):
        read_rdf(file, lane=lane)
    graph = read_rdf(file, lane=lane, on_error="skip")
    assert [graph.triple(0), len(graph)] == [(0, 0, 1), 1]
    assert sum(count for _, count in graph.report.left_out) == 3
    assert "3 left out: " in str(graph.report)
    reasons, examples = zip(*graph.report.examples, strict=True)
    assert set(reasons) == {reason for reason, _ in graph.report.left_out}
    assert len(examples) == 3
    assert all(example.startswith(str(file)) for example in examples)
    if lane != "rdflib" or name in ("a.nt", "a.nq"):
        assert all(example.startswith(f"{file}:") for example in examples), "each names its line"


def test_where_all_is_left_out_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"found none in 1 files; left out: 1 lines that .* such as .*a\.nt:1: column 1"
    ):
        read_rdf(write(tmp_path, "a.nt", "nonsense"), on_error="skip")


def test_what_cannot_be_asked_for_is_refused() -> None:
    with pytest.raises(DataError, match="expected on_error to be one of strict, skip; found 'raise'"):
        wanted(None, "raise", None)
    with pytest.raises(DataError, match="expected lane to be one of scan, pyoxigraph, rdflib; found 'fast'"):
        wanted(None, "strict", "fast")


def test_many_bad_lines_do_not_open_the_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def watched(path: Path) -> AbstractContextManager[BufferedIOBase]:
        opened.append(path)
        return unpacked(path)

    monkeypatch.setattr("ragmtl.kg.parsing.sniff.opened", watched)
    content = f"<{A}> <{P}> <{B}> .\n" + f"<{A}> <{P}> .\n" * 500
    graph = read_rdf(write(tmp_path, "a.nt", content), on_error="skip")
    assert graph.report.left_out == (("lines that are no statement", 500),)
    assert len(opened) == 1, "the file is looked at once for what it may be instead"


@pytest.mark.parametrize("lane", LANES)
def test_keys_without_an_iri_are_dropped_as_json_ld_says(tmp_path: Path, lane: Lane) -> None:
    content = f'{{"@context": {{"p": "{P}"}}, "@id": "{A}", "p": "yes", "note": 1, "deep": {{"p": "no"}}}}'
    graph = read_rdf(write(tmp_path, "a.jsonld", content), lane=lane)
    assert graph.digest == KnowledgeGraph.from_triples([(A, P, Literal("yes"))]).digest
    if lane == "pyoxigraph":
        assert graph.report.left_out == (("statements with a bad IRI or language tag", 2),)
