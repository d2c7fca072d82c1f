from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ragmtl.models.fusion.attention import AttentionFusion
from ragmtl.models.fusion.tokens import Tokens, none_of
from tests.laws.evidence import assert_same
from tests.laws.fusion import DIM, nodes, padded


def fusion() -> AttentionFusion:
    torch.manual_seed(0)
    return AttentionFusion(DIM, heads=2).eval()


@pytest.mark.parametrize("kind", ["passage", "node", "seed"])
def test_what_the_retriever_says_is_a_prior(kind: str) -> None:
    fuse, query, some, known = fusion(), torch.randn(1, DIM), padded(1, 2), nodes([0, 0])
    some = replace(some, vectors=some.vectors[:, :1].expand(-1, 2, -1))
    known = replace(known, vectors=known.vectors[:1].expand(2, -1), seeds=torch.zeros(2, dtype=torch.bool))
    up = torch.tensor([0.1, 0.9])
    if kind == "passage":
        some = replace(some, scores=up.unsqueeze(0))
    elif kind == "node":
        known = replace(known, scores=up)
    else:
        known = replace(known, scores=torch.ones(2), seeds=up > 0.5)
    fused = fuse(query, Tokens.of(some, known, none_of(some)))
    weights = fused.passage_weights[0] if kind == "passage" else fused.node_weights
    assert weights[1] > weights[0] * 1.5


def test_training_takes_the_slot_away_only_where_there_is_evidence() -> None:
    torch.manual_seed(0)
    fuse = AttentionFusion(DIM, heads=2, slot_dropout=0.5).train()
    half = replace(padded(400, 1), mask=(torch.arange(400) < 200).unsqueeze(1))
    fused = fuse(torch.randn(400, DIM), Tokens.of(half, nodes([]), none_of(half)))
    assert 70 < (fused.no_evidence[:200] == 0).sum() < 130
    assert_same(fused.no_evidence[200:], torch.ones(200))
