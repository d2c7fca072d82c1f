"""JSON-LD in expanded form: as pyoxigraph reads it, or left to it."""

from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.jsonld import reader
from ragmtl.kg.jsonld.reader import read_expanded
from ragmtl.kg.parsing.read import Lane, read_rdf
from ragmtl.kg.parsing.reading import Reading

A, B, P = "http://x/a", "http://x/b", "http://x/p"
XSD = "http://www.w3.org/2001/XMLSchema#"


def is_sure(folder: Path, content: object) -> bool:
    """Whether a document is read here."""
    path = folder / "a.jsonld"
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return read_expanded(Reading(GraphBuilder(), path, 0))


def stated(folder: Path, content: str, lane: Lane | None = None) -> object:
    """What a document states in a lane, in its order, or that it ends in an error."""
    path = folder / "a.jsonld"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    try:
        graph = read_rdf(path, lane=lane)
    except DataError as error:
        return str(error)
    return _statements(graph), graph.report.left_out


def _statements(graph: KnowledgeGraph) -> tuple[object, ...]:
    """All statements in words; blank nodes, which each lane calls as the file does, but in an order of its own."""
    names = {node: f"_:{place}" for place, node in enumerate(n for n in graph.nodes if n.startswith("_:"))}
    triples = [graph.triple(at) for at in range(len(graph))]
    links = [(graph.nodes[h], graph.relations[r], graph.nodes[t]) for h, r, t in triples]
    texts = [
        (graph.nodes[node], graph.relations[int(graph.literals.relation_ids[row])], graph.literals[row])
        for row, node in enumerate(graph.literals.nodes.tolist())
    ]
    return tuple(sorted(map(str, links))), tuple(sorted(map(str, texts))), len(names)


SURE: list[object] = [
    [{"@id": A, P: [{"@id": B}, {"@id": "_:n"}, {"@value": "é"}, {"@language": "de-AT", "@value": "x"}, "plain"]}],
    [{"@id": "_:n", "@type": ["urn:t:1", "_:t"], P: {"@id": A}, "urn:q": [], "urn:r": '\U0001f600\\"\n\t\u00e9\x7f'}],
    [{"@id": A, P: [{"@value": "+007", "@type": XSD + "integer"}, {"@type": XSD + "string", "@value": "x"}]}],
    [{"@id": A, P: [{"@id": B}]}, {"@id": B}, {"@id": A, P: [{"@id": B}]}],
    '\ufeff [ {"@id" :"http://x/a",\r\n "http://x/p"\t: [ {"@value":"\\/\\u0041\\u00e9\\ud83d\\ude00\\u0022"} ] } ]\n',
    '[{"@id":"http://x/a","http://x/p":["x"],"http://x/p":["y"]}]',
    [{"@id": "http://x/é(1):99999/../c", P: [{"@value": "control \u0001", "@language": "zh-Hant-TW-x-y"}]}],
]


@pytest.mark.parametrize("content", SURE)
def test_what_is_surely_expanded_is_read_here_and_says_the_same(tmp_path: Path, content: object) -> None:
    assert is_sure(tmp_path, content)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    found = stated(tmp_path, text)
    assert not isinstance(found, str)
    assert found == stated(tmp_path, text, "pyoxigraph")


UNSURE: list[object] = [
    {"@id": A, P: [{"@id": B}]},
    {"@context": {}, "@graph": [{"@id": A, P: "x"}]},
    [{P: [{"@id": B}]}],
    [{"@id": "a", P: "x"}],
    [{"@id": A, "p": "x"}],
    [{"@id": A, "@type": "T"}],
    [{"@id": A, "_:p": "x"}],
    [{"@id": A, "@context": {"@vocab": "http://y/"}, P: "x"}],
    [{"@id": A, "@graph": [{"@id": B, P: "x"}]}],
    [{"@id": A, "@reverse": {P: {"@id": B}}}],
    [{"@id": A, P: [{"@id": B, P: "nested"}]}],
    [{"@id": A, P: [{"@list": ["x"]}]}],
    [{"@id": A, P: [1]}],
    [{"@id": A, P: [None]}],
    [{"@id": A, P: [["x"]]}],
    [{"@id": A, P: [{"@value": "x", "@language": "en", "@type": XSD + "string"}]}],
    [{"@id": A, P: [{"@value": "x", "@language": "en", "@direction": "rtl"}]}],
    [{"@id": A, P: [{"@value": "x", "@language": "en--rtl"}]}],
    [{"@id": A, P: [{"@value": "x", "@language": ""}]}],
    [{"@id": A, P: [{"@value": 1}]}],
    [{"@id": A, P: [{"@language": "en"}]}],
    [{"@id": A, P: [{"@value": "x", "@type": "_:t"}]}],
    [{"@id": A, P: [{"@value": "x", "@type": "@json"}]}],
    [{"@id": "_:a.b", P: "x"}],
    [{"@id": f"{A}> <{P}> <{B}> . #", P: "x"}],
    [{"@id": "http://x/a b", P: "x"}],
    [{"@id": A, P: "\ud800"}],
    '[{"@id":"http://x/a","http://x/p":"x"}',
    '[{"@id":"http://x/a","http://x/p":"x"}]]',
    '[{"@id":"http://x/a","http://x/p":"x"},]',
    '[{"@id":"http://x/a","http://x/p":["x",]}]',
    '[{"@id":"http://x/a","http://x/p":["x"],}]',
    '[{"@id":"http://x/a","http://x/p":"raw\ttab"}]',
    '[{"@id":"http://x/a","http://x/p":"\\x"}]',
    '[{"@id":"http://x/a","http://x/p":"\\u00g0"}]',
    '[{"@id":"http://x/\\u0061","http://x/p":"x"}]',
    '[{"@id":"http://x/a","http://x/p":"x"}] x',
    '[{"@id":"http://x/a","http://x/p":"\0"}]',
    "[,]",
    "",
]


@pytest.mark.parametrize("content", UNSURE)
def test_all_else_is_left_to_a_parser_of_json_ld(tmp_path: Path, content: object) -> None:
    assert not is_sure(tmp_path, content)
    text = content if isinstance(content, str) else json.dumps(content)
    assert stated(tmp_path, text) == stated(tmp_path, text, "pyoxigraph")


def test_what_was_read_before_something_odd_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_BLOCK", 1000)
    nodes: list[object] = [{"@id": f"http://x/{at}", P: [{"@id": A}, "text"]} for at in range(200)]
    text = json.dumps([*nodes, {"@id": A, P: [1]}])
    found = stated(tmp_path, text)
    assert found == stated(tmp_path, text, "pyoxigraph")


def test_pieces_and_lengths_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(SURE[0] + SURE[1] + [{"@id": A, P: ["long " * 40, {"@id": B}]}], ensure_ascii=False)  # type: ignore[operator]
    found = stated(tmp_path, text)
    for block in (1, 7, 64):
        monkeypatch.setattr(reader, "_BLOCK", block)
        assert is_sure(tmp_path, text)
        assert stated(tmp_path, text) == found
    monkeypatch.setattr(reader, "LONGEST", 100)
    assert not is_sure(tmp_path, text)
    assert stated(tmp_path, text) == found


def test_a_node_whose_lines_are_far_longer_is_left_to_the_parser(tmp_path: Path) -> None:
    """A long name with very many short values: its lines would take gigabytes."""
    assert not is_sure(tmp_path, [{"@id": "http://x/" + "a" * 20_000, P: ["x"] * 5000}])


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonld"
    path.write_bytes(b'[{"@id":"http://x/a","http://x/p":"\xff"}]')
    assert not read_expanded(Reading(GraphBuilder(), path, 0))
    with pytest.raises(DataError, match="UTF-8"):
        read_rdf(path)


BITS = '" \\ \\u00e9 \\ud83d \\ude00 \\/ { } [ ] , : \n \0 é < > @ _: '
BITS += '"@id": "@type": "@value": "@language": "x": null 1 "http://x/p":'
PIECES = st.sampled_from([*BITS.split(" "), " ", '"@context":{},', '{"@id":"http://x/b"}'])
WHOLE = json.dumps(SURE[0] + SURE[1] + SURE[2], ensure_ascii=False)  # type: ignore[operator]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A document in expanded form in which something was cut, or put in."""
    text = WHOLE
    for _ in range(draw(st.integers(1, 2))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(start + 8, len(text))))
        text = text[:start] + draw(PIECES) + text[end:]
    return text


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_damage_is_read_as_pyoxigraph_reads_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    assert stated(folder, text) == stated(folder, text, "pyoxigraph")


def test_what_programs_write_is_read_here(tmp_path: Path) -> None:
    """By pyoxigraph and by rdflib, where they are told nothing."""
    from rdflib import Graph

    lines = f'<{A}> <{P}> <{B}> .\n<{A}> <{P}> "é\\n"@fr .\n<{B}> <{P}> "1"^^<{XSD}decimal> .\n_:n <{P}> _:m .\n'
    quads = pyoxigraph.parse(lines, pyoxigraph.RdfFormat.N_QUADS)
    ours = (pyoxigraph.serialize(quads, format=pyoxigraph.RdfFormat.JSON_LD) or b"").decode()
    for text in (ours, Graph().parse(data=lines, format="nt").serialize(format="json-ld")):
        assert is_sure(tmp_path, text)
