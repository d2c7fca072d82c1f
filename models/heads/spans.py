"""The head of a task that marks stretches of a text: a tag for each word, read with its neighbours and the evidence.

    logits of a word = WordTagger(word, shared vector)

The words of an example stand where rankings have the signals of their items (`HeadInput.signals`).
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.errors import MismatchError
from ragmtl.models.heads.given import HeadInput
from ragmtl.retrieval.tagging.network import WordTagger


class SpanHead(nn.Module):
    """A tag for each word of a text.

    Args:
        dim: Width of the shared vector.
        wide: How long the vector of a word is.
        tags: Number of tags.
        places: The most words of a text.
    """

    def __init__(self, dim: int, wide: int, tags: int, places: int) -> None:
        super().__init__()
        self.places = places
        self.context = nn.Linear(dim, dim)
        self.tagger = WordTagger(wide, dim, tags)

    def forward(self, given: HeadInput) -> Float[Tensor, "batch tag"]:
        """Logits of all tags of all places, place by place; zeros where there is no word.

        Raises:
            MismatchError: There are no words, or more than places.
        """
        words = given.signals
        if words is None or words.shape[1] > self.places:
            found = "none" if words is None else f"{words.shape[1]}"
            raise MismatchError(f"expected at most {self.places} words of each text, found {found}")
        logits = self.tagger(words, self.context(given.shared)) * (words[..., :1] > 0)
        return nn.functional.pad(logits, (0, 0, 0, self.places - words.shape[1])).flatten(1)
