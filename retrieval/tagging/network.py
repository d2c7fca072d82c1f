"""The network that tags words: each word by itself, then twice with its neighbours, then a logit for each tag.

h = GELU(Linear(word) + context),   h \u2190 h + GELU(Conv\u2083(h)) twice,   logits = Linear(h)
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class WordTagger(nn.Module):
    """Logits of the tags of words.

    Args:
        wide: How long the vector of a word is; its first number is 1, and 0 where there is no word.
        dim: Width inside.
        tags: Number of tags.
        dropout: On what is read.
    """

    def __init__(self, wide: int, dim: int, tags: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.read = nn.Linear(wide, dim)
        self.beside = nn.ModuleList(nn.Conv1d(dim, dim, 3, padding=1) for _ in range(2))
        self.say = nn.Linear(dim, tags)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, words: Float[Tensor, "text word wide"], context: Float[Tensor, "text dim"] | None = None
    ) -> Float[Tensor, "text word tag"]:
        """Logits of each word's tags; what stands at places without a word changes nothing at the others."""
        there = (words[..., :1] > 0).to(words.dtype)
        read = self.read(self.dropout(words))
        if context is not None:
            read = read + context.unsqueeze(1)
        found = nn.functional.gelu(read) * there
        for convolve in self.beside:
            heard = convolve(found.transpose(1, 2)).transpose(1, 2)
            found = (found + self.dropout(nn.functional.gelu(heard))) * there
        logits: Float[Tensor, "text word tag"] = self.say(found)
        return logits
