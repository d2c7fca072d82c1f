from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ragmtl.models.fusion.attention import AttentionFusion
from ragmtl.models.fusion.tokens import NodeTokens, PassageTokens
from tests.laws.evidence import assert_gradients_finite, assert_same

DIM = 8


def fusion() -> AttentionFusion:
    torch.manual_seed(0)
    return AttentionFusion(DIM, heads=2).eval()


def passages(batch: int = 2, count: int = 3) -> PassageTokens:
    torch.manual_seed(1)
    return PassageTokens(torch.randn(batch, count, DIM), torch.rand(batch, count), torch.ones(batch, count).bool())


def nodes(example: list[int]) -> NodeTokens:
    torch.manual_seed(2)
    count = len(example)
    ones = torch.ones(count, dtype=torch.bool)
    return NodeTokens(torch.randn(count, DIM), torch.rand(count), ~ones, torch.tensor(example).long(), ones)


def test_weights_sum_to_one_and_belong_to_their_example() -> None:
    fused = fusion()(torch.randn(2, DIM), passages(), nodes([0, 0, 1]))
    total = fused.no_evidence + fused.passage_weights.sum(1)
    assert_same(total + torch.stack([fused.node_weights[:2].sum(), fused.node_weights[2]]), torch.ones(2))


def test_empty_evidence_gives_all_weight_to_the_slot() -> None:
    fused = fusion()(torch.randn(2, DIM), passages(count=0), nodes([]))
    assert_same(fused.no_evidence, torch.ones(2))
    assert torch.equal(fused.vector[0], fused.vector[1])  # what was asked does not leak through the slot


def test_masked_evidence_is_as_absent() -> None:
    query, all_nodes = torch.randn(2, DIM), nodes([0, 0, 1])
    masked = replace(all_nodes, mask=torch.tensor([True, False, True]))
    one = PassageTokens(*(part[:, :1] for part in (passages().vectors, passages().scores, passages().mask)))
    fewer = NodeTokens(
        *(part[[0, 2]] for part in (all_nodes.vectors, all_nodes.scores, all_nodes.seeds)),
        *(part[[0, 2]] for part in (all_nodes.example, all_nodes.mask)),
    )
    hidden = replace(passages(), mask=torch.tensor([[True, False, False]] * 2))
    found, expected = fusion()(query, hidden, masked), fusion()(query, one, fewer)
    assert_same(found.vector, expected.vector)
    assert found.node_weights[1] == 0
    assert_same(found.node_weights[[0, 2]], expected.node_weights)


@pytest.mark.parametrize("kind", ["passage", "node", "seed"])
def test_what_the_retriever_says_is_a_prior(kind: str) -> None:
    fuse, query, some, known = fusion(), torch.randn(1, DIM), passages(1, 2), nodes([0, 0])
    some = replace(some, vectors=some.vectors[:, :1].expand(-1, 2, -1))
    known = replace(known, vectors=known.vectors[:1].expand(2, -1))
    up = torch.tensor([0.1, 0.9])
    if kind == "passage":
        weights = fuse(query, replace(some, scores=up.unsqueeze(0)), known).passage_weights[0]
    elif kind == "node":
        weights = fuse(query, some, replace(known, scores=up)).node_weights
    else:
        even = replace(known, scores=torch.ones(2), seeds=up > 0.5)
        weights = fuse(query, some, even).node_weights
    assert weights[1] > weights[0] * 1.5


def test_training_takes_the_slot_away_only_where_there_is_evidence() -> None:
    torch.manual_seed(0)
    fuse = AttentionFusion(DIM, heads=2, slot_dropout=0.5).train()
    half = replace(passages(400, 1), mask=(torch.arange(400) < 200).unsqueeze(1))
    fused = fuse(torch.randn(400, DIM), half, nodes([]))
    assert 70 < (fused.no_evidence[:200] == 0).sum() < 130
    assert_same(fused.no_evidence[200:], torch.ones(200))


@pytest.mark.parametrize("count", [0, 2])
def test_gradients_are_finite(count: int) -> None:
    fuse, query = fusion(), torch.randn(2, DIM, requires_grad=True)
    known = nodes([1] * count)
    assert_gradients_finite(fuse, lambda: fuse(query, passages(count=count), known).vector)
