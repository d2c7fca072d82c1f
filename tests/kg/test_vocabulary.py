from __future__ import annotations

from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.parsing.read import read_rdf
from ragmtl.kg.terms import Terms
from ragmtl.kg.vocabulary import LABELS, RDFS, SKOS, USUAL, Roles, Vocabulary, rank_column

TURTLE = '<http://x/a> <http://x/titel> "A" ; <http://x/p> <http://x/b> .'


def test_what_a_user_adds_goes_first_and_comes_once() -> None:
    vocabulary = USUAL.extended(labels=["http://x/titel", SKOS + "prefLabel"])
    assert vocabulary.labels[:3] == ("http://x/titel", SKOS + "prefLabel", RDFS + "label")
    assert len(vocabulary.labels) == len(LABELS) + 1
    assert vocabulary.types == USUAL.types


def test_roles_are_ranks_and_endings_come_last() -> None:
    relations = Terms.of([RDFS + "label", SKOS + "prefLabel", "http://x/NAME", "http://x/nickname"])
    roles = Roles.of(relations, USUAL)
    ranks = {relations[relation]: rank for relation, rank in roles.labels.items()}
    assert ranks == {RDFS + "label": 0, SKOS + "prefLabel": 1, "http://x/NAME": len(LABELS) + 1}
    assert set(roles.links) < set(roles.labels)
    assert rank_column(roles.labels, len(relations)).tolist() == [roles.labels.get(row, -1) for row in range(4)]


def test_an_added_relation_that_the_graph_lacks_is_refused_and_the_nearest_named(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text(TURTLE, "utf-8")
    with pytest.raises(DataError, match=r"as labels, found 'http://x/title', .*did you mean 'http://x/titel'"):
        read_rdf(tmp_path, vocabulary=USUAL.extended(labels=["http://x/title"]))
    graph = read_rdf(tmp_path, vocabulary=USUAL.extended(labels=["http://x/titel"]))
    assert graph.label(0) == "A"


def test_a_saved_graph_keeps_its_vocabulary_and_languages(tmp_path: Path) -> None:
    vocabulary = Vocabulary(labels=("http://x/titel",))
    (tmp_path / "a.ttl").write_text(TURTLE, "utf-8")
    graph = read_rdf(tmp_path, vocabulary=vocabulary, languages=("de", "en"))
    graph.save(tmp_path / "graph")
    loaded = KnowledgeGraph.load(tmp_path / "graph")
    assert loaded.labels.vocabulary == vocabulary
    assert loaded.languages == ("de", "en")
    assert list(loaded.labels) == list(graph.labels) == ["A", "b"]
