"""The head of a task whose answer is a text: an encoder–decoder over the fused evidence, as tokens.

    state of a token = its embedding + Linear(what it is about: the shared vector, a node, a passage)

`ragmtl/verbalise.py` writes query, triples and passages as tokens; here each also carries the vector that the rest of
the model made of its node or passage, so that what is learned for other tasks is read, and the trunk learns from this
one. Before all tokens stands one for the shared vector. The encoder–decoder is one of `transformers`, small and new, or
a checkpoint; it may copy tokens that it reads (`copying.py`).

While gradients are wanted, targets are given (teacher forcing): a row is (Σ loss, number) over the tokens of an
example's target. Otherwise texts are written by beam search: a row is the tokens written, and those that were read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ragmtl.errors import MismatchError
from ragmtl.models.heads.copying import width_of, with_copying
from ragmtl.models.heads.given import HeadInput
from ragmtl.models.layers.sparse import to_dense
from ragmtl.models.texts import Texts

if TYPE_CHECKING:
    from transformers import PreTrainedModel


WRITTEN_AT_ONCE = 32
"""Examples of which beams are kept in memory."""


@dataclass(frozen=True, slots=True)
class Search:
    """How texts are written.

    Attributes:
        longest, shortest: Most and fewest tokens.
        beams: Texts that are followed at once; 1 is greedy.
        no_repeat: Tokens in a row that must not come twice; 0: any may.
        smoothing: Share of the loss that wants all words alike (label smoothing).
    """

    longest: int = 64
    shortest: int = 0
    beams: int = 4
    no_repeat: int = 0
    smoothing: float = 0.1


class GenerationHead(nn.Module):
    """Texts, from the evidence as tokens.

    Args:
        dim: Width of the shared vector, of nodes and of passages.
        model: A sequence-to-sequence model of `transformers`, whose configuration names the tokens for padding, for
            the end, and for the start.
        search: How texts are written.
    """

    model: Any

    def __init__(self, dim: int, model: PreTrainedModel, search: Search) -> None:
        super().__init__()
        self.search = search
        self.model = with_copying(model)
        _keep_fixed(self.model)
        width = width_of(model)
        self.shared = nn.Linear(dim, width)
        self.about = nn.Linear(dim, width, bias=False)
        nn.init.zeros_(self.about.weight)

    def forward(self, given: HeadInput) -> Float[Tensor, "batch _column"]:
        """Losses of the targets, or texts.

        Raises:
            MismatchError: The evidence was not written as tokens.
        """
        texts = given.texts
        if texts is None:
            raise MismatchError("expected evidence as tokens, found none; ask this head with a batch of an assembly")
        read = self._read(given, texts)
        return self._losses(read, texts) if torch.is_grad_enabled() else self._written(read, texts)

    def _read(self, given: HeadInput, texts: Texts) -> _Read:
        """What the encoder makes of the tokens; those of evidence that training dropped are not there."""
        encoder = self.model.get_encoder()
        about, there = _owners(given, texts)
        embedded = self.model.get_input_embeddings()(texts.source) * getattr(encoder, "embed_scale", 1.0)
        states = torch.cat([self.shared(given.shared).unsqueeze(1), embedded + self.about(about)], 1)
        mask = texts.source_mask & there
        all_there = nn.functional.pad(mask, (1, 0), value=True)
        encoded = encoder(inputs_embeds=states, attention_mask=all_there.long()).last_hidden_state
        return _Read(encoded, all_there, nn.functional.pad(mask, (1, 0)), nn.functional.pad(texts.source, (1, 0)))

    def _losses(self, read: _Read, texts: Texts) -> Float[Tensor, "batch 2"]:
        """The smoothed loss of each target, summed over its tokens, and how many these are."""
        settings = self.model.config
        start = texts.target.new_full((len(texts.target), 1), settings.decoder_start_token_id)
        before = torch.cat([start, texts.target], 1)[:, :-1]
        chances = self.model(decoder_input_ids=before, use_cache=False, **read.given()).logits
        right = -chances.gather(2, texts.target.unsqueeze(2)).squeeze(2)
        smoothed = (1 - self.search.smoothing) * right - self.search.smoothing * chances.mean(2)
        mask = texts.target_mask.to(smoothed.dtype)
        return torch.stack([(smoothed * mask).sum(1), mask.sum(1)], 1)

    def _written(self, read: _Read, texts: Texts) -> Float[Tensor, "batch _column"]:
        """The best text of a beam search, padded to the longest, and the tokens that were read."""
        padding = int(self.model.config.pad_token_id)
        parts = [self._searched(part, padding) for part in read.parts(WRITTEN_AT_ONCE)]
        seen = texts.source.masked_fill(~texts.source_mask, padding)
        return torch.cat([torch.cat(parts), seen], 1).to(torch.float32)

    def _searched(self, read: _Read, padding: int) -> Int[Tensor, "batch step"]:
        search = self.search
        found = self.model.generate(
            **read.given(),
            num_beams=search.beams,
            do_sample=False,
            max_new_tokens=search.longest,
            min_new_tokens=search.shortest,
            no_repeat_ngram_size=search.no_repeat,
            early_stopping=search.beams > 1,
        )[:, 1:]
        written: Int[Tensor, "batch step"] = nn.functional.pad(
            found, (0, search.longest - found.shape[1]), value=padding
        )
        return written


def _keep_fixed(model: nn.Module) -> None:
    """What is not learned, such as sines of positions, is a buffer: every parameter of a head has a gradient."""
    for module in model.modules():
        fixed = [name for name, one in module.named_parameters(recurse=False) if not one.requires_grad]
        for name in fixed:
            values = module.get_parameter(name).data
            delattr(module, name)
            module.register_buffer(name, values)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What the decoder reads.

    Attributes:
        states: Of the encoder.
        mask: Which are there.
        copied_mask, copied: Which may be copied, and the token of each.
    """

    states: Float[Tensor, "batch place width"]
    mask: Bool[Tensor, "batch place"]
    copied_mask: Bool[Tensor, "batch place"]
    copied: Int[Tensor, "batch place"]

    def parts(self, most: int) -> list[_Read]:
        """The same for a few examples at a time."""
        split = (torch.split(one, most) for one in (self.states, self.mask, self.copied_mask, self.copied))
        return [_Read(*part) for part in zip(*split, strict=True)]

    def given(self) -> dict[str, Any]:
        """As a model of `transformers` takes it."""
        from transformers.modeling_outputs import BaseModelOutput

        return {
            "encoder_outputs": BaseModelOutput(last_hidden_state=self.states),
            "attention_mask": self.mask.long(),
            "copied": self.copied,
            "copied_mask": self.copied_mask,
        }


def _owners(given: HeadInput, texts: Texts) -> tuple[Float[Tensor, "batch token dim"], Bool[Tensor, "batch token"]]:
    """The vector of what each token is about, and whether that is there."""
    batch, dim = given.shared.shape
    vectors, there = [given.shared.unsqueeze(1)], [texts.source_mask.new_ones(batch, 1)]
    passages = 0
    if given.passages is not None:
        passages = given.passages.vectors.shape[1]
        vectors.append(given.passages.vectors)
        there.append(given.passages.mask)
    if given.nodes is not None:
        nodes, taken = to_dense(given.nodes.vectors, given.nodes.example, batch)
        kept, _ = to_dense(given.nodes.mask.unsqueeze(1).to(nodes.dtype), given.nodes.example, batch)
        vectors.append(nodes)
        there.append(taken & (kept.squeeze(2) > 0))
    owners = texts.owners  # 0: the query; -n: the n-th passage; n: the n-th node
    places = torch.where(owners > 0, owners + passages, -owners)
    table = torch.cat(vectors, 1)
    return table.gather(1, places.unsqueeze(2).expand(-1, -1, dim)), torch.cat(there, 1).gather(1, places)
