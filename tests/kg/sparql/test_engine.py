from __future__ import annotations

from collections import Counter

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Dataset
from rdflib.compare import isomorphic

from ragmtl.kg.bridge.store import GraphStore
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.sparql.query import Answer, query

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")  # the library's own

XSD = "http://www.w3.org/2001/XMLSchema#"
names = st.integers(0, 4).map("http://x/n{}".format)
relations = st.sampled_from(["http://x/p", "http://x/q", "http://x/n0"])
values = st.builds(Literal, st.sampled_from(["1", "2", "10"]), st.just(XSD + "integer")) | st.just(
    Literal("a", "", "en")
)
statements = st.lists(st.tuples(names, relations, names | values), min_size=1, max_size=20)
QUESTIONS = [
    "SELECT * { ?a x:p ?b . ?b x:q ?c }",
    "SELECT * { ?a x:p ?b . ?c x:q ?d . ?b x:p ?c }",
    "SELECT ?b { ?a x:p ?a ; x:q ?b }",
    "SELECT * { ?a ?p ?b . ?p ?q ?c }",
    "SELECT * { ?a x:p ?v . ?b x:q ?v FILTER(?a != ?b) }",
    "SELECT * { ?a x:p 2 . ?a x:q ?b }",
    "SELECT * { x:n1 ?p ?o . FILTER(isIRI(?o)) }",
    "SELECT * { ?a x:p/x:q ?b }",
    "SELECT * { ?a x:p/^x:q/x:p ?b }",
    "SELECT * { ?a (x:p|x:q)+ ?b . ?b x:q ?c }",
    "SELECT * { x:n1 x:p* ?b . ?b x:q ?c }",
    "SELECT * { ?a !x:p ?b }",
    "SELECT * { ?a x:p ?b OPTIONAL { ?b x:q ?c } }",
    "SELECT * { ?a x:p ?b OPTIONAL { ?b x:q ?c FILTER(?c > 1) } OPTIONAL { ?c x:p ?d } }",
    "SELECT * { ?a x:p ?b OPTIONAL { ?b x:q ?c . ?c x:p ?d } }",
    "SELECT * { ?a x:p ?b OPTIONAL { { ?b x:q ?c } UNION { ?b x:p ?c } } }",
    "SELECT ?a { ?a x:p ?b FILTER EXISTS { ?b x:q ?c } }",
    "SELECT ?a { ?a x:p ?b FILTER NOT EXISTS { ?b x:q ?c } }",
    "SELECT ?a { ?a x:p ?b FILTER(NOT EXISTS { ?b x:q ?c } && ?b != x:n1) }",
    "SELECT ?a { ?a x:p ?b MINUS { ?a x:q ?c } }",
    "SELECT * { { ?a x:p ?b } UNION { ?a x:q ?c } }",
    "SELECT * { VALUES ?a { x:n1 x:n2 x:none } ?a x:p ?b }",
    "SELECT * { ?a x:p ?b BIND(?b AS ?c) ?c x:q ?d }",
    "SELECT * { ?a x:p ?n BIND(?n + 1 AS ?m) ?b x:q ?m }",
    "SELECT * { { SELECT ?a (COUNT(?b) AS ?n) { ?a x:p ?b } GROUP BY ?a } ?a x:q ?c }",
    "SELECT DISTINCT ?b { ?a x:p ?b . ?b ?q ?c }",
    "SELECT DISTINCT ?p ?o { ?s ?p ?o }",
    "SELECT (COUNT(*) AS ?n) { ?a x:p ?b . ?b ?q ?c }",
    "SELECT (COUNT(DISTINCT ?b) AS ?n) (COUNT(*) AS ?m) { ?a x:p ?b . ?a ?q ?c }",
    "SELECT ?p (COUNT(*) AS ?n) (COUNT(DISTINCT ?o) AS ?m) { ?s ?p ?o } GROUP BY ?p",
    "SELECT ?p ?o (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o } GROUP BY ?p ?o HAVING(COUNT(DISTINCT ?s) > 1)",
    "SELECT (COUNT(?c) AS ?n) (COUNT(?b) AS ?m) { ?a x:p ?b }",
    "SELECT ?a (COUNT(?b + 1) AS ?n) (COUNT(DISTINCT ?b + 1) AS ?m) { ?a x:p ?b } GROUP BY ?a",
    "SELECT (COUNT(DISTINCT *) AS ?n) { ?a x:p ?b . ?b ?q ?c }",
    "SELECT ?a (SUM(?n) AS ?m) { ?a x:p ?n FILTER(isNumeric(?n)) } GROUP BY ?a",
    "SELECT ?o { ?s x:p ?o } ORDER BY ?o ?s LIMIT 3 OFFSET 1",
    "ASK { ?a x:p ?b . ?b x:p ?c . ?c x:p ?a }",
    "CONSTRUCT { ?b x:r ?a . ?a x:r _:n } WHERE { ?a x:p ?b . ?b ?q ?c }",
    "DESCRIBE ?a { ?a x:p ?b }",
]


def same(found: Answer, expected: rdflib.query.Result) -> bool:
    if found.kind == "SELECT":
        assert expected.vars is not None
        rows = Counter(frozenset(row.asdict().items()) for row in expected)  # type: ignore[union-attr]
        pairs = (zip(found.variables, row, strict=True) for row in found.rows)
        return Counter(frozenset((n, t) for n, t in pair if t is not None) for pair in pairs) == rows
    if found.kind == "ASK":
        return found.truth == expected.askAnswer
    assert found.graph is not None
    assert expected.graph is not None
    return isomorphic(found.graph, expected.graph)


@pytest.mark.parametrize("question", QUESTIONS)
@given(statements)
@settings(max_examples=12, deadline=None)
def test_answers_are_those_of_the_library(question: str, triples: list[tuple[str, str, str | Literal]]) -> None:
    # of a GROUP BY without groups the library makes a row, against the standard
    graph = KnowledgeGraph.from_triples([*triples, ("http://x/n0", "http://x/p", Literal("2", XSD + "integer"))])
    expected = graph.to_rdflib().query(question, initNs={"x": "http://x/"})
    assert same(query(graph, question, prefixes={"x": "http://x/"}), expected)


TRIG = """@prefix x: <http://x/> . x:a x:p x:b . x:b x:p x:c . x:g { x:a x:p x:b . x:b x:q 1 }
x:h { x:b x:q 2 . x:g x:q x:h }"""
NAMED = [
    "SELECT * { GRAPH ?g { ?a x:p ?b } }",
    "SELECT * { GRAPH x:h { ?a x:q ?b } }",
    "SELECT * { GRAPH x:none { ?a ?p ?b } }",
    "SELECT * { ?a x:p ?b GRAPH ?g { ?b x:q ?c } }",
    "SELECT * { GRAPH ?g { ?b x:q ?c } GRAPH ?g { ?a x:p ?b } }",
    "SELECT * { GRAPH ?g { ?a x:q ?b FILTER EXISTS { ?a x:p ?c } } }",
    "SELECT * { GRAPH ?g { ?g x:q ?b } }",
    "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?a ?p ?b } } GROUP BY ?g",
    "SELECT * { GRAPH ?g { ?a x:q ?n OPTIONAL { ?b x:p ?a } } }",
]


@pytest.mark.parametrize("question", NAMED)
def test_named_graphs_are_asked_as_in_the_library(question: str) -> None:
    copied = Dataset(default_union=True).parse(data=TRIG, format="trig")
    graph = KnowledgeGraph.from_rdflib(copied)
    expected = copied.query(question, initNs={"x": "http://x/"})
    assert same(query(graph, question, prefixes={"x": "http://x/"}), expected)
    assert isinstance(copied, Dataset)


@pytest.mark.parametrize(
    ("clauses", "pattern", "rows"),
    [
        ("FROM x:g", "?s ?p ?o", 2),
        ("FROM x:g FROM x:h", "?s ?p ?o", 4),
        ("FROM NAMED x:h", "?s ?p ?o", 0),
        ("FROM NAMED x:h", "GRAPH ?g { ?s ?p ?o }", 2),
        ("FROM x:g FROM NAMED x:h", "?s ?p ?o . GRAPH ?g { ?s ?q ?r }", 1),
        ("FROM x:g", "GRAPH x:h { ?s ?p ?o }", 0),
    ],
)
def test_from_chooses_among_the_graphs_that_are_there(clauses: str, pattern: str, rows: int) -> None:
    graph = KnowledgeGraph.from_rdflib(Dataset().parse(data=TRIG, format="trig"))
    found = query(graph, f"SELECT * {clauses} {{ {pattern} }}", prefixes={"x": "http://x/"})
    assert len(found.rows) == rows


@pytest.mark.parametrize(("union", "rows"), [(True, 5), (False, 2)])
def test_the_library_asks_the_same_engine(union: bool, rows: int) -> None:
    graph = KnowledgeGraph.from_rdflib(Dataset().parse(data=TRIG, format="trig"))
    found = Dataset(GraphStore(graph=graph), default_union=union).query("SELECT * { ?s ?p ?o }")
    assert len(found) == rows


def test_the_library_may_bind_variables_beforehand() -> None:
    graph = KnowledgeGraph.from_rdflib(Dataset().parse(data=TRIG, format="trig"))
    asked = graph.to_rdflib(view=True, dataset=False)
    found = asked.query("SELECT * { ?s <http://x/p> ?o }", initBindings={"s": rdflib.URIRef("http://x/a")})
    assert [str(row.o) for row in found] == ["http://x/b"]


def test_a_group_by_without_groups_has_no_rows() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a", "http://x/q", "http://x/b")])
    for counted in ("COUNT(?b)", "SUM(?b)"):
        question = f"SELECT ?a ({counted} AS ?n) {{ ?a <http://x/p> ?b }} GROUP BY ?a"
        assert query(graph, question).rows == ()


CHAIN = [(f"http://x/{head}", "http://x/p", f"http://x/{tail}") for head, tail in ("ab", "bc", "cd")]


@pytest.mark.parametrize(
    ("pattern", "rows"),
    [
        ("?a x:p ?b { SELECT ?c { ?a x:p ?c } }", 9),  # the inner ?a is another variable
        ("?a x:p ?b OPTIONAL { { SELECT ?b { ?b x:p ?a } } }", 3),
        ("VALUES ?a { x:a x:none } OPTIONAL { ?a x:p+ ?b }", 4),
        ("x:a (x:p|x:p?) ?b", 3),
        ("x:a (x:p|^x:p+|x:p?) ?b . ?b x:p* ?c", 10),
    ],
)
def test_where_the_library_errs_the_standard_counts(pattern: str, rows: int) -> None:
    found = query(KnowledgeGraph.from_triples(CHAIN), f"SELECT * {{ {pattern} }}", prefixes={"x": "http://x/"})
    assert len(found.rows) == rows
    if "OPTIONAL { {" in pattern:
        assert all(row.count(None) == 0 for row in found.rows)
