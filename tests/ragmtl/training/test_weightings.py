from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ragmtl.training.weightings import nash, upgrad, weighting_of

METHODS = ("pcgrad", "cagrad", "mgda", "nash-mtl", "upgrad")
TORCHJD = ("pcgrad", "cagrad", "mgda")


def gradients(seed: int, tasks: int, width: int = 7) -> Tensor:
    return torch.randn(tasks, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def combined(method: str, rows: Tensor) -> Tensor:
    if method in TORCHJD:
        pytest.importorskip("torchjd", reason="needs ragmtl[balance]")
    if method == "cagrad":
        pytest.importorskip("cvxpy", reason="needs ragmtl[balance]")
    torch.manual_seed(0)
    return weighting_of(method)(rows @ rows.T) @ rows


@pytest.mark.parametrize("method", METHODS)
def test_gradients_that_agree_are_not_turned(method: str) -> None:
    rows = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    found = combined(method, rows)
    assert found[0] > 0
    assert abs(float(found[1])) < 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_of_two_gradients_in_conflict_none_loses(method: str) -> None:
    rows = torch.tensor([[1.0, 0.0], [-0.5, 1.0]], dtype=torch.float64)
    found = combined(method, rows)
    assert float((rows @ found).min()) > -1e-3
    plain = rows.sum(0)
    assert not torch.allclose(found / found.norm(), plain / plain.norm(), atol=1e-2)


@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(1e-3, 1e3))
def test_nash_gives_every_task_the_same_share(seed: int, tasks: int, size: float) -> None:
    rows = gradients(seed, tasks) * size
    weights = nash(rows @ rows.T)
    assert float(weights.min()) > 0
    assert torch.allclose((rows @ rows.T @ weights) * weights, torch.ones(tasks, dtype=torch.float64), atol=1e-4)


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_no_task_loses_by_upgrad(seed: int, tasks: int) -> None:
    rows = gradients(seed, tasks)
    found = upgrad(rows @ rows.T) @ rows
    assert float((rows @ found).min()) > -1e-2 * float(rows.norm() * found.norm())


def test_upgrad_of_gradients_that_do_not_conflict_is_their_mean() -> None:
    rows = torch.eye(3, dtype=torch.float64)
    assert torch.allclose(upgrad(rows @ rows.T), torch.full((3,), 1 / 3, dtype=torch.float64), atol=1e-6)


def test_mgda_follows_the_shortest_gradient() -> None:
    rows = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    assert torch.allclose(combined("mgda", rows), torch.tensor([0.8, 0.4], dtype=torch.float64), atol=1e-2)
