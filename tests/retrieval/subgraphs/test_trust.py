from __future__ import annotations

import numpy as np
import pytest

from ragmtl.retrieval.evidence import Mention
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.passages.fuse import Candidates, Crowd
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.subgraphs.seeds import Seeds
from ragmtl.retrieval.subgraphs.trust import agreement, trust_in

CROWD = Crowd(0.0, 1.0)
NOTHING = np.zeros(0, np.int64)


def found(passages: list[int], scores: list[float], weight: float = 1.0) -> Candidates:
    return Candidates(np.array(passages, np.int64), np.array(scores, np.float32), weight, crowd=CROWD)


def seeds(weight: float) -> Seeds:
    return Seeds(np.array([3]), np.array([weight]), frozenset(), (), ())


def trust(index: Index, query: Query) -> float:
    return Retriever(index).candidates([query])[0]["graph"].trust


def test_the_graph_is_trusted_as_far_as_the_text_speaks_of_what_it_finds_first() -> None:
    text = {"bm25": found([1, 2, 7], [4.0, 2.0, 1.0])}
    assert agreement(found([1, 9], [1.0, 0.5]), text) == 1.0
    assert agreement(found([2, 1], [1.0, 0.5]), text) == 0.5
    assert agreement(found([9, 1], [1.0, 0.5]), text) == 0.0


def test_what_sources_add_counts_together_by_their_weights() -> None:
    text = {"bm25": found([1, 2], [4.0, 2.0], 0.5), "dense": found([2, 5], [6.0, 1.0], 0.25)}
    assert agreement(found([1], [1.0]), text) == pytest.approx(2.0 / 2.5)
    assert agreement(found([5], [1.0]), text) == pytest.approx(0.25 / 2.5)


def test_where_the_text_finds_nothing_the_mentions_alone_count() -> None:
    assert agreement(found([1], [1.0]), {}) == 1.0
    assert trust_in(seeds(0.3), found([1], [1.0]), {"bm25": found([], [])}) == pytest.approx(0.3)
    assert trust_in(seeds(0.3), found([], []), {"bm25": found([1], [1.0])}) == pytest.approx(0.3)


def test_weak_mentions_are_trusted_less_and_strong_ones_fully() -> None:
    text = {"bm25": found([1, 2], [4.0, 2.0])}
    assert trust_in(seeds(0.5), found([2], [1.0]), text) == pytest.approx(0.25)
    assert trust_in(seeds(5.0), found([2], [1.0]), text) == pytest.approx(0.5)


def test_a_question_about_what_it_names_is_for_the_graph(index: Index) -> None:
    assert trust(index, Query("Where is smoked paprika from?")) > 0.3


def test_a_name_in_a_sentence_about_something_else_says_less(index: Index) -> None:
    about = trust(index, Query("rice drinks up three times its volume of stock"))
    aside = trust(index, Query("a mix of thyme and sesame for flat bread, with rice"))
    assert 0 <= aside < about


def test_given_entities_and_histories_are_trusted(index: Index) -> None:
    assert trust(index, Query("a long text about nothing", ("http://x/sumac",))) == 1.0
    assert trust(index, Query("a long text about nothing", (), ("http://x/sumac",))) == 1.0


def test_mentions_of_one_node_count_together(index: Index) -> None:
    mentions = [Mention(0, 4, 3, 0.2), Mention(9, 13, 3, 0.3)]
    added = Seeds.of(Query("…"), mentions, index.graph)
    assert trust_in(added, found([], []), {}) == pytest.approx(0.5)
