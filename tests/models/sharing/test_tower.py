from __future__ import annotations

import torch

from ragmtl.models.sharing.tower import Residual, Tower


def test_a_block_starts_as_the_identity() -> None:
    vectors = torch.randn(3, 8)
    assert torch.equal(Residual(8, dropout=0.5)(vectors), vectors)


def test_examples_do_not_mix() -> None:
    torch.manual_seed(0)
    tower, parts = Tower(24, 8).eval(), torch.randn(4, 24)
    torch.testing.assert_close(tower(parts)[2:3], tower(parts[2:3]))
