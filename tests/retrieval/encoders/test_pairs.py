from __future__ import annotations

import pytest
import torch

from ragmtl.errors import DataError
from ragmtl.retrieval.encoders.pairs import Pair, contrastive_loss, pairs_of, reciprocal_rank_of_pairs
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import Question
from ragmtl.retrieval.query import Query


def place(index: Index, identity: str) -> int:
    return next(row for row, found in enumerate(index.corpus.ids) if found == identity)


def test_pairs_hold_what_is_right_and_what_only_looks_right(index: Index) -> None:
    rice = index.graph.nodes.find("http://x/rice")
    assert rice is not None
    right = frozenset({place(index, "p-bread")})
    question = Question("1", Query("flat bread with sesame"), right, answers=frozenset({rice}))
    passage, entity = pairs_of([question], index)
    assert passage.right == index.corpus.reading(place(index, "p-bread"))
    assert passage.wrong == index.corpus.reading(place(index, "p-zaatar"))
    assert "rice" in entity.right


def test_nothing_to_learn_from_is_refused(index: Index) -> None:
    with pytest.raises(DataError, match="found none among 1"):
        pairs_of([Question("1", Query("bread"))], index)


def test_the_loss_falls_with_the_right_ones_near_and_never_counts_them_as_wrong() -> None:
    pairs = [Pair("a", "x", ""), Pair("b", "y", "z")]
    eye = torch.eye(4)
    near = contrastive_loss(eye[:2], eye[:2], eye[2:], pairs)
    far = contrastive_loss(eye[:2], eye[2:], eye[:2], pairs)
    assert near < far
    same = [Pair("a", "x", ""), Pair("a", "y", "")]
    assert contrastive_loss(eye[:2], eye[[1, 0]], eye[2:], same) == pytest.approx(0.0)


def test_the_rank_of_pairs_is_that_of_the_first_right_text() -> None:
    pairs = [Pair("a", "x", "z"), Pair("a", "y", ""), Pair("b", "z", "x")]
    vectors = {"a": [1.0, 0.0], "b": [0.0, 1.0], "x": [0.0, 1.0], "y": [0.5, 0.0], "z": [0.9, 0.2]}

    def encode(texts: list[str]) -> torch.Tensor:
        return torch.tensor([vectors[text] for text in texts])

    assert reciprocal_rank_of_pairs(pairs, encode) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert reciprocal_rank_of_pairs(pairs[2:], lambda texts: torch.zeros(len(texts), 2)) == 0.5, "ties count against"
