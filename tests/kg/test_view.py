from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.languages import language_rank
from ragmtl.kg.literals import Triple
from ragmtl.kg.view import label_rows
from ragmtl.kg.vocabulary import LABELS, RDFS, SKOS, XL

LANGUAGES = ("de", "en")
values = st.builds(
    Literal,
    st.sampled_from(["a", "b", " ", "", "\u2003", "\xa0c"]),
    st.just(""),
    st.sampled_from(["", "de", "en", "fr"]),
)
nodes = st.sampled_from(["a:a", "a:b", "a:c"])
relations = st.sampled_from([RDFS + "label", SKOS + "prefLabel", "a:other"])
carried = st.tuples(nodes, st.just(XL + "prefLabel"), st.sampled_from(["a:x", "a:y"]))
forms = st.tuples(st.sampled_from(["a:x", "a:y"]), st.just(XL + "literalForm"), values)


@settings(deadline=None)
@given(st.lists(st.tuples(nodes, relations, values) | carried | forms, min_size=1, max_size=12))
def test_the_label_is_the_best_by_language_then_relation_then_order(triples: list[Triple]) -> None:
    """Against every candidate, one by one; labels of a node's own and those of nodes that stand for a text."""
    graph = KnowledgeGraph.from_triples(triples, languages=LANGUAGES)
    rows = label_rows(graph.labels.view)
    for node, iri in enumerate(graph.nodes):
        candidates = []
        for head, relation, tail in {*triples}:
            if head != iri or relation not in LABELS:
                continue
            texts = (
                [tail]
                if isinstance(tail, Literal)
                else [text for one, form, text in triples if one == tail and form == XL + "literalForm"]
            )
            candidates += [
                (language_rank(text.language, LANGUAGES), LABELS.index(relation))
                for text in texts
                if isinstance(text, Literal) and text.text.strip()
            ]
        row = int(rows[node])
        assert (row >= 0) == bool(candidates)
        if candidates:
            found = graph.literals[row]
            assert found.text.strip()
            assert language_rank(found.language, LANGUAGES) == min(candidates)[0]


def test_texts_links_and_values_of_a_node_can_be_hidden() -> None:
    graph = KnowledgeGraph.from_triples(
        [
            ("a:a", RDFS + "label", Literal("A", "", "en")),
            ("a:a", XL + "prefLabel", "a:x"),
            ("a:x", XL + "literalForm", Literal("X")),
        ]
    )
    view, node = graph.labels.view, graph.nodes.find("a:a")
    label, link = graph.relations.find(RDFS + "label"), graph.relations.find(XL + "prefLabel")
    assert node is not None
    assert label is not None
    assert link is not None
    assert view.best(node, view.roles.labels) == "A"
    assert view.best(node, view.roles.labels, {label}) == "X"
    assert view.best(node, view.roles.labels, {label, link}) == ""
    assert [relation for relation, _ in view.links(node, view.roles.labels)] == [link]
    assert view.links(node, view.roles.labels, {link}) == []
    assert [view.language(row) for _, row in view.values(node)] == ["en"]
