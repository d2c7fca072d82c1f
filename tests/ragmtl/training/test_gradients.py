from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ragmtl.training.gradients import TaskGradients, conflicts, cosines, mean_conflicts


class Tiny(nn.Module):
    """Two tasks on one shared weight, each with a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.own = nn.ParameterList([nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(1.0))])

    def losses(self, first: list[float], second: list[float]) -> dict[str, Tensor]:
        sides = [torch.tensor(side) for side in (first, second)]
        return {name: (self.shared @ side) * own for name, side, own in zip(("a", "b"), sides, self.own, strict=True)}


def test_only_what_two_tasks_depend_on_is_shared() -> None:
    model = Tiny()
    found = TaskGradients.of(model.losses([1.0, 0.0], [0.0, 1.0]), list(model.parameters()))
    assert found.shared == (0,)
    assert found.gramian().tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_what_is_shared_is_weighed_and_the_rest_is_summed() -> None:
    model = Tiny()
    TaskGradients.of(model.losses([1.0, 0.0], [0.0, 1.0]), list(model.parameters())).put([3.0, 5.0])
    grads = [None if one.grad is None else one.grad.tolist() for one in model.parameters()]
    assert grads == [[3.0, 5.0], 1.0, 2.0]


def test_plain_weights_give_the_gradient_of_the_sum() -> None:
    model, other = Tiny(), Tiny()
    TaskGradients.of(model.losses([1.0, 2.0], [3.0, -1.0]), list(model.parameters())).put([1.0, 1.0])
    torch.stack(list(other.losses([1.0, 2.0], [3.0, -1.0]).values())).sum().backward()  # type: ignore[no-untyped-call]
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert one.grad is not None
        assert two.grad is not None
        assert torch.equal(one.grad, two.grad)


@pytest.mark.parametrize(("second", "cosine"), [([1.0, 0.0], 1.0), ([-2.0, 0.0], -1.0), ([0.0, 3.0], 0.0)])
def test_conflict_is_the_cosine(second: list[float], cosine: float) -> None:
    model = Tiny()
    assert conflicts(model.losses([1.0, 0.0], second), model) == {"a | b": pytest.approx(cosine)}


def test_a_task_without_gradient_is_in_no_conflict() -> None:
    model = Tiny()
    assert conflicts(model.losses([1.0, 0.0], [0.0, 0.0]), model) == {}
    assert cosines(torch.zeros(2, 2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_conflicts_are_averaged_where_they_were_seen() -> None:
    assert mean_conflicts([{"a | b": 0.5}, {"a | b": -0.1, "a | c": 1.0}, {}]) == {"a | b": 0.2, "a | c": 1.0}
