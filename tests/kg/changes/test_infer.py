"""What follows is what the definitions of RDFS and OWL say, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmtl.errors import DataError
from ragmtl.kg.changes.infer import RULES, infer
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.vocabulary import OWL, RDFS, SAME, TYPE

SUB, BELOW, INVERSE = RDFS + "subClassOf", RDFS + "subPropertyOf", OWL + "inverseOf"
SYMMETRIC, TRANSITIVE = OWL + "SymmetricProperty", OWL + "TransitiveProperty"
P, Q, R = "http://x/p", "http://x/q", "http://x/r"
X, Y, Z = "http://x/X", "http://x/Y", "http://x/Z"


def stated(graph: KnowledgeGraph) -> set[Triple]:
    rows: set[Triple] = set()
    for triple in range(len(graph)):
        head, relation, tail = graph.triple(triple)
        rows.add((graph.nodes[head], graph.relations[relation], graph.nodes[tail]))
    for node in range(len(graph.nodes)):
        rows |= {(graph.nodes[node], graph.relations[link], literal) for link, literal in graph.literals_of(node)}
    return rows


def inferred(rules: tuple[str, ...], *triples: Triple) -> set[Triple]:
    return stated(infer(KnowledgeGraph.from_triples(triples), rules)) - set(triples)


def test_what_is_of_a_class_is_of_all_above_it() -> None:
    rows: list[Triple] = [("http://x/a", TYPE, X), (X, SUB, Y), (Y, SUB, Z), (Z, SUB, OWL + "Thing")]
    expected = {("http://x/a", TYPE, Y), ("http://x/a", TYPE, Z), (X, SUB, Z)}
    assert inferred(("subclass",), *rows) == expected


def test_classes_of_wikidata_too() -> None:
    direct = "http://www.wikidata.org/prop/direct/"
    rows: list[Triple] = [("http://x/a", direct + "P31", X), (X, direct + "P279", Y)]
    assert inferred(("subclass",), *rows) == {("http://x/a", direct + "P31", Y)}


def test_equal_classes_share_what_is_of_them() -> None:
    rows: list[Triple] = [("http://x/a", TYPE, X), (Y, OWL + "equivalentClass", X)]
    assert inferred(("subclass",), *rows) == {("http://x/a", TYPE, Y), (X, SUB, Y), (Y, SUB, X)}


def test_cycles_of_classes_end() -> None:
    rows: list[Triple] = [("http://x/a", TYPE, X), (X, SUB, Y), (Y, SUB, Z), (Z, SUB, X)]
    expected = {("http://x/a", TYPE, Y), ("http://x/a", TYPE, Z), (X, SUB, Z), (Y, SUB, X), (Z, SUB, Y)}
    assert inferred(("subclass",), *rows) == expected


def test_a_long_chain_of_classes() -> None:
    rows: list[Triple] = [(f"http://x/{i:03}", SUB, f"http://x/{i + 1:03}") for i in range(100)]
    assert len(inferred(("subclass",), *rows)) == 101 * 100 // 2 - 100


def test_relations_imply_those_above_them_also_for_literals() -> None:
    rows: list[Triple] = [("http://x/a", P, "http://x/b"), ("http://x/a", P, Literal("1"))]
    rows += [(P, BELOW, Q), (Q, BELOW, R)]
    ends: list[str | Literal] = ["http://x/b", Literal("1")]
    expected = {("http://x/a", link, end) for link in (Q, R) for end in ends} | {(P, BELOW, R)}
    assert inferred(("subproperty",), *rows) == expected


def test_inverse_and_symmetric_relations() -> None:
    rows: list[Triple] = [("http://x/a", P, "http://x/b"), (Q, INVERSE, P), ("http://x/c", Q, "http://x/d")]
    assert inferred(("inverse",), *rows) == {("http://x/b", Q, "http://x/a"), ("http://x/d", P, "http://x/c")}
    rows = [("http://x/a", P, "http://x/b"), (P, TYPE, SYMMETRIC)]
    assert inferred(("symmetric",), *rows) == {("http://x/b", P, "http://x/a")}
    assert inferred(("inverse", "subclass"), *rows) == set()


def test_a_blank_node_cannot_be_a_relation() -> None:
    assert inferred(("inverse",), ("http://x/a", P, "http://x/b"), ("_:q", INVERSE, P)) == set()


def test_rules_work_together_to_the_end() -> None:
    rows: list[Triple] = [
        ("http://x/a", P, "http://x/b"),
        ("http://x/b", P, "http://x/c"),
        (P, BELOW, Q),
        (Q, TYPE, TRANSITIVE),
        (Q, INVERSE, R),
    ]
    found = inferred(RULES, *rows)
    assert {("http://x/a", Q, "http://x/c"), ("http://x/c", R, "http://x/a")} <= found
    assert len(found) == 6


def test_inferred_triples_say_so_and_stated_ones_stay_stated() -> None:
    rows: list[Triple] = [("http://x/a", TYPE, X), (X, SUB, Y), ("http://x/b", TYPE, Y), ("http://x/b", TYPE, X)]
    graph = infer(KnowledgeGraph.from_triples(rows, source="s"), ["subclass"])
    sources = {graph.nodes[graph.triple(at)[0]]: graph.origin(at).source for at in range(len(graph))}
    assert sources == {"http://x/a": "inferred: subclass", "http://x/b": "s", X: "s"}
    assert graph.report.inferred == (("subclass", 1),)
    assert "1 inferred: subclass" in str(graph.report)


def test_nothing_follows_from_nothing() -> None:
    graph = KnowledgeGraph.from_triples([("http://x/a", P, "http://x/b")])
    assert infer(graph, RULES).digest == graph.digest


def test_an_unknown_rule_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(DataError, match="'sub_class'; did you mean 'subclass'"):
        infer(KnowledgeGraph.from_triples([("http://x/a", P, "http://x/b")]), ["sub_class"])


def test_too_much_is_refused_before_memory_ends() -> None:
    rows: list[Triple] = [(f"http://x/{i}", P, f"http://x/{(i + 1) % 300}") for i in range(300)]
    with pytest.raises(DataError, match="at most 1,000"):
        infer(KnowledgeGraph.from_triples([*rows, (P, TYPE, TRANSITIVE)]), ["transitive"], most=1000)


names = st.sampled_from(["http://x/a", "http://x/b", X, Y, P, Q, "_:n"])
links = st.sampled_from([P, Q, R, TYPE, SUB, BELOW, INVERSE])
kinds = st.sampled_from([X, Y, SYMMETRIC, TRANSITIVE])
facts = st.tuples(names, links, names) | st.tuples(st.sampled_from([P, Q, R, X]), st.just(TYPE), kinds)


@given(st.lists(facts, min_size=1, max_size=9))
def test_what_follows_is_what_naive_rules_give(triples: list[Triple]) -> None:
    rules = tuple(rule for rule in RULES if rule != "same_as")
    graph = infer(KnowledgeGraph.from_triples(triples), rules)
    assert stated(graph) == naive({(h, r, t) for h, r, t in triples if isinstance(t, str)}) | set(triples)
    assert infer(graph, rules).digest == graph.digest


def naive(rows: set[tuple[str, str, str]]) -> set[Triple]:
    """The rules one by one, until nothing is new."""
    while True:
        new = set(rows)
        for a, r, b in rows:
            blank = a.startswith("_:") or b.startswith("_:")
            if r == BELOW and not blank:
                new |= {(h, b, t) for h, link, t in rows if link == a}
            if r == INVERSE and not blank:
                new |= {(t, b, h) for h, link, t in rows if link == a} | {(t, a, h) for h, link, t in rows if link == b}
            if (r, b) == (TYPE, SYMMETRIC):
                new |= {(t, a, h) for h, link, t in rows if link == a}
            if r == SUB:
                new |= {(h, TYPE, b) for h, link, t in rows if (link, t) == (TYPE, a)}
            if r in (SUB, BELOW) or (r, TYPE, TRANSITIVE) in rows:
                new |= {(a, r, c) for start, link, c in rows if link == r and start == b}
        new = {row for row in new if row[0] != row[2]} | rows
        if new == rows:
            return {*rows}
        rows = new


def test_entities_that_are_the_same_become_one() -> None:
    label = RDFS + "label"
    rows: list[Triple] = [
        ("http://b/Film", SAME, "http://a/film"),
        ("http://a/film", SAME, "_:f"),
        ("http://b/Film", label, Literal("Film")),
        ("http://b/Film", P, "http://x/o"),
        ("http://a/film", label, Literal("Movie")),
        ("http://x/o", Q, "http://a/film"),
        ("_:f", R, "http://x/o"),
        ("http://b/Film", TYPE, X),
    ]
    graph = infer(KnowledgeGraph.from_triples(rows), ["same_as"])
    node = graph.nodes.find("http://b/Film")
    assert node is not None
    assert graph.nodes.find("http://a/film") == node
    assert graph.nodes.find_all(["http://a/film", "http://a/none"]).tolist() == [node, -1]
    assert "http://a/film" in graph.nodes
    assert set(graph.names(node)) == {"Film", "Movie"}
    assert stated(graph) == {
        ("http://b/Film", label, Literal("Film")),
        ("http://b/Film", label, Literal("Movie")),
        ("http://b/Film", P, "http://x/o"),
        ("http://b/Film", R, "http://x/o"),
        ("http://x/o", Q, "http://b/Film"),
        ("http://b/Film", TYPE, X),
    }
    assert graph.report.inferred == (("same_as", 2),)


def test_aliases_are_saved_and_count_in_the_digest(tmp_path: Path) -> None:
    rows: list[Triple] = [("http://a/a", P, "http://a/b"), ("http://a/a", SAME, "http://z/a")]
    graph = infer(KnowledgeGraph.from_triples(rows), ["same_as"])
    assert graph.digest != KnowledgeGraph.from_triples(rows[:1]).digest
    graph.save(tmp_path / "g")
    loaded = KnowledgeGraph.load(tmp_path / "g", verify=True)
    assert loaded.nodes.find("http://z/a") == loaded.nodes.find("http://a/a") == 0
    assert loaded.report == graph.report


def test_a_merged_graph_can_be_changed_by_every_name() -> None:
    rows: list[Triple] = [("http://a/a", P, "http://a/b"), ("http://a/a", SAME, "http://z/a")]
    graph = infer(KnowledgeGraph.from_triples(rows), ["same_as"])
    more = graph.with_changes(add=[("http://z/a", Q, "http://a/c")], remove=[("http://z/a", P, "http://a/b")])
    assert stated(more) == {("http://a/a", Q, "http://a/c")}
    assert more.nodes.find("http://z/a") == more.nodes.find("http://a/a")
    with pytest.raises(DataError, match="one node"):
        graph.with_changes(remove=[("http://a/a", SAME, "http://z/a")])


def test_what_was_inferred_is_inferred_anew_when_the_graph_changes() -> None:
    graph = infer(KnowledgeGraph.from_triples([("http://x/a", TYPE, X), (X, SUB, Y)]), ["subclass"])
    fewer = graph.with_changes(remove=[(X, SUB, Y)])
    assert stated(fewer) == {("http://x/a", TYPE, X)}
    more = graph.with_changes(add=[(Y, SUB, Z)])
    assert ("http://x/a", TYPE, Z) in stated(more)
    assert more.report.inferred == (("subclass", 3),)


def test_reading_infers_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.nt").write_text(f"<http://x/a> <{TYPE}> <{X}> .\n<{X}> <{SUB}> <{Y}> .\n", "utf-8")
    graph = read_rdf(tmp_path, infer=["subclass", "inverse"])
    assert ("http://x/a", TYPE, Y) in stated(graph)
    assert graph.report.inferred == (("subclass", 1), ("inverse", 0))
    assert len(read_rdf(tmp_path)) == 2


def test_entities_of_which_nothing_else_is_said_stay() -> None:
    rows: list[Triple] = [("http://b/a", SAME, "http://a/a"), ("http://x/a", P, "http://x/b")]
    graph = infer(KnowledgeGraph.from_triples(rows), ["same_as"])
    node = graph.nodes.find("http://b/a")
    assert node is not None
    assert graph.nodes.find("http://a/a") == node
    assert stated(graph) == {("http://a/a", SAME, "http://a/a"), ("http://x/a", P, "http://x/b")}
