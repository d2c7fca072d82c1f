from __future__ import annotations

import torch

from ragmtl.models.sharing.bottom import SharedBottom


def test_shared_vectors_are_normal_at_first_whatever_the_scale_of_the_input() -> None:
    torch.manual_seed(0)
    trunk = SharedBottom(24, 8).eval()
    for scale in (0.01, 100.0):
        shared = trunk(scale * torch.randn(50, 24), ["a"]).vectors["a"]
        assert 0.9 < shared.std().item() < 1.1


def test_all_tasks_read_the_same_vector() -> None:
    shared = SharedBottom(24, 8)(torch.randn(4, 24), ["a", "b"])
    assert shared.vectors["a"] is shared.vectors["b"]
    assert shared.penalty == 0
    assert not shared.weights
