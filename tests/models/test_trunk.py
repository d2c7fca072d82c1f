from __future__ import annotations

import torch

from ragmtl.models.trunk import Residual, SharedBottom


def test_a_block_starts_as_the_identity() -> None:
    vectors = torch.randn(3, 8)
    assert torch.equal(Residual(8, dropout=0.5)(vectors), vectors)


def test_shared_vectors_are_normal_at_first_whatever_the_scale_of_the_input() -> None:
    torch.manual_seed(0)
    trunk = SharedBottom(24, 8).eval()
    for scale in (0.01, 100.0):
        shared = trunk(scale * torch.randn(50, 24))
        assert 0.9 < shared.std().item() < 1.1


def test_examples_do_not_mix() -> None:
    torch.manual_seed(0)
    trunk, parts = SharedBottom(24, 8).eval(), torch.randn(4, 24)
    torch.testing.assert_close(trunk(parts)[2:3], trunk(parts[2:3]))
