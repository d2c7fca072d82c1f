from __future__ import annotations

import pytest
import torch

from ragmtl.errors import DataError
from ragmtl.retrieval.encoders.pairs import Pair, batches, contrastive_loss, pairs_of
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


def test_batches_hold_every_pair_once() -> None:
    pairs = [Pair(str(number), "", "") for number in range(10)]
    found = list(batches(pairs, 4, torch.Generator().manual_seed(0)))
    assert [len(batch) for batch in found] == [4, 4, 2]
    assert sorted((pair for batch in found for pair in batch), key=lambda pair: int(pair.query)) == pairs


def test_the_loss_falls_with_the_right_ones_near_and_never_counts_them_as_wrong() -> None:
    pairs = [Pair("a", "x", ""), Pair("b", "y", "z")]
    eye = torch.eye(4)
    near = contrastive_loss(eye[:2], eye[:2], eye[2:], pairs)
    far = contrastive_loss(eye[:2], eye[2:], eye[:2], pairs)
    assert near < far
    same = [Pair("a", "x", ""), Pair("a", "y", "")]
    assert contrastive_loss(eye[:2], eye[[1, 0]], eye[2:], same) == pytest.approx(0.0)
