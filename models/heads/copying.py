"""A sequence-to-sequence model of `transformers` that may also copy what it reads.

    p(token) = (1 − g) · softmax(logits)[token] + g · Σ over the read tokens that are `token`: attention

g, the gate, and the attention follow from the state of the decoder. A name that training never saw can so be written:
a decoder alone knows the words of its training targets only.

Source: pointer-generator networks, See, Liu & Manning, "Get to the point", ACL 2017.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

GATE_START = -1.0
"""Start of the gate, before the sigmoid."""

_LEAST = 1e-9


class Copying(nn.Module):
    """The mixture of what a decoder would write and what it would copy.

    Args:
        width: Of the states of encoder and decoder.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.wanted = nn.Linear(width, width)
        self.offered = nn.Linear(width, width)
        self.gate = nn.Linear(width, 1)
        nn.init.constant_(self.gate.bias, GATE_START)

    def forward(
        self,
        states: Float[Tensor, "batch step width"],
        logits: Float[Tensor, "batch step word"],
        read: Float[Tensor, "batch token width"],
        mask: Bool[Tensor, "batch token"],
        tokens: Int[Tensor, "batch token"],
    ) -> Float[Tensor, "batch step word"]:
        """Logarithms of the chances of each word.

        Args:
            states: Of the decoder.
            logits: Of the decoder.
            read: States of the encoder.
            mask: Which of them may be copied.
            tokens: Which word each of them is.
        """
        asked = self.norm(states)
        scores = self.wanted(asked) @ self.offered(read).transpose(1, 2) / math.sqrt(read.shape[2])
        attention = scores.masked_fill(~mask.unsqueeze(1), -1e9).float().softmax(2)
        gate = self.gate(asked).float().sigmoid() * mask.any(1)[:, None, None]
        written = logits.float().softmax(2) * (1 - gate)
        places = tokens.unsqueeze(1).expand(-1, states.shape[1], -1)
        chances: Float[Tensor, "batch step word"] = written.scatter_add(2, places, gate * attention)
        return chances.clamp(min=_LEAST).log()


class _Copies:
    """What is put over a model of `transformers`: its `forward` gives logarithms of chances, with what is copied."""

    copying: Copying

    def forward(
        self,
        *,
        copied: Int[Tensor, "batch token"] | None = None,
        copied_mask: Bool[Tensor, "batch token"] | None = None,
        encoder_outputs: Any = None,  # noqa: ANN401 - an output class of `transformers`
        attention_mask: Int[Tensor, "batch token"] | None = None,
        **settings: Any,  # noqa: ANN401 - as `transformers` calls it
    ) -> Any:  # noqa: ANN401 - an output class of `transformers`
        settings |= {"output_hidden_states": True, "return_dict": True}
        said = cast(Any, super()).forward(encoder_outputs=encoder_outputs, attention_mask=attention_mask, **settings)
        if copied is not None and copied_mask is not None:
            states = said.decoder_hidden_states[-1]
            said.logits = self.copying(states, said.logits, encoder_outputs[0], copied_mask, copied)
        said.decoder_hidden_states = None
        return said


def with_copying(model: PreTrainedModel) -> PreTrainedModel:
    """The same model, which may also copy: its `forward` and `generate` take `copied` and `copied_mask`."""
    kind = type(model)
    model.__class__ = type(f"Copying{kind.__name__}", (_Copies, kind), {})
    model.copying = Copying(width_of(model))
    return model


def width_of(model: PreTrainedModel) -> int:
    """The width of the states of a model."""
    weight = cast(nn.Embedding, model.get_input_embeddings()).weight
    return int(weight.shape[1])
