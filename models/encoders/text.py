"""The text of a query: split into segments, each read by the frozen encoder; then summed up by attention."""

from __future__ import annotations

import re

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.layers.attention import masked_softmax

_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s+|\n+")


def split_segments(text: str, max_chars: int = 160, most: int = 24) -> list[str]:
    """Splits a text into segments of whole sentences.

    A sentence that is too long is split between words, a word that is too long anywhere. Nothing is left out: a text
    that is longer than `most` segments of `max_chars` gets longer segments.

    Args:
        text: Any text; one without letters gives no segments.
        max_chars: Longest segment, in characters.
        most: Largest number of segments.

    Example:
        >>> split_segments("A stew of lamb. It simmers for hours, with dried limes.", max_chars=30)
        ['A stew of lamb.', 'It simmers for hours, with', 'dried limes.']
    """
    limit = max(max_chars, len(text) // most)
    segments = _pack(text, limit)
    while len(segments) > most:
        limit += limit // 4 + 1
        segments = _pack(text, limit)
    return segments


def _pack(text: str, limit: int) -> list[str]:
    """Segments of at most `limit` characters, each as full as whole pieces allow."""
    segments: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        for piece in _pieces(sentence, limit):
            if segments and len(segments[-1]) + 1 + len(piece) <= limit:
                segments[-1] += " " + piece
            else:
                segments.append(piece)
    return segments


def _pieces(sentence: str, limit: int) -> list[str]:
    """A sentence, cut where it is longer than the limit."""
    tidy = " ".join(sentence.split())
    if len(tidy) <= limit:
        return [tidy] if tidy else []
    pieces: list[str] = []
    for word in tidy.split(" "):
        chunks = [word[start : start + limit] for start in range(0, len(word), limit)]
        if pieces and len(pieces[-1]) + 1 + len(chunks[0]) <= limit:
            pieces[-1] += " " + chunks.pop(0)
        pieces.extend(chunks)
    return pieces


class SegmentReader(nn.Module):
    """Sums up the segments of a text by attention, weights learned from each segment alone.

    Segments are standardised first, with the mean and spread of those of training: numbers from inside of a network
    differ widely in size.

    Args:
        text_dim: Width of segment vectors.
        dim: Width of the summary, a multiple of `heads`.
        heads: Each weighs segments for its own part of the summary.
        dropout: On the numbers of a segment, and on the summary.
        left_out: Share of segments that training leaves out.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, text_dim: int, dim: int, heads: int = 4, *, dropout: float = 0.3, left_out: float = 0.3) -> None:
        super().__init__()
        self.heads = heads
        self.left_out = left_out
        self.project = nn.Linear(text_dim, dim)
        self.salience = nn.Linear(text_dim, heads, bias=False)
        nn.init.zeros_(self.salience.weight)
        self.nothing = nn.Parameter(torch.zeros(dim))
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("mean", torch.zeros(text_dim))
        self.register_buffer("spread", torch.ones(text_dim))

    def standardise(self, mean: Float[Tensor, " text"], spread: Float[Tensor, " text"]) -> None:
        """Set what segments are standardised with; numbers without spread are left as they are."""
        self.mean.copy_(mean)
        self.spread.copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))

    def forward(
        self,
        segments: Float[Tensor, "batch segment text"],
        mask: Bool[Tensor, "batch segment"],
        drawn: Bool[Tensor, "batch segment"] | None = None,
    ) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch segment"]]:
        """The summary of each text, and the weight of each segment (they sum to 1; 0 where there is no text).

        Args:
            segments: Their vectors.
            mask: Which there are.
            drawn: Which of them are read, at least one of each text; training draws them by itself where None.
        """
        read = self.dropout((segments.to(self.mean.dtype) - self.mean) / self.spread)
        chosen = self._kept(mask) if drawn is None else drawn
        weights = masked_softmax(self.salience(read).transpose(1, 2), chosen.unsqueeze(1))
        projected = functional.gelu(self.project(read))
        parts = projected.reshape(*projected.shape[:2], self.heads, projected.shape[2] // self.heads)
        summary = self.dropout(torch.einsum("bhs,bshd->bhd", weights, parts).flatten(1))
        return torch.where(mask.any(1, keepdim=True), summary, self.nothing), weights.mean(1)

    def _kept(self, mask: Bool[Tensor, "batch segment"]) -> Bool[Tensor, "batch segment"]:
        """The segments that are read: in training, some are left out, but never all of a text."""
        if not self.training or self.left_out == 0:
            return mask
        kept = mask & (torch.rand(mask.shape, device=mask.device) >= self.left_out)
        return torch.where(kept.any(1, keepdim=True), kept, mask)
