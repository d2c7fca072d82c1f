from __future__ import annotations

import numpy as np

from ragmtl.trust.surgery import only, with_planted
from tests.ragmtl.trust.conftest import evidence


def test_triples_go_with_either_of_their_nodes() -> None:
    found = only(evidence([3, 4], [7, 8, 9, 5]), np.array([False, True]), np.array([True, False, True, True]))
    assert [one.passage for one in found.passages] == [4]
    assert found.subgraph.nodes.tolist() == [7, 9, 5]
    assert found.subgraph.triples.tolist() == [102]
    assert (found.subgraph.heads.tolist(), found.subgraph.tails.tolist()) == ([1], [2])
    assert found.reasons == ("reason 7", "reason 9", "reason 5")
    assert found.triple_reasons == ("because 2",)
    assert found.targets.nodes.tolist() == [7]


def test_everything_may_go() -> None:
    found = only(evidence([3], [7, 8]), np.array([False]), np.array([False, False]))
    assert not found.passages
    assert not len(found.subgraph.nodes)
    assert not len(found.subgraph.triples)


def test_planted_passages_are_scored_like_the_middle_one() -> None:
    found = with_planted(evidence([3, 4, 5], []), [9])
    assert [one.passage for one in found.passages] == [3, 4, 5, 9]
    assert found.passages[-1].score == found.passages[1].score
