"""Text encoders: texts in, vectors of length 1 out. Frozen; what was encoded once can be kept on disk.

>>> encoder = load_encoder("hashing")
>>> encoder.encode(["sumac"]).shape
(1, 256)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from ragmtl.errors import MismatchError
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.encoders.recent import RecentEncoder
from ragmtl.retrieval.encoders.vectors import VectorStore, keys_of
from ragmtl.retrieval.progress import Progress, no_progress

HALF = "-bfloat16"
"""How the fingerprint of an encoder ends that computes in bfloat16."""


@runtime_checkable
class Encoder(Protocol):
    """What turns texts into vectors."""

    @property
    def name(self) -> str:
        """What `load_encoder` takes to make this encoder again."""
        ...

    @property
    def dim(self) -> int:
        """How long a vector is."""
        ...

    @property
    def fingerprint(self) -> str:
        """Equal for two encoders only if they give equal vectors."""
        ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """One vector of length 1 per text."""
        ...


@runtime_checkable
class HasInside(Protocol):
    """An encoder whose network can be read inside, too."""

    def inside(self) -> Encoder:
        """What makes vectors for a model to read; see `load_encoder`."""
        ...


def load_encoder(name: str, *, device: str = "cpu", inside: bool = False, half: bool = False) -> Encoder:
    """Load an encoder by name.

    Args:
        name: "hashing" (no model), "minilm" (all-MiniLM-L6-v2), a folder (of a transformer, or a two-tower encoder), or
            the id of a model on the Hugging Face hub.
        device: Where a model runs: "cpu", "cuda", "cuda:1".
        inside: Whether vectors are for a model to read, not to search by: wider, and from inside of the network;
            "hashing" has none and gives the same vectors.
        half: Whether a model computes in bfloat16.

    Raises:
        ConfigError: There is no such model, or it cannot be read.
        MismatchError: The weights of "minilm" are not those that were published.
    """
    if name == "hashing":
        return HashingEncoder()
    if (Path(name) / "two_tower.json").is_file():
        from ragmtl.retrieval.encoders.two_tower import TwoTowerEncoder

        return TwoTowerEncoder(name, Path(name))
    from ragmtl.retrieval.encoders.transformer import TransformerEncoder, encoder_folder

    return TransformerEncoder(name, encoder_folder(name), device=device, inside=inside, half=half)


class CachedEncoder:
    """An encoder that keeps its vectors in a directory. Several processes may share one.

    Args:
        encoder: What encodes texts that were never seen.
        directory: A folder for all encoders; each gets one of its own in it.
        chunk: Texts that are encoded before they are written.

    Raises:
        MismatchError: The folder of this encoder holds something else.
    """

    def __init__(self, encoder: Encoder, directory: str | Path, *, chunk: int = 1024) -> None:
        self.name = encoder.name
        self.dim = encoder.dim
        self.fingerprint = encoder.fingerprint
        self._encoder = encoder
        self._chunk = chunk
        digest = hashlib.sha256(encoder.fingerprint.encode()).hexdigest()
        self._store = VectorStore(Path(directory) / digest[:16], encoder.dim, encoder.fingerprint)

    def __len__(self) -> int:
        return len(self._store)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """One vector per text; progress counts the texts that had to be encoded."""
        keys = keys_of(texts)
        rows = self._store.find(keys)
        if (rows < 0).any():
            self._store.refresh()
            missing = self._missing(texts, self._store.find(keys))
            self._encode(missing, progress or no_progress)
            rows = self._store.find(keys)
        return self._store.read(rows)

    def inside(self) -> Encoder | None:
        """The encoder for a model to read, of the same network; None where there is no network."""
        return self._encoder.inside() if isinstance(self._encoder, HasInside) else None

    def unwritten(self, most: int = 4096) -> RecentEncoder:
        """The same encoder for texts that must leave no trace on disk; those that are kept there are read from it.

        Args:
            most: How many other texts are kept in memory.
        """
        return RecentEncoder(self._encoder, self._store, most)

    def _missing(self, texts: Sequence[str], rows: Int64[np.ndarray, " text"]) -> list[str]:
        """Texts without a vector, each once, long ones first: texts of one chunk are of one length."""
        missing = dict.fromkeys(texts[row] for row in np.flatnonzero(rows < 0).tolist())
        return sorted(missing, key=lambda text: -len(text))

    def _encode(self, texts: list[str], progress: Progress) -> None:
        for start in range(0, len(texts), self._chunk):
            chunk = texts[start : start + self._chunk]
            done = _shifted(progress, start, len(texts))
            self._store.append(keys_of(chunk), self._encoder.encode(chunk, done))


class DeferredEncoder:
    """An encoder that is loaded when it is first used, and checked to be the one that was meant.

    Args:
        name: What `load_encoder` takes.
        dim: Length of its vectors.
        fingerprint: What its fingerprint must be; says in which precision it computes.
    """

    def __init__(self, name: str, dim: int, fingerprint: str) -> None:
        self.name = name
        self.dim = dim
        self.fingerprint = fingerprint
        self._encoder: Encoder | None = None

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """One vector of length 1 per text.

        Raises:
            MismatchError: The encoder of this name is another one now.
            ConfigError: It cannot be found any more.
        """
        if self._encoder is None:
            self._encoder = self._load()
        return self._encoder.encode(texts, progress)

    def _load(self) -> Encoder:
        encoder = load_encoder(self.name, half=self.fingerprint.endswith(HALF))
        if encoder.fingerprint != self.fingerprint:
            raise MismatchError(
                f"expected the text encoder {self.name!r} with fingerprint {self.fingerprint[:12]}, found "
                f"{encoder.fingerprint[:12]}: the model has changed since the index was made; run `ragmtl index` again"
            )
        return encoder


def _shifted(progress: Progress, start: int, total: int) -> Progress:
    return lambda done, _: progress(start + done, total)
