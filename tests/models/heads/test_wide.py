from __future__ import annotations

import torch

from ragmtl.models.heads.wide import WideSignals


def test_signals_are_added_with_their_gates() -> None:
    signals = torch.randn(3, 4, 2)
    added = WideSignals((0.5, 2.0)).eval()(signals)
    torch.testing.assert_close(added, 0.5 * signals[:, :, 0] + 2 * signals[:, :, 1])


def test_training_takes_a_signal_away_from_some_examples_whole() -> None:
    torch.manual_seed(0)
    wide = WideSignals((1.0, 10.0), dropout=0.5)
    added = wide(torch.ones(200, 3, 2))
    torch.testing.assert_close(added, added[:, :1].expand(-1, 3))
    assert set(added[:, 0].tolist()) == {0.0, 1.0, 10.0, 11.0}
