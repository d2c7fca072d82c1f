"""What every choice of sharing must obey."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from ragmtl.models.sharing.bottom import SharedBottom
from ragmtl.models.sharing.cross_stitch import CrossStitch
from ragmtl.models.sharing.gates import ExpertGate
from ragmtl.models.sharing.mmoe import MixtureOfExperts
from ragmtl.models.sharing.ple import LayeredExtraction
from ragmtl.models.sharing.sharing import Sharing
from ragmtl.models.sharing.twins import Twins
from tests.laws.evidence import assert_gradients_finite, assert_same

TASKS = ("a", "b.c", "type")
Make = Callable[[int, int], Sharing]
SOFT: dict[str, Make] = {
    "cross-stitch": lambda inputs, dim: CrossStitch(inputs, dim, TASKS, dropout=0.0),
    "twins": lambda inputs, dim: Twins(inputs, dim, TASKS, dropout=0.0, strength=1e-4),
    "mmoe": lambda inputs, dim: MixtureOfExperts(inputs, dim, TASKS, dropout=0.0),
    "ple": lambda inputs, dim: LayeredExtraction(inputs, dim, TASKS, dropout=0.0),
}
ALL: dict[str, Make] = {"bottom": lambda inputs, dim: SharedBottom(inputs, dim, dropout=0.0), **SOFT}


@pytest.fixture(params=ALL)
def sharing(request: pytest.FixtureRequest) -> Sharing:
    torch.manual_seed(0)
    made = ALL[request.param](12, 8)
    for parameter in made.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return made.eval()


def test_every_task_that_asks_gets_a_vector_and_no_other(sharing: Sharing) -> None:
    parts = torch.randn(5, 12)
    every, one = sharing(parts, TASKS), sharing(parts, ["type"])
    assert {task: vector.shape for task, vector in every.vectors.items()} == dict.fromkeys(TASKS, (5, 8))
    assert list(one.vectors) == ["type"]
    assert_same(one.vectors["type"], every.vectors["type"])


def test_examples_do_not_mix(sharing: Sharing) -> None:
    parts = torch.randn(5, 12)
    together, alone = sharing(parts, TASKS), sharing(parts[2:3], TASKS)
    for task in TASKS:
        assert_same(together.vectors[task][2:3], alone.vectors[task])


def test_weights_are_shares(sharing: Sharing) -> None:
    shared = sharing(torch.randn(5, 12), TASKS)
    assert set(shared.weights) in (set(), set(TASKS))
    for weights in shared.weights.values():
        assert (weights >= 0).all()
        assert_same(weights.sum(1), torch.ones(5))


def test_the_penalty_is_no_gain(sharing: Sharing) -> None:
    assert sharing(torch.randn(5, 12), TASKS).penalty >= 0
    assert sharing(torch.randn(5, 12), []).penalty.isfinite()


def test_gradients_are_finite_and_reach_every_weight(sharing: Sharing) -> None:
    def run() -> torch.Tensor:
        shared = sharing(torch.randn(5, 12), TASKS)
        return torch.cat([*shared.vectors.values(), shared.penalty.expand(5, 1)], 1)

    assert_gradients_finite(sharing, run)
    assert not [name for name, one in sharing.named_parameters() if one.grad is None or not one.grad.any()]


def learned(make: Make) -> float:
    """Mean accuracy on three tasks, each the sign of a number of its own, through vectors of three numbers."""
    torch.manual_seed(0)
    numbers = torch.randn(256, 3)
    parts, labels = torch.cat([numbers, -numbers], 1), (numbers > 0).long()
    sharing, heads = make(6, 3), [nn.Linear(3, 2) for _ in TASKS]
    weights = [one for part in (sharing, *heads) for one in part.parameters()]
    optimiser = torch.optim.Adam(weights, lr=0.02)

    def logits() -> tuple[torch.Tensor, torch.Tensor]:
        shared = sharing(parts, TASKS)
        answers = [head(shared.vectors[task]) for task, head in zip(TASKS, heads, strict=True)]
        return torch.stack(answers, 1), shared.penalty

    for _ in range(120):
        found, penalty = logits()
        loss = nn.functional.cross_entropy(found.transpose(1, 2), labels) + penalty
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return (logits()[0].argmax(2) == labels).float().mean().item()


@pytest.mark.parametrize("choice", SOFT)
def test_tasks_that_do_not_fit_into_one_vector_are_learned(choice: str) -> None:
    """A vector of three numbers is on a circle after LayerNorm, which three lines cut into 6 arcs: 8 are needed."""
    assert learned(SOFT[choice]) > 0.97


def test_they_do_not_fit_into_a_shared_bottom() -> None:
    assert learned(ALL["bottom"]) < 0.93


def test_twins_start_alike_and_pay_for_their_distance() -> None:
    torch.manual_seed(0)
    twins, parts = Twins(6, 4, ("a", "b"), strength=0.5).eval(), torch.randn(3, 6)
    same = twins(parts, ["a", "b"])
    assert torch.equal(same.vectors["a"], same.vectors["b"])
    assert same.penalty == 0
    weight = next(twins.towers[0].parameters())
    weight.data.flatten()[0] += 2.0
    assert twins(parts, ["b"]).penalty.item() == pytest.approx(0.5 * (1.0 + 1.0) / 2)


def test_stitches_start_with_nine_tenths_of_their_own() -> None:
    stitch = CrossStitch(6, 4, TASKS)
    assert_same(stitch.shares()[0], torch.full((3, 3), 0.05).fill_diagonal_(0.9))
    assert_same(CrossStitch(6, 4, ["only"]).shares(), torch.ones(2, 1, 1))


def test_uneven_gates_cost() -> None:
    torch.manual_seed(0)
    experts = MixtureOfExperts(6, 4, TASKS, experts=4, strength=0.1).eval()
    parts = torch.randn(50, 6)
    assert experts(parts, ["a"]).penalty.item() == pytest.approx(0, abs=1e-6)
    gate = experts.gates[0]
    assert isinstance(gate, ExpertGate)
    gate.norm.bias.data.fill_(1.0)
    gate.norm.weight.data.zero_()
    gate.linear.weight.data[2] = 50.0
    assert experts(parts, ["a"]).penalty.item() == pytest.approx(0.1 * 3)
    assert experts(parts, ["type"]).penalty.item() == pytest.approx(0, abs=1e-6)


def test_other_tasks_reach_a_task_only_through_what_is_shared() -> None:
    torch.manual_seed(0)
    layers, parts = LayeredExtraction(6, 4, TASKS, levels=2).eval(), torch.randn(3, 6)
    layers(parts, ["a"]).vectors["a"][:, 0].sum().backward()
    reached = {name for name, one in layers.named_parameters() if one.grad is not None and one.grad.any()}
    assert any(name.startswith("levels.0.own.1.") for name in reached)
    assert not [name for name in reached if name.startswith(("levels.1.own.1.", "levels.0.gates.1."))]
