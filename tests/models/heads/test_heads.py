from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ragmtl.errors import MismatchError
from ragmtl.models.heads.given import HeadInput, query_context
from ragmtl.models.heads.labels import ClassHead, LabelHead
from ragmtl.models.heads.ranking import Centred, Items, RankingHead

DIM, TEXT, ITEMS = 8, 6, 5


def given(signals: Tensor | None = None, batch: int = 3) -> HeadInput:
    torch.manual_seed(1)
    return HeadInput(torch.randn(batch, DIM), torch.rand(batch, 4), signals)


def trained(head: RankingHead) -> RankingHead:
    """A head with any weights, large ones, for evaluation: a new one starts at zero."""
    torch.manual_seed(3)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=5.0)
    return head.eval()


def items(knowledge: bool = True) -> Items:
    torch.manual_seed(2)
    seen, near = torch.tensor([True, True, True, False, False]), torch.randn(ITEMS, TEXT)
    return Items(torch.randn(ITEMS, TEXT), seen, near if knowledge else None)


@pytest.mark.parametrize("head", [ClassHead(DIM, 4), LabelHead(DIM, 4)])
def test_one_logit_per_answer(head: ClassHead | LabelHead) -> None:
    assert head(given()).shape == (3, 4)


def test_a_ranking_starts_with_its_signals() -> None:
    signals = torch.randn(3, ITEMS, 2)
    head = RankingHead(DIM, items(), signals=[2.0, -1.0]).eval()
    added = head(given(signals)) - head(given(None))
    torch.testing.assert_close(added, signals @ torch.tensor([2.0, -1.0]))


def test_the_gate_of_a_signal_depends_on_how_much_the_query_gives() -> None:
    head = RankingHead(DIM, items(), signals=[1.0]).eval()
    assert head.gate is not None
    torch.nn.init.normal_(head.gate.linear.weight)
    added = head(given(torch.ones(3, ITEMS, 1))) - head(given(None))
    assert added.std(0).min() > 0.1
    torch.testing.assert_close(added, added[:, :1].expand(-1, ITEMS))


def test_the_context_of_a_query_counts_text_and_history() -> None:
    segments = torch.tensor([[True, True, True], [False, False, False]])
    context = query_context(segments, torch.tensor([[False], [True]]))
    expected = torch.tensor([[1, 0, math.log(4), 0], [0, 1, 0, math.log(2)]])
    torch.testing.assert_close(context, expected)


@pytest.mark.parametrize("shape", [(3, ITEMS, 2), (3, ITEMS + 1, 1)])
def test_other_signals_than_those_of_training_are_refused(shape: tuple[int, ...]) -> None:
    head = RankingHead(DIM, items(), signals=[1.0])
    with pytest.raises(MismatchError, match=f"5 items × 1 signals, found {shape[1]} × {shape[2]}"):
        head(given(torch.zeros(shape)))


def test_unseen_items_have_no_vector_of_their_own() -> None:
    head = trained(RankingHead(DIM, items()))
    before = head(given())[:, 3:]
    torch.nn.init.normal_(head.item_vectors)
    torch.testing.assert_close(head(given())[:, 3:], before)


def test_no_item_is_favoured_for_all_queries() -> None:
    head = trained(RankingHead(DIM, items())).train()
    head.query[1].eval()
    logits = head(given(batch=50))
    assert logits.std() > 0.1
    torch.testing.assert_close(logits.mean(0), torch.zeros(ITEMS), atol=1e-4, rtol=0)


def test_the_running_mean_of_queries_is_that_of_training() -> None:
    centred = Centred(2, memory=0.5)
    vectors = torch.tensor([[1.0, 4.0], [3.0, 4.0]])
    for _ in range(60):
        centred(vectors)
    torch.testing.assert_close(centred.eval()(vectors), vectors - vectors.mean(0))


def test_neither_seen_nor_unseen_items_are_favoured_as_a_whole() -> None:
    logits = trained(RankingHead(DIM, items()))(given())
    assert logits.abs().max() > 0.1
    torch.testing.assert_close(logits[:, :3].mean(1), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(logits[:, 3:].mean(1), torch.zeros(3), atol=1e-5, rtol=0)


def test_items_with_equal_text_and_neighbours_are_equal_at_first() -> None:
    head = RankingHead(DIM, Items(torch.ones(2, TEXT), torch.tensor([True, False]), torch.ones(2, TEXT)))
    logits = head(given())
    torch.testing.assert_close(logits[:, 0], logits[:, 1])


def test_knowledge_changes_the_order_of_items() -> None:
    head = trained(RankingHead(DIM, items()))
    with_knowledge = head(given())
    assert head.neighbours is not None
    head.neighbours.neg_()
    assert not torch.allclose(with_knowledge[:, :3], head(given())[:, :3])


def test_without_knowledge_the_graph_is_not_read() -> None:
    head = RankingHead(DIM, items(knowledge=False))
    assert head.neighbours is None
    assert head.neighbour_query is None
    assert head(given()).shape == (3, ITEMS)


def test_tables_travel_with_the_weights_and_are_not_trained() -> None:
    head = RankingHead(DIM, items())
    buffers = {name for name, _ in head.named_buffers()}
    assert {"text", "seen", "query.0.mean", "neighbours"} == buffers
    assert buffers <= head.state_dict().keys()


def test_every_parameter_learns() -> None:
    head = RankingHead(DIM, items(), signals=[1.0])
    torch.nn.init.normal_(head.item_vectors)
    head(given(torch.randn(3, ITEMS, 1))).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in head.parameters())


def test_a_ranking_learns_in_bfloat16() -> None:
    head = RankingHead(DIM, items(), signals=[1.0, 1.0])
    signals = torch.randn(3, ITEMS, 2)
    with torch.autocast("cpu", torch.bfloat16):
        head(given(signals)).float().square().sum().backward()
    centred = [part for part in head.modules() if isinstance(part, Centred)]
    assert centred
    assert all(part.mean.dtype == torch.float32 and part.mean.any() for part in centred)


def test_no_seen_items_at_all() -> None:
    head = RankingHead(DIM, Items(torch.randn(2, TEXT), torch.zeros(2, dtype=torch.bool)))
    assert head(given()).isfinite().all()


@pytest.mark.parametrize("knowledge", [False, True])
def test_vectors_of_items_say_what_the_head_says_before_signals(knowledge: bool) -> None:
    """Up to the centring, which moves all seen items alike."""
    head, asked = trained(RankingHead(DIM, items(knowledge))), given()
    found, expected = head.query(asked.shared) @ head.item_matrix().T, head(asked)
    torch.testing.assert_close(found[:, 1:3] - found[:, :1], expected[:, 1:3] - expected[:, :1], atol=1e-3, rtol=1e-4)
