from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from ragmtl.errors import ConfigError
from ragmtl.training.balance import Balance, DynamicWeights, GradNorm, Uncertainty, balance_of

METHODS = ("length", "fixed", "uncertainty", "dwa", "gradnorm", "pcgrad", "cagrad", "mgda", "nash-mtl", "upgrad")


def losses(weight: Tensor, wanted: Mapping[str, tuple[float, float]], sizes: Mapping[str, float]) -> dict[str, Tensor]:
    """How far a shared weight is from where each task wants it."""
    return {task: sizes[task] * (weight - torch.tensor(place)).square().sum() for task, place in wanted.items()}


def balance(method: str, weight: nn.Parameter, weights: Mapping[str, float] | None = None) -> Balance:
    if method in ("pcgrad", "cagrad", "mgda"):
        pytest.importorskip("torchjd", reason="needs ragmtl[balance]")
    if method == "cagrad":
        pytest.importorskip("cvxpy", reason="needs ragmtl[balance]")
    return balance_of(method, [weight], ("a", "b"), weights or {})


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_what_all_tasks_want(method: str) -> None:
    weight = nn.Parameter(torch.zeros(2))
    chosen = balance(method, weight)
    optimizer = torch.optim.Adam([weight, *chosen.learned.values()], 0.05)
    wanted, sizes = {"a": (1.0, 2.0), "b": (1.0, 2.0)}, {"a": 1.0, "b": 30.0}
    for step in range(300):
        optimizer.zero_grad()
        found = losses(weight, wanted, sizes)
        named = {"a": found["a"]} if step % 2 else {"b": found["b"]}
        chosen.backward(found if chosen.together else named, "" if chosen.together else str(step % 2))
        optimizer.step()
        if step % 20 == 19:
            chosen.end_epoch({task: float(loss.detach()) for task, loss in found.items()})
    assert torch.allclose(weight.detach(), torch.tensor([1.0, 2.0]), atol=0.15)


@pytest.mark.parametrize("method", METHODS)
def test_a_single_task_that_moves_alone_keeps_its_direction(method: str) -> None:
    weight = nn.Parameter(torch.zeros(2))
    chosen = balance(method, weight)
    chosen.backward({"a": (weight * torch.tensor([2.0, -1.0])).sum(), "b": (weight * 0.0).sum()}, "table")
    assert weight.grad is not None
    direction = torch.tensor([2.0, -1.0]) / 5**0.5
    assert torch.allclose(weight.grad / weight.grad.norm(), direction, atol=1e-5)


@pytest.mark.parametrize("method", ["fixed", "dwa", "uncertainty", "gradnorm", "pcgrad"])
def test_weights_of_tasks_count(method: str) -> None:
    grads = []
    for weights in ({}, {"a": 10.0}):
        weight = nn.Parameter(torch.zeros(2))
        balance(method, weight, weights).backward({"a": weight[0] * 1.0, "b": weight[1] * 1.0}, "")
        assert weight.grad is not None
        grads.append(weight.grad.tolist())
    assert grads[1][0] == pytest.approx(10 * grads[0][0])
    assert grads[1][1] == pytest.approx(grads[0][1])


def test_lengths_follow_a_sources_usual_gradient() -> None:
    weight = nn.Parameter(torch.zeros(2))
    chosen = balance("length", weight)
    for size, length in ((100.0, 1.0), (100.0, 1.0), (1e4, 2.0)):
        weight.grad = None
        chosen.backward({"a": weight[0] * size}, "table")
        assert weight.grad is not None
        assert float(weight.grad.norm()) == pytest.approx(length)


def test_gradnorm_brings_lengths_together() -> None:
    weight = nn.Parameter(torch.zeros(2))
    chosen = GradNorm([weight], {})
    for _ in range(200):
        chosen.backward({"a": 1 + weight[0] * 5, "b": 1 + weight[1]}, "")
    found = chosen.state["weights"]
    assert 5 * found["a"] == pytest.approx(found["b"], rel=0.2)
    assert found["a"] + found["b"] == pytest.approx(2)


def test_dwa_prefers_what_falls_slowly() -> None:
    chosen = DynamicWeights({})
    assert chosen.now() == {}
    chosen.end_epoch({"fast": 1.0, "slow": 1.0})
    assert chosen.now() == {}
    chosen.end_epoch({"fast": 0.2, "slow": 0.9})
    found = chosen.now()
    assert found["slow"] > 1 > found["fast"]
    assert sum(found.values()) == pytest.approx(2)


def test_uncertainty_learns_which_task_is_noisy() -> None:
    chosen = Uncertainty(("noisy", "clean"), {})
    optimizer = torch.optim.SGD(chosen.learned.parameters(), 0.1)
    for _ in range(300):
        optimizer.zero_grad()
        chosen.backward({"noisy": torch.tensor(4.0), "clean": torch.tensor(0.1)}, "")
        optimizer.step()
    noisy, clean = (float(one.detach()) for one in chosen.learned.values())
    assert noisy > 1 > 0 > clean


def test_a_method_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torchjd.aggregation", None)
    with pytest.raises(ConfigError, match=r"pip install ragmtl\[balance\]"):
        balance_of("pcgrad", [], (), {})
