"""From texts to tokens and back, for tasks whose answer is a text.

    tokenizer = new_tokenizer(["Fight Club is a film."], vocabulary=500)
    tokenizer.decode(tokenizer.encode("Fight Club"))                        'Fight Club'

A new one is a byte-level BPE of the training targets, by `tokenizers`: it can write any name. Each piece of what is
read begins with a marker, which says what it is. Equal targets give an equal tokenizer.

Source: Sennrich, Haddow & Birch, "Neural machine translation of rare words with subword units", ACL 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragmtl.errors import ConfigError
from ragmtl.retrieval.encoders.transformer import silence

if TYPE_CHECKING:
    from tokenizers import Tokenizer

QUERY, ABOUT, HEAD, RELATION, TAIL, PASSAGE = MARKERS = (
    *("<|query|>", "<|about|>", "<|head|>", "<|relation|>", "<|tail|>", "<|passage|>"),
)
_PADDING, _END = "<|padding|>", "<|end|>"
LEAST_VOCABULARY = 300
"""Bytes, markers, and a few merges."""


@dataclass(frozen=True)
class TextTokenizer:
    """Texts as numbers.

    Attributes:
        saved: The tokenizer, as JSON of `tokenizers`.
        padding, end: Two of its tokens.
    """

    saved: str
    padding: int = 0
    end: int = 1

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        found = Tokenizer.from_str(self.saved)
        found.no_truncation()
        found.no_padding()
        return found

    @cached_property
    def _markers(self) -> dict[int, str]:
        found = {self._tokenizer.token_to_id(marker): marker for marker in MARKERS}
        return {token: marker for token, marker in found.items() if token is not None}

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size(with_added_tokens=True)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of some texts, without an end."""
        return [found.ids for found in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def marker(self, name: str) -> int:
        """The token of a marker."""
        return next(token for token, marker in self._markers.items() if marker == name)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of some tokens, up to the end, without markers."""
        kept = list(tokens)
        kept = kept[: kept.index(self.end)] if self.end in kept else kept
        return str(self._tokenizer.decode([one for one in kept if one != self.padding])).strip()

    def pieces(self, tokens: Sequence[int]) -> list[tuple[str, str]]:
        """What was read, piece by piece: its marker and its text."""
        found: list[tuple[str, list[int]]] = []
        for token in tokens:
            if token in self._markers:
                found.append((self._markers[token], []))
            elif found:
                found[-1][1].append(token)
        return [(marker, self.decode(inside)) for marker, inside in found]


def new_tokenizer(texts: Sequence[str], vocabulary: int) -> TextTokenizer:
    """Learn a tokenizer.

    Args:
        texts: What will be written.
        vocabulary: The most tokens; at least 300.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[_PADDING, _END, *MARKERS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return TextTokenizer(tokenizer.to_str())


def tokenizer_of(checkpoint: str) -> TextTokenizer:
    """The tokenizer of a checkpoint, with the markers.

    Args:
        checkpoint: A folder, or a name that Hugging Face knows.

    Raises:
        ConfigError: There is none that can be read, or it has no end or no padding.
    """
    from transformers import AutoTokenizer

    try:
        with silence():
            found: Any = AutoTokenizer.from_pretrained(checkpoint)
        backend: Tokenizer = found.backend_tokenizer
    except (OSError, ValueError, KeyError, AttributeError, ImportError) as error:
        raise unreadable(checkpoint, error) from error
    if found.pad_token_id is None or found.eos_token_id is None:
        raise ConfigError(f"expected a tokenizer with tokens for padding and for the end in {checkpoint}, found none")
    backend.add_special_tokens(list(MARKERS))
    return TextTokenizer(backend.to_str(), int(found.pad_token_id), int(found.eos_token_id))


def unreadable(checkpoint: str, error: Exception) -> ConfigError:
    """What to say of a checkpoint that cannot be used."""
    where = "" if Path(checkpoint).is_dir() else " (no folder here, and nothing that can be fetched)"
    reason = " ".join(str(error).split())[:200]
    return ConfigError(
        f"expected a sequence-to-sequence model with a fast tokenizer in {checkpoint!r}{where}, found none that can be "
        f"read: {reason}; name a folder that `save_pretrained` wrote, or leave out `checkpoint`"
    )
