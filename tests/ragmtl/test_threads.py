from __future__ import annotations

import torch

from ragmtl.threads import one_thread


def test_torch_works_in_one_thread_and_then_in_as_many_as_before() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
