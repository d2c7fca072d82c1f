from __future__ import annotations

from dataclasses import replace

import torch

from ragmtl.models.encoders.nodes import Entities, NodeEncoder

NONE = torch.zeros(2, dtype=torch.bool)


def entities(numbers: int = 0) -> Entities:
    torch.manual_seed(1)
    return Entities(torch.randn(2, 5), torch.randn(2, 3), torch.tensor([1, 0]), torch.randn(2, numbers))


def test_a_node_is_its_text_its_learned_vector_and_its_role() -> None:
    torch.manual_seed(0)
    encoder, known = NodeEncoder(5, 3), entities()
    plain = encoder(known, torch.zeros(2), NONE)
    torch.testing.assert_close(plain, encoder.describe(known))
    torch.testing.assert_close(plain - encoder.describe(replace(known, learned=torch.zeros(2, 3))), known.learned)
    assert not torch.allclose(plain, encoder(known, torch.ones(2), NONE))
    assert not torch.allclose(plain, encoder(known, torch.zeros(2), ~NONE))


def test_types_and_numbers_count_where_they_are_read() -> None:
    torch.manual_seed(0)
    plain, encoder, known = NodeEncoder(5, 3), NodeEncoder(5, 3, types=3, numbers=2), entities(numbers=2)
    assert encoder.types is not None
    encoder.types.weight.data.normal_()
    for change in ({"types": torch.tensor([2, 2])}, {"numbers": torch.full((2, 2), torch.nan)}):
        other = replace(known, **change)
        assert torch.equal(plain.describe(known), plain.describe(other))
        assert not torch.allclose(encoder.describe(known), encoder.describe(other))


def test_text_may_be_left_out() -> None:
    encoder, known = NodeEncoder(0, 3), entities()
    assert torch.equal(encoder.describe(known), known.learned)
