from __future__ import annotations

import torch

from ragmtl.models.encoders.facts import NumberReader, TypeTable


def test_a_missing_number_is_marked() -> None:
    torch.manual_seed(0)
    reader = NumberReader(2, 4)
    missing, middle, high = reader(torch.tensor([[torch.nan, 1.0], [0.0, 1.0], [2.0, 1.0]]))
    assert missing.isfinite().all()
    assert not torch.allclose(missing, middle)
    assert not torch.allclose(middle, high)
    assert not reader(torch.full((3, 2), torch.nan)).any()


def test_unknown_types_are_the_other_type() -> None:
    table = TypeTable(3, 4)
    assert not table.weight.any()
    table.weight.data.normal_()
    found = table(torch.tensor([[0, 3], [-1, 2]]))
    assert torch.equal(found[0, 0], found[0, 1])
    assert torch.equal(found[0, 0], found[1, 0])
    assert torch.equal(found[1, 1], table.weight[2])
