from __future__ import annotations

import pytest
import torch

from ragmtl.models.sharing.gates import ExpertGate, imbalance, mixed


def test_gates_start_even_and_sum_to_one() -> None:
    gate = ExpertGate(6, 4)
    assert torch.equal(gate(torch.randn(2, 6)), torch.full((2, 4), 0.25))
    gate.linear.weight.data.normal_()
    weights = gate(torch.randn(5, 6))
    torch.testing.assert_close(weights.sum(1), torch.ones(5))
    assert weights.std(0).min() > 0


def test_experts_count_as_much_as_their_weights() -> None:
    experts = torch.tensor([[[1.0, 0.0], [0.0, 4.0]]])
    assert mixed(torch.tensor([[0.75, 0.25]]), experts).tolist() == [[0.75, 1.0]]


def test_examples_may_choose_as_long_as_they_choose_differently() -> None:
    assert imbalance(torch.eye(3)).item() == pytest.approx(0, abs=1e-6)
    assert imbalance(torch.eye(3)[[0, 0, 0]]).item() == pytest.approx(2)
