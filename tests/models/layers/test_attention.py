from __future__ import annotations

import torch

from ragmtl.models.layers.attention import Attention, masked_softmax


def test_masked_places_get_exactly_zero() -> None:
    weights = masked_softmax(torch.tensor([[1.0, 1.0, 99.0]]), torch.tensor([[True, True, False]]))
    assert weights.tolist() == [[0.5, 0.5, 0.0]]


def test_a_row_that_is_masked_throughout_is_zero_with_finite_gradient() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    weights = masked_softmax(logits, torch.zeros(2, 3, dtype=torch.bool))
    weights.sum().backward()  # type: ignore[no-untyped-call]
    assert not weights.any()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_agrees_with_torch() -> None:
    """The same as `torch.nn.functional.scaled_dot_product_attention`, and its weights."""
    torch.manual_seed(0)
    attention, query, tokens = Attention(8, 2), torch.randn(3, 8), torch.randn(3, 5, 8)
    mask, prior = torch.rand(3, 5) > 0.3, torch.randn(3, 2, 5)
    mask[:, 0] = True
    summary, weights = attention(query, tokens, mask, prior)
    split = (3, -1, 2, 4)
    expected = torch.nn.functional.scaled_dot_product_attention(
        attention.query(query).view(split).transpose(1, 2),
        attention.key(tokens).view(split).transpose(1, 2),
        attention.value(tokens).view(split).transpose(1, 2),
        attn_mask=prior.masked_fill(~mask.unsqueeze(1), -torch.inf).unsqueeze(2),
    )
    torch.testing.assert_close(summary, attention.output(expected.transpose(1, 2).reshape(3, 8)))
    torch.testing.assert_close(weights.sum(1), torch.ones(3))
