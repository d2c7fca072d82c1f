"""The central test: the same file through every lane is the same graph, up to names of blank nodes; and a fuzz test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib import BNode, Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.compare import to_isomorphic

from ragmtl.errors import Error
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import Lane, read_rdf

LANES = (None, *get_args(Lane))
XSD = "http://www.w3.org/2001/XMLSchema#"

LINES = (
    """# all that lines may hold
<http://x/a> <http://x/p> <http://x/b> .
<http://x/a> <http://x/p> "plain", "\\u00e9\\U0001F600\\t\\"\\\\" .
""".replace(", ", " .\n<http://x/a> <http://x/p> ")
    + f"""
<http://x/a> <http://x/q> "007"^^<{XSD}integer> .
<http://x/a> <http://x/q> "+007"^^<{XSD}integer> .
<http://x/a> <http://x/q> "1.50"^^<{XSD}decimal> .
<http://x/a> <http://x/q> "TRUE"^^<{XSD}boolean> .
<http://x/a> <http://x/q> "x"^^<{XSD}string> .
<http://x/a> <http://x/q> "x"@de-AT .
<http://x/a> <http://x/q> "X"@EN .
_:n1 <http://x/p> _:n2 .
_:n2 <http://x/p> _:n1 .
<http://x/é> <http://x/p> <urn:a:b?c#d> .
"""
)
QUADS = (
    LINES
    + """<http://x/a> <http://x/p> <http://x/b> <http://x/g> .
<http://x/a> <http://x/p> "in a graph" _:g .
_:n1 <http://x/p> <http://x/b> _:g .
"""
)
TURTLE = """@base <http://x/c/> . @prefix x: <http://x/> . @prefix : <http://x/c#> . PREFIX é: <http://x/é/>
x:a x:p x:b , [ x:p ( 1 2.50 "three" ) ] ; a x:Thing .
<d> :p 007 , +5 , -0.0 , 1e3 , .5E-1 , true , false .
<../e> x:p '''long ' "text"
over lines''' , 'short'@de , "é"^^x:type ; é:ö "\\u0041" .
x:a\\,b x:p x:%41 , _:n , [] . _:n x:p () .
[ x:q 1 ] x:p 2 .
"""
TRIG = (
    TURTLE
    + """x:g { x:a x:p x:b , _:n . _:n x:p "in a graph" . }
GRAPH <h> { x:a x:p [] } { x:a x:q 1 } _:k { x:a x:p _:k }
"""
)
XML = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE rdf:RDF>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/" xml:base="http://x/c/">
<x:Thing rdf:about="d" x:q="an attribute"><x:p rdf:resource="../e"/><x:p rdf:nodeID="n"/></x:Thing>
<rdf:Description rdf:nodeID="n"><x:q xml:lang="de-AT">é &amp; ü</x:q><x:p rdf:parseType="Resource"><x:q>1</x:q></x:p>
<x:p rdf:parseType="Collection"><x:Thing rdf:ID="f"/><rdf:Description rdf:about="urn:g:h"/></x:p>
<x:q rdf:datatype="http://www.w3.org/2001/XMLSchema#integer">+007</x:q></rdf:Description>
<rdf:Bag><rdf:li>one</rdf:li><rdf:li rdf:resource="two"/></rdf:Bag></rdf:RDF>
"""
JSON = json.dumps(
    {
        "@context": {
            "@vocab": "http://x/",
            "p": {"@type": "@id"},
            "q": {"@language": "de"},
            "when": {"@type": XSD + "date"},
        },
        "@id": "http://x/a",
        "@type": "Thing",
        "p": ["http://x/b", {"@id": "_:n", "r": [1, True, "text"]}],
        "q": "ein Text",
        "when": "2026-01-02",
        "list": {"@list": ["a", "b"]},
        "@graph": [{"@id": "http://x/in", "p": "_:n"}],
    },
    indent=1,
)
N3 = r"""@base <http://x/c/> . @prefix x: <http://x/> . @prefix : <http://x/c#> .
x:a x:p x:b , [ x:p ( 1 2.50 "three" ) ] ; a x:Thing . x:a = x:c .
<d> :p 007 , +5 , 1e3 , true . :d is x:p of x:e . x:f has x:p x:g .
<../e> x:p "over\nlines" , "short"@de , "é"^^x:type . x:a x:q _:n . _:n x:p () .
"""
FILES = {
    "a.nt": LINES,
    "a.nq": QUADS,
    "a.ttl": TURTLE,
    "a.n3": N3,
    "a.trig": TRIG,
    "a.rdf": XML,
    "a.jsonld": JSON,
}


def shape(graph: KnowledgeGraph) -> Graph:
    """A graph, with its named graphs as terms of statements, whatever its blank nodes are called."""
    result = Graph()

    def term(name: str) -> URIRef | BNode:
        return BNode(name[2:]) if name.startswith("_:") else URIRef(name or "default:")

    def state(origins: list[str], *terms: URIRef | BNode | RdfLiteral) -> None:
        for name in origins:
            node = BNode()
            for place, part in enumerate((*terms, term(name))):
                result.add((node, URIRef(f"part:{place}"), part))

    for triple in range(len(graph)):
        head, relation, tail = graph.triple(triple)
        names = [origin.graph for origin in graph.origins_of(triple)]
        state(names, term(graph.nodes[head]), term(graph.relations[relation]), term(graph.nodes[tail]))
    for row, node in enumerate(graph.literals.nodes.tolist()):
        value = graph.literals[row]
        text = RdfLiteral("\n".join((value.text, value.datatype, value.language)), normalize=False)
        names = [origin.graph for origin in graph.literal_origins_of(row)]
        state(names, term(graph.nodes[node]), term(graph.relations[int(graph.literals.relation_ids[row])]), text)
    return result


def same(first: KnowledgeGraph, second: KnowledgeGraph) -> bool:
    """Whether two graphs state the same, up to names of blank nodes."""
    return bool(to_isomorphic(shape(first)) == to_isomorphic(shape(second)))


@pytest.mark.parametrize("name", FILES)
def test_the_same_file_is_the_same_graph_in_every_lane(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    first, *others = [read_rdf(tmp_path / name, lane=lane) for lane in LANES]
    assert first.report.statements >= 10
    for lane, graph in zip(LANES[1:], others, strict=True):
        assert len(graph) == len(first), lane
        assert same(first, graph), lane


def test_lexical_forms_stay_as_written_in_every_lane(tmp_path: Path) -> None:
    for name in ("a.nt", "a.ttl"):
        content = f'<http://x/a> <http://x/p> "+007"^^<{XSD}integer> .'
        (tmp_path / name).write_text(content)
        for lane in LANES:
            assert read_rdf(tmp_path / name, lane=lane).literals[0].text == "+007"


PIECES = st.sampled_from(
    [b"<", b">", b'"', b"'", b"\\", b".", b" ", b"\n", b"\r", b"_:", b"@", b"@en", b"^^", b"#", b"[", b"]", b"(", b")"]
    + [b"{", b"}", b"<<", b">>", b"<<(", b"\\u", b"\\uD800", b"\0", b"\xff", b"\xef\xbb\xbf", b"%", b"&", b"&#0;", b";"]
    + [b",", b"<!--", b"]]>", b"null", b"@context", b"@base", b"--ltr", b"prefix", b"\xc2\xa0", b"/../", b"1.", b"e5"]
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A real file in which something was cut, repeated or put in."""
    name = draw(st.sampled_from(sorted(FILES)))
    content = FILES[name].encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(start + 12, len(content))))
        content = content[:start] + draw(st.one_of(PIECES, st.binary(max_size=3))) + content[end:]
    return name, content


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_damage_ends_in_an_error_or_in_the_same_graph_in_every_lane(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[str, bytes]
) -> None:
    check(tmp_path_factory.mktemp("fuzz"), *case)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(FILES)), st.binary(max_size=60))
def test_any_bytes_end_in_an_error_or_a_graph(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    check(tmp_path_factory.mktemp("fuzz"), name, content)


def check(folder: Path, name: str, content: bytes) -> None:
    """Read a file in every lane: errors of ours only, and no two different graphs."""
    (folder / name).write_bytes(content)
    found: dict[Lane | None, KnowledgeGraph | Error] = {}
    for lane in LANES:
        try:
            found[lane] = read_rdf(folder / name, lane=lane)
        except Error as error:
            found[lane] = error
    graphs = [graph for graph in found.values() if isinstance(graph, KnowledgeGraph)]
    if name in ("a.nt", "a.nq"):  # rdflib refuses some of the other formats: docs/rdf.md
        assert len(graphs) in (0, len(LANES)), content
    if name == "a.rdf":  # which rdflib, once it is damaged, reads in its own way
        graphs = [graph for lane, graph in found.items() if lane != "rdflib" and isinstance(graph, KnowledgeGraph)]
    assert all(same(graphs[0], graph) for graph in graphs[1:]), content
