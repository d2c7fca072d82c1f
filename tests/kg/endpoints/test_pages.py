from __future__ import annotations

import re

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.endpoints.pages import lines_of, number_of, parts_of, second_blank
from ragmtl.kg.sparql.questions import translated

C, P, Q, G = (f"http://x/{name}" for name in "CPQG")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_everything_is_one_part() -> None:
    (part,) = parts_of((), (), (), "")
    assert squeezed(part.page(10, 20, ordered=False)) == (
        "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 10 OFFSET 20"
    )
    assert squeezed(part.page(10, 20, ordered=True)) == (
        "CONSTRUCT { ?s ?p ?o } WHERE { { SELECT DISTINCT ?s ?p ?o WHERE { { ?s ?p ?o } } ORDER BY ?s ?p ?o } }"
        " LIMIT 10 OFFSET 20"
    )


def test_classes_predicates_and_graphs_are_crossed() -> None:
    parts = parts_of((C,), (P, Q), (G,), "")
    assert [squeezed(part.pattern) for part in parts] == [
        f"{{ GRAPH <{G}> {{ ?s a <{C}> . ?s <{link}> ?o }} }}" for link in (P, Q)
    ]
    assert {part.graph for part in parts} == {G}


QUERIES = [
    "CONSTRUCT { ?a <http://x/P> ?b } WHERE { ?a <http://x/P> ?b }",
    "CONSTRUCT WHERE { ?a <http://x/P> ?b . ?b <http://x/Q> ?c }",
    'PREFIX x: <http://x/#> CONSTRUCT { ?a x:p ?b ; x:q "}", ?c . } FROM <http://x/G> { ?a x:p ?b # }\n }',
    "CONSTRUCT { ?a ?p '''{''' } WHERE { { ?a ?p ?o } UNION { ?o ?p ?a FILTER(STR(?o) != \"{\\\"\") } } # done",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("ordered", [False, True])
def test_pages_of_a_query_are_queries(query: str, ordered: bool) -> None:
    parts = parts_of((), (), (), query)
    expected = translated(query, {})
    assert len(parts) == len(expected.algebra.template or expected.algebra.p.p.triples)
    for part in parts:
        found = translated(part.page(7, 3, ordered=ordered), {})
        assert len(found.algebra.template) == 1
        clauses = [str(clause.default) for clause in found.algebra.datasetClause or ()]
        assert clauses == [str(clause.default) for clause in expected.algebra.datasetClause or ()]
        assert translated(part.count(distinct=ordered), {}).algebra.name == "ConstructQuery"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * { ?s ?p ?o }", "expected a CONSTRUCT query, found SELECT"),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 5", "found 'LIMIT 5'; pages are ours"),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } ORDER BY ?s", "found 'ORDER BY \\?s'"),
        ("CONSTRUCT { ?s ?p [] } WHERE { ?s ?p ?o }", "a template without blank nodes"),
        ("CONSTRUCT { <http://x/a> <http://x/p> 1 } WHERE { ?s ?p ?o }", "expected a variable in each triple"),
        ("CONSTRUCT { ?s ?p ?o", "expected a SPARQL query, found"),
        ("DELETE WHERE { ?s ?p ?o }", "found an update"),
    ],
)
def test_what_has_no_pages_is_refused(query: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parts_of((), (), (), query)


@pytest.mark.parametrize("iri", ["http://x/> } DROP ALL", "no-iri", "http://x/ a"])
def test_iris_are_iris(iri: str) -> None:
    for place in range(3):
        given = [(iri,) if place == at else () for at in range(3)]
        with pytest.raises(DataError, match="expected an absolute IRI"):
            parts_of(given[0], given[1], given[2], "")


def test_a_query_stands_alone() -> None:
    with pytest.raises(DataError, match="found both"):
        parts_of((C,), (), (), QUERIES[0])


def test_lines_get_the_name_of_their_graph() -> None:
    body = b'# hello\n<a:a>\t<a:p>\t"x ." .\r\n\n_:b <a:p> <a:b>.\n'
    assert lines_of(body, "") == [b'<a:a>\t<a:p>\t"x ." .', b"_:b <a:p> <a:b>."]
    assert lines_of(body, "a:g") == [b'<a:a>\t<a:p>\t"x ." <a:g> .', b"_:b <a:p> <a:b> <a:g> ."]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"<a:a> <a:p> _:x .\n_:x <a:p> <a:b> .\n", None),
        (b"<a:a> <a:p> _:x .\n<a:a> <a:p> _:y .\n", 1),
        (b"_:x <a:p> _:y .", 0),
        (b'<a:a> <a:p> "> _:x ." .\n<a:a> <a:p> "> _:y .", "_:z" .\n', None),
    ],
)
def test_blank_nodes_are_told_apart(body: bytes, place: int | None) -> None:
    assert second_blank(lines_of(body, "")) == place


def test_the_number_of_a_count() -> None:
    integer = b"<http://www.w3.org/2001/XMLSchema#integer>"
    assert number_of(b'<urn:ragmtl:all> <urn:ragmtl:rows> "12"^^' + integer + b" .") == 12
    assert number_of(b"") is None
