"""Words of a text as vectors: the states of a frozen text encoder, and how each word is written.

A word's state is the mean of its tokens' states two thirds up the encoder (docs/decisions/0002); where the encoder has
no tokens ("hashing"), it is the vector of the word alone. Most encoders forget capitals, which tell names from words:
beside the state stand a few numbers that say how the word is written.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float16, Float32

from ragmtl.retrieval.encoders.encoder import Encoder, load_encoder
from ragmtl.retrieval.encoders.transformer import encoder_folder, load_tokenizer_and_model, room_of
from ragmtl.retrieval.linking.tokens import Tokens, tokenise
from ragmtl.retrieval.query import readable

STATE, SHAPE = 384, 6
WIDE = STATE + SHAPE
"""How long the vector of a word is: shorter states are filled up with zeros, longer ones are cut."""

_WINDOW, _KEPT = 96, 8192


class WordReader:
    """Makes vectors of words, and keeps those of the texts that were read last.

    Args:
        name: Of the text encoder, as for `load_encoder`.
        device: Where it runs.
    """

    def __init__(self, name: str, device: str = "cpu") -> None:
        self.name = name
        self._device = device
        self._kept: OrderedDict[str, Float16[np.ndarray, "word wide"]] = OrderedDict()

    def __call__(self, texts: Sequence[str]) -> list[Float16[np.ndarray, "word wide"]]:
        """The vectors of each text's words, as `tokenise` tells them apart; the first number of each is 1."""
        for text in texts:
            if text not in self._kept:
                self._kept[text] = self._read(text)
            self._kept.move_to_end(text)
        found = [self._kept[text] for text in texts]
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found

    def _read(self, text: str) -> Float16[np.ndarray, "word wide"]:
        tokens = tokenise(text)
        table = np.zeros((len(tokens.words), WIDE), np.float16)
        table[:, :SHAPE] = _written(text, tokens)
        if tokens.words:
            states = self._in_context(text, tokens) if self._plain is None else self._plain.encode(tokens.words)
            table[:, SHAPE : SHAPE + states.shape[1]] = states[:, :STATE]
        return table

    @cached_property
    def _plain(self) -> Encoder | None:
        """The encoder, where it has no tokens."""
        plain = self.name == "hashing" or (Path(self.name) / "two_tower.json").is_file()
        return load_encoder(self.name) if plain else None

    def _in_context(self, text: str, tokens: Tokens) -> Float32[np.ndarray, "word state"]:
        """The mean state of each word's tokens, read in windows of the text."""
        parts = []
        for first in range(0, len(tokens.words), _WINDOW):
            last = min(first + _WINDOW, len(tokens.words)) - 1
            begin = tokens.starts[first]
            starts = np.array(tokens.starts[first : last + 1]) - begin
            parts.append(self._states(text[begin : tokens.ends[last]], starts))
        return np.concatenate(parts)

    def _states(self, text: str, starts: np.ndarray) -> Float32[np.ndarray, "word state"]:
        tokenizer, model = self._loaded
        room = room_of(tokenizer, model)
        read = tokenizer(
            readable(text), truncation=True, max_length=room, return_offsets_mapping=True, return_tensors="pt"
        )
        offsets = read.pop("offset_mapping")[0].numpy()
        with torch.inference_mode():
            every = model(**read.to(model.device), output_hidden_states=True).hidden_states
        states = every[round((len(every) - 1) * 2 / 3)][0].float().cpu().numpy()
        real = offsets[:, 1] > offsets[:, 0]
        owners = (np.searchsorted(starts, offsets[real, 0], "right") - 1).clip(0)
        sums, counts = np.zeros((len(starts), states.shape[1]), np.float32), np.zeros((len(starts), 1), np.float32)
        np.add.at(sums, owners, states[real])
        np.add.at(counts, owners, 1.0)
        return np.asarray(sums / counts.clip(1.0), np.float32)

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        return load_tokenizer_and_model(encoder_folder(self.name), self._device, torch.float32)


def _written(text: str, tokens: Tokens) -> Float32[np.ndarray, "word shape"]:
    """That there is a word; whether it has a capital, is all capitals, is a number, begins a sentence, is quoted."""
    rows = []
    for start, end in zip(tokens.starts, tokens.ends, strict=True):
        word, before = text[start:end], text[:start].rstrip()[-1:]
        first = not before or before in ".!?\n"
        quoted = text[start - 1 : start] in tuple("\"'\u201c\u00ab(") if start else False
        rows.append((1, word[:1].isupper(), len(word) > 1 and word.isupper(), word.isdigit(), first, quoted))
    return np.array(rows, np.float32).reshape(-1, SHAPE)
