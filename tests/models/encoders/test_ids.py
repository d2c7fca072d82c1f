from __future__ import annotations

import torch

from ragmtl.models.encoders.ids import IdTable


def table(dropout: float = 0.0) -> IdTable:
    ids = IdTable(4, 3, scale=5.0, dropout=dropout)
    ids.weight.data[1:] = torch.arange(1.0, 5.0).unsqueeze(1)
    return ids


def test_rows_are_scaled_and_row_0_is_zero() -> None:
    assert table()(torch.tensor([[0, 2], [4, 0]]))[..., 0].tolist() == [[0, 10], [20, 0]]


def test_entities_that_were_never_trained_are_like_none() -> None:
    assert not IdTable(4, 3)(torch.tensor([3])).any()


def test_row_0_is_never_trained() -> None:
    ids = table()
    ids(torch.tensor([0, 1])).sum().backward()
    assert ids.weight.grad is not None
    assert not ids.weight.grad[0].any()
    assert ids.weight.grad[1].all()


def test_dropout_makes_entities_unknown_in_training_only() -> None:
    torch.manual_seed(0)
    ids, rows = table(dropout=0.25), torch.ones(4000, dtype=torch.long)
    assert abs((ids(rows)[:, 0] == 0).float().mean().item() - 0.25) < 0.03
    assert ids.eval()(rows).all()
