from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.holdout import Edge, Part, hold_out
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example
from ragmtl.tasks.link import Links, LinkSettings, read_links
from ragmtl.tasks.link_signals import LinkSignals
from ragmtl.tasks.recommendation.recommend import RankingTask, ask

X = "http://x/"
DIRECTOR, WRITER, MADE = X + "director", X + "writer", X + "made"
TRIPLES = [
    *((f"{X}film{n}", DIRECTOR, f"{X}person{n % 6}") for n in range(60)),
    *((f"{X}film{n}", WRITER, f"{X}person{(n + n // 30) % 6}") for n in range(60)),
]
HELD = hold_out(KnowledgeGraph.from_triples(TRIPLES), [DIRECTOR], share=0.1, unseen=0.1, seed=1)
SETTINGS = LinkSettings("made by", DIRECTOR)


def table(edges: tuple[Edge, ...], folder: Path) -> Path:
    rows = ["\t".join((edge.head, edge.relation, edge.tail, edge.part)) for edge in edges]
    path = folder / "edges.tsv"
    path.write_text("\n".join(["head\trelation\ttail\tsplit", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Links:
    return read_links(table(HELD.edges, tmp_path_factory.mktemp("links")), HELD.graph, SETTINGS)


def ranking(links: Links) -> RankingTask:
    task = links.source.tasks[0]
    assert isinstance(task, RankingTask)
    return task


def test_every_edge_is_an_example_of_its_part(links: Links) -> None:
    answers, examples = ranking(links).answers, links.source.examples
    found = {(one.query.entities[0], answers[wanted(one)], one.split) for one in examples}
    assert found == {(edge.head, edge.tail, edge.part) for edge in HELD.edges}
    assert ranking(links).answers == tuple(sorted(f"{X}person{n}" for n in range(6)))


def wanted(example: Example) -> int:
    label = example.labels["made by"]
    assert isinstance(label, int)
    return label


def test_the_other_side_is_predicted_from_tails(tmp_path: Path) -> None:
    back = read_links(table(HELD.edges, tmp_path), HELD.graph, LinkSettings("of", DIRECTOR, "head"))
    assert back.code % 2 == 1
    assert {one.query.entities[0] for one in back.source.examples} <= {f"{X}person{n}" for n in range(6)}
    example = back.source.examples[0]
    assert len(example.excluded["of"]) > 1


def test_the_relation_is_hidden_with_what_restates_it(tmp_path: Path) -> None:
    backwards = [(f"{X}person{n % 6}", MADE, f"{X}film{n}") for n in range(60)]
    held = hold_out(KnowledgeGraph.from_triples([*TRIPLES, *backwards]), [DIRECTOR], share=0.1, seed=1)
    found = read_links(table(held.edges, tmp_path), held.graph, SETTINGS)
    assert {iri for example in found.source.examples for iri in example.query.hide} == {DIRECTOR, MADE}
    assert {held.graph.relations[relation] for relation in found.hidden} == {DIRECTOR, MADE}


def test_known_answers_are_no_rivals(tmp_path: Path) -> None:
    two = [*TRIPLES, (X + "film0", DIRECTOR, X + "person3")]
    graph = KnowledgeGraph.from_triples(two)
    directed = [triple for triple in two if triple[1] == DIRECTOR]
    parts: list[Part] = [
        "test" if triple == two[-1] else "valid" if triple == two[5] else "train" for triple in directed
    ]
    edges = tuple(Edge(*triple, part) for triple, part in zip(directed, parts, strict=True))
    kept = graph.with_changes(remove=[two[-1], two[5]])
    task = read_links(table(edges, tmp_path), kept, SETTINGS)
    example = next(one for one in task.source.examples if one.split == "test")
    logits = np.array([[9.0, 0, 0, 5, 0, 0]], np.float32)
    assert ranking(task).measure(logits, [example])["hr@1"].value == 1
    assert ranking(task).masked(logits, [example])[0, 0] == -np.inf


def test_entities_without_such_an_edge_in_train_are_a_part_of_their_own(links: Links) -> None:
    train = {edge.head for edge in HELD.edges if edge.part == "train"}
    unseen = [one for one in links.source.examples if "unseen" in ranking(links).slices(one)]
    assert unseen
    assert not train & {one.query.entities[0] for one in unseen}
    assert all(one.split != "train" for one in unseen)


def test_what_is_known_of_an_entity_is_not_answered_again(links: Links) -> None:
    asked = next(edge for edge in HELD.edges if edge.part == "train")
    found = ask(Query(entities=(asked.head,)), links.source.tasks)
    assert [ranking(links).answers[place] for place in found.past["made by"]] == [asked.tail]
    assert len(ask(Query(entities=(X + "nobody",)), links.source.tasks).past["made by"]) == 0


def test_some_edges_are_drawn_where_there_are_more(tmp_path: Path) -> None:
    few = read_links(table(HELD.edges, tmp_path), HELD.graph, LinkSettings("made by", DIRECTOR, most=10))
    assert len(few.source.positions("train")) == 10
    assert any("were not drawn" in note for note in few.source.notes)
    every = [edge for edge in HELD.edges if edge.part != "train"]
    assert len(few.source.examples) == 10 + len(every)


def signals(links: Links) -> LinkSignals:
    graph = HELD.graph
    nodes = np.array([_found(graph, iri) for iri in ranking(links).answers], np.int64)
    return LinkSignals("made by", graph, links.code, nodes)


def _found(graph: KnowledgeGraph, iri: str) -> int:
    node = graph.nodes.find(iri)
    assert node is not None
    return node


def test_signals_of_an_example_of_training_do_not_know_its_own_edge(links: Links) -> None:
    known = next(one for one in links.source.examples if one.split == "train")
    without = HELD.graph.with_changes(
        remove=[(known.query.entities[0], DIRECTOR, ranking(links).answers[wanted(known)])]
    )
    nodes = np.array([_found(without, iri) for iri in ranking(links).answers], np.int64)
    relation = without.relations.find(DIRECTOR)
    assert relation is not None
    there, gone = signals(links), LinkSignals("made by", without, 2 * relation, nodes)
    names = dict(zip(gone.names, gone.scores([replace(known, split="test")]), strict=True))
    for name, scores in zip(there.names, there.scores([known]), strict=True):
        if name.startswith("linked") or name == "popularity":
            np.testing.assert_allclose(scores, names[name], atol=1e-5)
        elif name.startswith("alike"):
            assert np.array_equal(scores > 0, names[name] > 0), name


def test_a_writer_speaks_for_a_director(links: Links) -> None:
    asked = next(one for one in links.source.examples if one.split == "test" and int(one.query.entities[0][13:]) < 30)
    named = dict(zip(signals(links).names, signals(links).scores([asked]), strict=True))
    assert named["linked by writer"][0].argmax() == wanted(asked)
    assert named["linked by writer"].sum() == 1


def test_an_entity_that_the_graph_does_not_know_has_no_signals_of_its_own(links: Links) -> None:
    stranger = replace(links.source.examples[0], query=Query(entities=(X + "nobody",)), split="test")
    named = dict(zip(signals(links).names, signals(links).scores([stranger]), strict=True))
    assert not any(scores.any() for name, scores in named.items() if name not in ("popularity", "degree"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("\tvalid", "\ttrain"), "expected valid edges of <http://x/director>"),
        (lambda text: text.replace("\ttrain", "\tvalid"), "expected train edges of <http://x/director>"),
        (lambda text: text + f"\t{DIRECTOR}\t{X}person0\ttest\n", "found no head; fill it in"),
        (lambda text: text + f"{X}film0\t{DIRECTOR}\t\ttest\n", "found no tail; fill it in"),
        (lambda text: text.replace("\ttrain", "\ttest", 1), "found 1 of them in it"),
        (lambda text: text.replace("relation", "predicate", 1), "expected a column 'relation'"),
    ],
    ids=["no valid", "no train", "no head", "no tail", "told", "no column"],
)
def test_tables_that_cannot_be_used(tmp_path: Path, change: Callable[[str], str], said: str) -> None:
    path = table(HELD.edges, tmp_path)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_links(path, HELD.graph, SETTINGS)
    assert said in str(caught.value)


def test_a_relation_that_is_not_there_and_one_with_a_single_tail_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'http://x/director'"):
        read_links(table(HELD.edges, tmp_path), HELD.graph, LinkSettings("made by", X + "directer"))
    same = [(f"{X}film{n}", DIRECTOR, X + "person0") for n in range(60)]
    held = hold_out(KnowledgeGraph.from_triples([*same, (X + "film1", WRITER, X + "a")]), [DIRECTOR], share=0.2)
    with pytest.raises(DataError, match="there is nothing to choose from"):
        read_links(table(held.edges, tmp_path), held.graph, SETTINGS)
