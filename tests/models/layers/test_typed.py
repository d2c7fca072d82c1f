from __future__ import annotations

import torch

from ragmtl.models.layers.typed import TypedLinear, known_types


def test_each_row_goes_through_the_map_of_its_type() -> None:
    torch.manual_seed(0)
    maps, rows, types = TypedLinear(3, 5, 4), torch.randn(6, 3), torch.tensor([2, 0, 2, 3, 0, 2])
    maps.bias.data.normal_()
    expected = torch.stack([row @ maps.weight[kind] + maps.bias[kind] for row, kind in zip(rows, types, strict=True)])
    torch.testing.assert_close(maps(rows, types), expected)
    assert maps(rows[:0], types[:0]).shape == (0, 5)


def test_unknown_types_are_other() -> None:
    assert known_types(torch.tensor([-1, 0, 2, 3]), 3).tolist() == [0, 0, 2, 0]
