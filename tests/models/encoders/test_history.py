from __future__ import annotations

import torch

from ragmtl.models.encoders.history import HistoryReader, ages


def test_age_counts_newer_items_wherever_padding_stands() -> None:
    mask = torch.tensor([[True, True, True, False], [False, True, True, True]])
    assert ages(mask)[mask].tolist() == [2, 1, 0] * 2


def test_newer_items_weigh_more_at_first() -> None:
    torch.manual_seed(0)
    reader = HistoryReader(8, 4)
    torch.nn.init.zeros_(reader.attention.query.weight)
    torch.nn.init.zeros_(reader.attention.query.bias)
    _, weights = reader(torch.randn(1, 8), torch.randn(1, 5, 8), torch.ones(1, 5).bool())
    assert (weights[0].diff() > 0).all()


def test_order_matters() -> None:
    torch.manual_seed(0)
    reader, items = HistoryReader(8, 4), torch.randn(1, 5, 8)
    query, mask = torch.randn(1, 8), torch.ones(1, 5).bool()
    assert not torch.allclose(reader(query, items, mask)[0], reader(query, items.flip(1), mask)[0], atol=1e-3)


def test_histories_longer_than_the_ages_told_apart() -> None:
    reader = HistoryReader(8, 2, ages=3)
    _, weights = reader(torch.randn(1, 8), torch.randn(1, 50, 8), torch.ones(1, 50).bool())
    torch.testing.assert_close(weights.sum(), torch.tensor(1.0))


def test_no_history_is_the_same_for_every_query() -> None:
    summary, weights = HistoryReader(8, 2)(torch.randn(2, 8), torch.zeros(2, 0, 8), torch.zeros(2, 0).bool())
    assert torch.equal(summary[0], summary[1])
    assert weights.shape == (2, 0)
