"""How the model reads the texts of queries: by a frozen encoder, or by one that learns with it.

    [model] text    training reads                      a trained run reads
    frozen          vectors that are kept               the same
    lora, full      tokens, and learns what they say    vectors of the encoder as it was learned, kept likewise

Passages, descriptions of nodes and labelled neighbours stay with the frozen encoder of the index in every case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32, Int64

from ragmtl.config import Config
from ragmtl.errors import ConfigError, MismatchError
from ragmtl.models.encoders.tuned import TunedEncoder
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.encoders.low_rank import FULL_RATE, LORA_RATE, refuse_without_peft, with_lora
from ragmtl.retrieval.encoders.transformer import (
    encoder_folder,
    fingerprint_of_folder,
    load_tokenizer_and_model,
    longest_of,
)
from ragmtl.retrieval.progress import Progress, no_progress
from ragmtl.retrieval.query import readable
from ragmtl.retrieving import named_model

AT_ONCE = 256
"""Texts that are encoded before the bar moves."""


@runtime_checkable
class Tokenises(Protocol):
    """A reader that also gives the tokens of texts, for an encoder that learns."""

    def tokens(self, texts: Sequence[str]) -> list[Int64[np.ndarray, " _token"]]:
        """The tokens of each text."""
        ...


def with_tokens(config: Config, frozen: Encoder) -> Encoder:
    """A frozen encoder that also gives tokens, where one learns.

    Raises:
        ConfigError: The encoder is to learn, and is none that can, or needs a package that is not installed.
    """
    if config.model.text == "frozen":
        return frozen
    if config.model.text == "lora":
        refuse_without_peft()
    return LearningReader(frozen, Tokeniser.of(_transformer(config)))


def tuned_reader(config: Config, encoder: TunedEncoder) -> TunedReader:
    """What reads texts for a trained model whose encoder learned with it."""
    return TunedReader(named_model(config, config.encoder.name), _transformer(config), encoder)


def tuned_encoder(config: Config, expected: str = "") -> TunedEncoder | None:
    """The encoder that learns with a model, as it starts; None where texts are read by a frozen one.

    Args:
        config: Names it, and says how it learns.
        expected: The fingerprint of the weights that learned ones belong to; "" for a new model.

    Raises:
        ConfigError: It cannot learn, cannot be found, or needs a package that is not installed.
        MismatchError: Its weights are others.
    """
    if config.model.text == "frozen":
        return None
    folder, seed = _transformer(config), int(torch.randint(2**31, ()))
    if expected and (found := fingerprint_of_folder(folder)) != expected:
        raise MismatchError(
            f"expected the text encoder {config.encoder.name!r} with fingerprint {expected[:12]}, which this run has "
            f"learned additions to, found {found[:12]} in {folder}; restore that encoder, or train again"
        )
    with torch.random.fork_rng(devices=[]):
        _, transformer = load_tokenizer_and_model(folder, "cpu", torch.float32)
    lora = config.model.text == "lora"
    learned = with_lora(transformer, seed) if lora else transformer.requires_grad_(True)
    for name, weight in learned.named_parameters():
        if "pooler." in name:  # stands on the last layer, and is not read
            weight.requires_grad_(False)
    return TunedEncoder(learned, rate=LORA_RATE if lora else FULL_RATE, most=config.model.text_segments)


def fingerprint_for(config: Config) -> str:
    """The fingerprint of the weights that an encoder learns from; "" where texts are read by a frozen one."""
    return "" if config.model.text == "frozen" else fingerprint_of_folder(_transformer(config))


@dataclass(frozen=True, slots=True, eq=False)
class Tokeniser:
    """Cuts texts into the tokens of a transformer.

    Attributes:
        tokenizer: Of `transformers`.
        longest: How many tokens of a text are read.
    """

    tokenizer: Any
    longest: int

    @classmethod
    def of(cls, folder: Path) -> Tokeniser:
        """That of a transformer's folder."""
        tokenizer, model = load_tokenizer_and_model(folder, "cpu", torch.float32)
        return cls(tokenizer, longest_of(folder, tokenizer, model))

    def __call__(self, texts: Sequence[str]) -> list[Int64[np.ndarray, " _token"]]:
        """The tokens of each text."""
        if not texts:
            return []
        found = self.tokenizer([readable(text) for text in texts], truncation=True, max_length=self.longest)
        return [np.array(tokens, np.int64) for tokens in found["input_ids"]]


class LearningReader:
    """The frozen encoder, whose vectors say how segments are standardised, and tokens for the one that learns."""

    def __init__(self, frozen: Encoder, tokeniser: Tokeniser) -> None:
        self.name, self.dim, self.fingerprint = frozen.name, frozen.dim, frozen.fingerprint
        self._frozen = frozen
        self.tokens = tokeniser

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """The frozen vector of each text."""
        return self._frozen.encode(texts, progress)


class TunedReader:
    """An encoder that learned with a model, for reading; not trained further.

    Args:
        name: Of the encoder that it started as.
        folder: Where the tokenizer of that is.
        encoder: With what it learned.
    """

    def __init__(self, name: str, folder: Path, encoder: TunedEncoder) -> None:
        self.name, self.dim = name, encoder.dim
        self.fingerprint = f"{fingerprint_of_folder(folder)}-inside-{_digest(encoder)}"
        self._tokeniser = Tokeniser.of(folder)
        self._encoder = encoder

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """One vector per text, of the length that it has."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), AT_ONCE):
            found = self._tokeniser(texts[start : start + AT_ONCE])
            vectors[start : start + len(found)] = self._read(found)
            (progress or no_progress)(start + len(found), len(texts))
        return vectors

    def _read(self, tokens: Sequence[Int64[np.ndarray, " _token"]]) -> Float32[np.ndarray, "text dim"]:
        device = next(self._encoder.parameters()).device
        padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in tokens], batch_first=True)
        there = torch.arange(padded.shape[1]) < torch.tensor([len(one) for one in tokens]).unsqueeze(1)
        training = self._encoder.training
        self._encoder.eval()
        try:
            with torch.inference_mode():
                vectors: Float32[np.ndarray, "text dim"] = (
                    self._encoder(padded.to(device), there.to(device)).cpu().numpy()
                )
        finally:
            self._encoder.train(training)
        return vectors


def _transformer(config: Config) -> Path:
    """The folder of the transformer that learns.

    Raises:
        ConfigError: The encoder is none, or cannot be found.
    """
    name = named_model(config, config.encoder.name)
    if name == "hashing" or (Path(name) / "two_tower.json").is_file():
        raise ConfigError(
            f'[model] text = "{config.model.text}": expected a transformer as the text encoder, found '
            f'{config.encoder.name!r}; name one in [encoder], such as "minilm", or set text = "frozen"'
        )
    return encoder_folder(name)


def _digest(encoder: TunedEncoder) -> str:
    """The sha256 of what was learned."""
    digest = hashlib.sha256()
    for name, weight in sorted(encoder.state_dict().items()):
        digest.update(name.encode() + weight.cpu().numpy().tobytes())
    return digest.hexdigest()
