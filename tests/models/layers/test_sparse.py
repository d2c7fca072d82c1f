from __future__ import annotations

import warnings

import pytest
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


@pytest.mark.parametrize("groups", [[0, 0, 1, 3, 3, 3], [2], [0, 1, 2, 3], []])
def test_they_are_those_of_torch_geometric(groups: list[int]) -> None:
    with warnings.catch_warnings():  # torch_geometric 2.8 calls torch.jit.script, which torch 2.13 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        from torch_geometric.utils import scatter, softmax, to_dense_batch
    into = torch.tensor(groups, dtype=torch.long)
    rows = 9 * torch.randn(len(groups), 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(group_sum(rows, into, 5), scatter(rows, into, dim=0, dim_size=5, reduce="sum"))
    assert torch.equal(group_softmax(rows, into, 5), softmax(rows, into, num_nodes=5))
    dense, taken = to_dense(rows, into, 5)
    if groups:  # theirs makes one place per group of nothing
        others, held = to_dense_batch(rows, into, batch_size=5)
        assert torch.equal(dense, others)
        assert torch.equal(taken, held)
