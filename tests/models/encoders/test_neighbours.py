from __future__ import annotations

import torch

from ragmtl.models.encoders.neighbours import NeighbourEncoder


def test_a_neighbour_is_its_text_and_the_mean_of_its_labels() -> None:
    torch.manual_seed(0)
    encoder, text = NeighbourEncoder(5, 4, 3), torch.randn(2, 2, 5)
    none = encoder(text, torch.zeros(3, 0, dtype=torch.long))
    labels = torch.tensor([[0, 0, 1], [1, 1, 0], [3, 1, 2]])
    added = encoder(text, labels) - none
    torch.testing.assert_close(added[0, 1], encoder.labels[[1, 3]].mean(0))
    torch.testing.assert_close(added[1, 0], encoder.labels[2])
    assert not added[0, 0].any()
    assert not added[1, 1].any()
