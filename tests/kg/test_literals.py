from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal

texts = st.text(alphabet="aé\n\0\U0001f600", max_size=4)
literals = st.builds(Literal, texts, st.sampled_from(["", "a:d"])) | st.builds(
    Literal, texts, st.just(""), st.just("de")
)
nodes = st.sampled_from(["a:a", "a:b", "a:c"])


@given(st.lists(st.tuples(nodes, st.sampled_from(["a:p", "a:q"]), literals), min_size=1, max_size=15))
def test_literals_hang_on_their_nodes_sorted_by_relation_and_text(triples: list[tuple[str, str, Literal]]) -> None:
    graph = KnowledgeGraph.from_triples(triples)
    assert len(graph.literals) == len({*triples})
    for node, iri in enumerate(graph.nodes):
        rows = graph.literals.rows(node)
        found = [(graph.relations[int(graph.literals.relation_ids[row])], graph.literals[row]) for row in rows]
        key = lambda pair: (pair[0], pair[1].text, pair[1].datatype, pair[1].language)  # noqa: E731
        assert found == sorted({(relation, value) for head, relation, value in triples if head == iri}, key=key)
        assert all(int(graph.literals.nodes[row]) == node for row in rows)
