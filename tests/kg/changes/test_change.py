"""Whatever was added and removed, the graph is the one that reading what is left gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.graph import KnowledgeGraph, Literal, Origin
from ragmtl.kg.literals import Triple
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.vocabulary import RDFS

nodes = st.sampled_from(["http://x/a", "http://x/b", "http://x/é", "_:f0b0", "http://x/c"])
relations = st.sampled_from(["http://x/p", "http://x/q", "http://x/a"])
values = st.builds(
    Literal, st.sampled_from(["", "a", "é", "𝔛"]), st.sampled_from(["", "http://x/t"]), st.just("")
) | st.builds(Literal, st.sampled_from(["a", "b"]), st.just(""), st.sampled_from(["EN", "de"]))
statements = st.tuples(nodes, relations, nodes | values)
origins = st.sampled_from([("one.ttl", ""), ("one.ttl", "http://x/g"), ("two.ttl", "")])
steps: st.SearchStrategy[tuple[str, list[Triple], tuple[str, str]]] = st.one_of(
    st.tuples(st.just("add"), st.lists(statements, min_size=1, max_size=5), origins),
    st.tuples(st.just("remove"), st.lists(statements, min_size=1, max_size=5), origins),
    st.tuples(st.just("source"), st.just([]), origins),
)
Told = dict[Triple, list[tuple[str, str]]]
BASE: Triple = ("http://x/base", "http://x/p", "http://x/base2")


def normal(triple: Triple) -> Triple:
    tail = triple[2]
    if isinstance(tail, Literal):
        tail = Literal(tail.text, tail.datatype, tail.language.lower())
    return (*triple[:2], tail)


def read(told: Told) -> KnowledgeGraph:
    """A graph that was read at once, statements and origins in any order."""
    builder = GraphBuilder()
    for (head, relation, tail), by in reversed(told.items()):
        for origin in by:
            number = builder.origin(*origin)
            if isinstance(tail, Literal):
                builder.literal(head, relation, tail, number)
            else:
                builder.triple(head, relation, tail, number)
    return builder.build()


def stated(graph: KnowledgeGraph) -> dict[Triple, set[Origin]]:
    """Every statement, and who states it."""
    found: dict[Triple, set[Origin]] = {}
    for triple in range(len(graph)):
        head, relation, tail = graph.triple(triple)
        row: Triple = (graph.nodes[head], graph.relations[relation], graph.nodes[tail])
        found[row] = set(graph.origins_of(triple))
    for node in range(len(graph.nodes)):
        for at in graph.literals.rows(node):
            link = int(graph.literals.relation_ids[at])
            row = (graph.nodes[node], graph.relations[link], graph.literals[at])
            found[row] = set(graph.literal_origins_of(at))
    return found


@given(st.lists(steps, max_size=6))
def test_any_changes_end_in_the_graph_that_reading_what_is_left_gives(
    changes: list[tuple[str, list[Triple], tuple[str, str]]],
) -> None:
    told: Told = {BASE: [("base.ttl", "")]}
    graph = read(told)
    for what, triples, (source, name) in changes:
        if what == "add":
            graph = graph.with_changes(add=triples, source=source, graph=name)
            for triple in map(normal, triples):
                by = told.setdefault(triple, [])
                by += [] if (source, name) in by else [(source, name)]
        elif what == "remove":
            graph = graph.with_changes(remove=triples)
            for triple in map(normal, triples):
                told.pop(triple, None)
        elif any((source, name) in by for by in told.values()):
            graph = graph.without_source(source, name)
            left = {triple: [origin for origin in by if origin != (source, name)] for triple, by in told.items()}
            told = {triple: by for triple, by in left.items() if by}
    expected = read(told)
    assert graph.digest == expected.digest
    assert list(graph.labels) == list(expected.labels)
    assert stated(graph) == stated(expected) == {row: {Origin(*one) for one in by} for row, by in told.items()}
    assert set(graph.origins) == {Origin(*one) for by in told.values() for one in by}
    assert (graph.heads == expected.heads).all()
    assert (graph.incoming.triples == expected.incoming.triples).all()


@given(st.lists(statements, min_size=1, max_size=10))
def test_what_is_added_and_removed_again_leaves_no_trace(triples: list[Triple]) -> None:
    graph = read({BASE: [("base.ttl", "")]})
    assert graph.with_changes(add=triples).with_changes(remove=triples).digest == graph.digest


def test_compacting_drops_what_nothing_speaks_of() -> None:
    graph = read({BASE: [("a", "")], ("http://x/c", "http://x/q", "http://x/d"): [("b", "")]})
    fewer = graph.with_triples(graph.heads[:1], graph.relation_ids[:1], graph.tails[:1], graph.origin_ids[:1])
    assert len(fewer.nodes) == 4
    compacted = fewer.compact()
    assert compacted.digest == read({BASE: [("a", "")]}).digest
    assert (len(compacted.nodes), len(compacted.relations), compacted.origins) == (2, 1, (Origin("a"),))
    assert compacted.compact().digest == compacted.digest


def test_what_two_files_state_stays_when_one_goes(tmp_path: Path) -> None:
    (tmp_path / "one.nt").write_text('<http://x/a> <http://x/p> <http://x/b> .\n<http://x/a> <http://x/p> "1" .\n')
    (tmp_path / "two.nt").write_text('<http://x/a> <http://x/p> <http://x/b> .\n<http://x/a> <http://x/q> "2" .\n')
    graph = read_rdf(tmp_path)
    left = graph.without_source(str(tmp_path / "one.nt"))
    assert left.digest == read_rdf(tmp_path / "two.nt").digest
    assert [source.path for source in left.sources] == [str(tmp_path / "two.nt")]
    assert (left.report.statements, left.report.triples, left.report.literals) == (2, 1, 1)


def test_statements_to_remove_that_are_not_there_are_counted() -> None:
    graph = read({BASE: [("a", "")]})
    missing: list[Triple] = [(*BASE[:2], "http://x/zzz"), ("http://x/n", "http://x/p", "x:y")]
    changed = graph.with_changes(remove=missing)
    assert dict(changed.report.left_out) == {"statements to remove that the graph does not hold": 2}
    assert changed.digest == graph.digest


def test_an_unknown_source_is_refused_and_the_nearest_named() -> None:
    graph = read({BASE: [("people.ttl", "")]})
    with pytest.raises(DataError, match=r"found 'poeple\.ttl'; did you mean 'people\.ttl'"):
        graph.without_source("poeple.ttl")
    with pytest.raises(DataError, match=r"with the graph 'http://x/g'"):
        graph.without_source("people.ttl", "http://x/g")


def test_the_last_statement_stays() -> None:
    graph = read({BASE: [("a", "")]})
    with pytest.raises(DataError, match="at least one statement to be left"):
        graph.with_changes(remove=[BASE])


@pytest.mark.parametrize("wrong", [("", "a:p", "a:b"), ("a:a", "_:p", "a:b"), ("a:a", "a:p", "")])
def test_what_is_no_statement_is_refused(wrong: Triple) -> None:
    with pytest.raises(DataError, match="expected an IRI"):
        read({BASE: [("a", "")]}).with_changes(add=[wrong])


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(DataError, match="surrogate"):
        read({BASE: [("a", "")]}).with_changes(add=[("http://x/a", "http://x/p", Literal("\ud800"))])


def test_words_and_languages_stay() -> None:
    graph = KnowledgeGraph.from_triples([BASE], languages=("de",))
    changed = graph.with_changes(add=[(BASE[0], RDFS + "label", Literal("Grund", "", "de"))])
    assert changed.languages == ("de",)
    assert changed.label(0) == "Grund"


def test_a_changed_graph_is_another_one_for_those_who_check(tmp_path: Path) -> None:
    graph = KnowledgeGraph.from_triples([BASE])
    changed = graph.with_changes(add=[("http://x/a", "http://x/p", "http://x/b")])
    assert changed.digest != graph.digest
    changed.save(tmp_path / "g")
    assert KnowledgeGraph.load(tmp_path / "g", verify=True).digest == changed.digest
    with pytest.raises(MismatchError):
        KnowledgeGraph.load(tmp_path / "none")
