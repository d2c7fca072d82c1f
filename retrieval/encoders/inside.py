"""What a model reads of a text: the mean states of two layers of a transformer, side by side.

    h(text) = [mean of layer 2L/3 ; mean of layer L], without the first and the last token, which only frame the text

The middle of an encoder that was trained to search knows things that its last layer was trained to forget
(docs/decisions/0002).
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor


def inside_layers(model: Any) -> tuple[int, int]:  # noqa: ANN401 - of transformers
    """The layers of a transformer that are read; 0 is what it embeds."""
    layers = int(model.config.num_hidden_layers)
    return round(layers * 2 / 3), layers


def inside_of(
    model: Any,  # noqa: ANN401 - of transformers
    tokens: Int[Tensor, "text token"],
    mask: Int[Tensor, "text token"],
) -> Float[Tensor, "text wide"]:
    """The vectors of some texts, as they are; padding stands on the right."""
    states = model(input_ids=tokens, attention_mask=mask, output_hidden_states=True).hidden_states
    inner = _inner(mask)
    return torch.cat([mean_of(states[layer], inner) for layer in inside_layers(model)], dim=1)


def mean_of(states: Float[Tensor, "text token dim"], mask: Int[Tensor, "text token"]) -> Float[Tensor, "text dim"]:
    """The mean of the states of the tokens that count; zeros where none does."""
    weights = mask.unsqueeze(-1).float()
    return (states.float() * weights).sum(1) / weights.sum(1).clamp(min=1.0)


def _inner(mask: Int[Tensor, "text token"]) -> Int[Tensor, "text token"]:
    """The mask without the first and the last token."""
    inner = mask.clone()
    inner[:, 0] = 0
    inner[torch.arange(len(mask)), mask.sum(1) - 1] = 0
    return inner
