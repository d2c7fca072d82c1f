from __future__ import annotations

import torch

from ragmtl.models.layers.sparse import group_softmax, group_sum, to_dense


def test_sums_by_group() -> None:
    sums = group_sum(torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([0, 2, 2]), 4)
    assert sums.flatten().tolist() == [1, 0, 6, 0]


def test_softmax_by_group() -> None:
    weights = group_softmax(torch.tensor([[0.0], [5.0], [5.0]]), torch.tensor([0, 2, 2]), 3)
    torch.testing.assert_close(weights.flatten(), torch.tensor([1, 0.5, 0.5]))


def test_dense_and_back() -> None:
    rows, groups = torch.randn(4, 2), torch.tensor([0, 2, 2, 2])
    dense, taken = to_dense(rows, groups, 4)
    assert taken.sum(1).tolist() == [1, 0, 3, 0]
    assert torch.equal(dense[taken], rows)
    assert not dense[~taken].any()


def test_nothing_to_do() -> None:
    none, groups = torch.zeros(0, 2), torch.zeros(0, dtype=torch.long)
    assert group_sum(none, groups, 3).tolist() == [[0, 0]] * 3
    assert group_softmax(none, groups, 3).shape == (0, 2)
    assert to_dense(none, groups, 3)[1].shape == (3, 0)
