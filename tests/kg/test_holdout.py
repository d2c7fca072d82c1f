from __future__ import annotations

import numpy as np
import pytest

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.holdout import HeldOut, copies_of, hold_out

X = "http://x/"
DIRECTOR, MADE, REGIE, SEQUEL, GENRE = (X + name for name in ("director", "made", "regie", "sequel", "genre"))


def triples() -> list[tuple[str, str, str]]:
    """A hundred films: `made` says backwards and `regie` forwards what `director` says, `genre` says something else."""
    found = []
    for film in range(100):
        name, person = f"{X}film{film}", f"{X}person{film % 20}"
        found += [(name, DIRECTOR, person), (person, MADE, name), (name, GENRE, f"{X}genre{film % 5}")]
        if film % 2:
            found.append((name, REGIE, person))
    return found


GRAPH = KnowledgeGraph.from_triples(triples())


@pytest.fixture(scope="module")
def held() -> HeldOut:
    return hold_out(GRAPH, [DIRECTOR], share=0.1, unseen=0.1)


def stated(graph: KnowledgeGraph) -> set[tuple[str, str, str]]:
    ids = (graph.triple(row) for row in range(len(graph)))
    return {(graph.nodes[head], graph.relations[relation], graph.nodes[tail]) for head, relation, tail in ids}


def test_every_edge_of_the_relation_is_in_one_part(held: HeldOut) -> None:
    assert {(edge.head, edge.relation, edge.tail) for edge in held.edges} == {t for t in triples() if t[1] == DIRECTOR}
    counts = {part: sum(edge.part == part for edge in held.edges) for part in ("train", "valid", "test")}
    assert min(counts.values()) > 0
    assert counts["train"] > counts["valid"] + counts["test"]


def test_what_is_held_out_is_stated_in_no_way(held: HeldOut) -> None:
    left = stated(held.graph)
    for edge in held.edges:
        film, person = edge.head, edge.tail
        ways = {(film, DIRECTOR, person), (person, MADE, film), (film, REGIE, person)}
        assert edge.part == "train" or not ways & left
        assert edge.part != "train" or (film, DIRECTOR, person) in left
    gone = [edge for edge in held.edges if edge.part != "train"]
    assert len(GRAPH) - len(held.graph) == len(gone) + held.copies
    assert held.copies >= len(gone)


def test_other_relations_stay_whole(held: HeldOut) -> None:
    assert {t for t in stated(held.graph) if t[1] == GENRE} == {t for t in triples() if t[1] == GENRE}


def test_unseen_heads_have_all_edges_for_test(held: HeldOut) -> None:
    assert held.unseen > 0
    without = hold_out(GRAPH, [DIRECTOR], share=0.1)
    assert without.unseen == 0
    moved = {one.head for one, other in zip(held.edges, without.edges, strict=True) if one.part != other.part}
    assert moved
    assert all(edge.part == "test" for edge in held.edges if edge.head in moved)


def test_the_same_seed_holds_out_the_same_of_a_graph_that_has_grown() -> None:
    grown = KnowledgeGraph.from_triples([*triples(), (X + "late", DIRECTOR, X + "person1")])
    parts = [{edge.head: edge.part for edge in hold_out(one, [DIRECTOR], seed=3).edges} for one in (GRAPH, grown)]
    assert {head: parts[1][head] for head in parts[0]} == parts[0]
    other = {edge.head: edge.part for edge in hold_out(GRAPH, [DIRECTOR], seed=4).edges}
    assert other != parts[0]


def test_copies_are_inverses_duplicates_and_symmetry() -> None:
    names = [(GRAPH.relations[other], backwards) for other, backwards in copies_of(GRAPH, ids(GRAPH, DIRECTOR))]
    assert sorted(names) == [(MADE, True), (REGIE, False)]
    married = [(f"{X}{a}{n}", X + "spouse", f"{X}{b}{n}") for n in range(5) for a, b in ("ab", "ba")]
    graph = KnowledgeGraph.from_triples([*married, (X + "a1", X + "knows", X + "b2")])
    assert copies_of(graph, ids(graph, X + "spouse")) == [(ids(graph, X + "spouse"), True)]
    left = stated(hold_out(graph, [X + "spouse"], share=0.3, seed=2).graph)
    assert {(t, r, h) for h, r, t in left if r == X + "spouse"} == {t for t in left if t[1] == X + "spouse"}


def ids(graph: KnowledgeGraph, iri: str) -> int:
    found = graph.relations.find(iri)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("relations", "share", "unseen", "said"),
    [
        ([X + "directer"], 0.05, 0.0, f"found '{X}directer'; did you mean '{DIRECTOR}'"),
        ([], 0.05, 0.0, "expected a relation whose edges are held out, found none"),
        ([DIRECTOR], 0.0, 0.0, "found 0.0 and 0.0"),
        ([DIRECTOR], 0.5, 0.0, "expected a share in (0, .4]"),
        ([DIRECTOR], 0.05, 0.9, "unseen in [0, .4]"),
    ],
)
def test_what_cannot_be_held_out(relations: list[str], share: float, unseen: float, said: str) -> None:
    with pytest.raises(DataError) as caught:
        hold_out(GRAPH, relations, share=share, unseen=unseen)
    assert said in str(caught.value)


def test_a_relation_of_which_nothing_would_be_left_is_refused() -> None:
    few = KnowledgeGraph.from_triples(
        [(f"{X}{n}", X + "rare", X + "b") for n in range(2)] + [(X + "0", GENRE, X + "g")]
    )
    seed = next(seed for seed in range(200) if _all_out(few, seed))
    with pytest.raises(DataError, match="found all of its 2 held out"):
        hold_out(few, [X + "rare"], share=0.4, seed=seed)


def _all_out(graph: KnowledgeGraph, seed: int) -> bool:
    try:
        hold_out(graph, [X + "rare"], share=0.4, seed=seed)
    except DataError:
        return True
    return False


def test_origins_stay(held: HeldOut) -> None:
    assert held.graph.origin(0) == GRAPH.origin(0)
    assert np.array_equal(held.graph.literals.nodes, GRAPH.literals.nodes)
