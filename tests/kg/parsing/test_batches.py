"""Statements of pyoxigraph that the scanner is not sure of: none is lost, none is taken for another."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.iri import is_iri
from ragmtl.kg.parsing.read import read_rdf

A, B, P = "http://x/a", "http://x/b", "http://x/p"


def read(folder: Path, content: object, name: str = "a.jsonld") -> KnowledgeGraph:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_rdf(folder / name)


def triples(graph: KnowledgeGraph) -> list[tuple[str, str, str]]:
    rows = (graph.triple(at) for at in range(len(graph)))
    return [(graph.nodes[head], graph.relations[link], graph.nodes[tail]) for head, link, tail in rows]


@pytest.mark.parametrize(
    "name",
    [
        f"{A}> <{P}",
        f"{A}> <{P}> <{B}> .\n<{A}",
        f"{A}> <{P}> <{B}> . #",
        f"{A}> <{P}> <{B}> <http://x/g> .\n<{A}",
        "http://x/a b",
        "http://x/\n",
        "http://x/\r\n",
        "http://x/\t",
    ],
)
def test_an_iri_that_reads_as_more_is_left_out_and_counted(tmp_path: Path, name: str) -> None:
    content: list[object] = [{"@id": name, P: {"@id": B}}, {"@id": B, P: [{"@id": name}, {"@id": A}]}]
    content += [{"@id": B, name: "text"}, {"@id": "http://x/g", "@graph": [{"@id": name, P: 1}]}]
    content += [{"@id": B, P: {"@value": "1", "@type": name}}, {"@id": name, "@graph": [{"@id": A, P: {"@id": A}}]}]
    graph = read(tmp_path, content)
    assert triples(graph) == [(B, P, A)]
    assert len(graph.literals) == 0
    assert graph.report.left_out[0][1] == 6


@pytest.mark.parametrize("tag", [f"en <{A}", "en> .", "e n", "en .", "en\n", f"en .\n<{A}> <{P}> <{B}> .\n#"])
def test_a_language_that_reads_as_more_is_left_out_and_counted(tmp_path: Path, tag: str) -> None:
    graph = read(tmp_path, {"@id": A, P: [{"@value": "a", "@language": tag}, {"@id": B}]})
    assert triples(graph) == [(A, P, B)]
    assert len(graph.literals) == 0
    assert graph.report.left_out[0][1] == 1


@pytest.mark.parametrize("label", ["é", "a b", f"a <{P}> <{B}> .\n_:b", f"a> <{P}", "a.", "-a", "\t"])
def test_blank_nodes_of_any_name_are_nodes(tmp_path: Path, label: str) -> None:
    here = f"_:{label}"
    graph = read(tmp_path, [{"@id": here, P: {"@id": A}}, {"@id": A, P: [{"@id": here}, {"@id": "_:b"}]}])
    blank = {node for node in graph.nodes if node.startswith("_:")}
    assert len(blank) == 2
    assert len(graph) == 3
    assert {tail for head, _, tail in triples(graph) if head == A} == blank


def test_graphs_named_by_odd_iris_are_kept(tmp_path: Path) -> None:
    odd = "http://x/(é):8080/\U0001f600"
    content = [{"@id": odd, "@graph": [{"@id": A, P: {"@id": B}}]}, {"@id": "_:é", "@graph": [{"@id": B, P: "text"}]}]
    graph = read(tmp_path, content)
    assert [origin.graph for origin in graph.origins_of(0)] == [odd]
    assert [origin.graph for origin in graph.literal_origins_of(0)] == ["_:f0b0"]


def test_an_error_in_a_later_batch_is_named(tmp_path: Path) -> None:
    content = f"<{A}> <{P}> <{B}> .\n" * 5000 + f"<{A}> <{P}> <b> .\n"
    with pytest.raises(DataError, match="absolute IRIs, found the relative 'b'") as caught:
        read(tmp_path, content, "a.ttl")
    assert caught.value.line == 5001


PIECES = ["a", " ", "<", ">", "é", "\n", ".", "#", '"', "\\", "_:", f"> <{P}", f"> <{P}> <{B}> .\n<{A}", "%", ":", "\t"]
names = st.lists(st.sampled_from(PIECES), max_size=3).map(lambda parts: "http://x/" + "".join(parts))
links = st.tuples(names, names, names, st.none() | names)


@settings(max_examples=150, deadline=None)
@given(st.lists(links, min_size=1, max_size=8))
def test_exactly_the_well_formed_statements_are_kept(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, str | None]]
) -> None:
    content = json.dumps([_stated(*row) for row in [*rows, (A, P, B, None)]])
    found = read(tmp_path_factory.mktemp("odd"), content)
    expected, bad = set(), 0
    for quad in pyoxigraph.parse(content, pyoxigraph.RdfFormat.JSON_LD, lenient=True):
        terms = [term.value for term in quad if isinstance(term, pyoxigraph.NamedNode)]
        bad += not all(is_iri(term) for term in terms)
        if all(is_iri(term) for term in terms):
            expected.add((*terms[:3], terms[3] if len(terms) > 3 else ""))
    assert Counter(_with_graphs(found)) == Counter(expected)
    assert sum(count for _, count in found.report.left_out) == bad


def _stated(head: str, link: str, tail: str, graph: str | None) -> object:
    statement = {"@id": head, link: {"@id": tail}}
    return statement if graph is None else {"@id": graph, "@graph": [statement]}


def _with_graphs(graph: KnowledgeGraph) -> list[tuple[str, str, str, str]]:
    return [(*row, origin.graph) for at, row in enumerate(triples(graph)) for origin in graph.origins_of(at)]
