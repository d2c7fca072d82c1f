"""An encoder for texts that must leave no trace on disk: what users ask a server.

Vectors that are on disk already are read from there; those of the most recent other texts stay in memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from ragmtl.retrieval.encoders.vectors import VectorStore, keys_of
from ragmtl.retrieval.progress import Progress


@runtime_checkable
class _Encodes(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]: ...


class RecentEncoder:
    """Encodes what is neither on disk nor recent. For one thread at a time.

    Args:
        encoder: What encodes.
        store: Vectors on disk, of the same encoder.
        most: How many vectors are kept in memory.
    """

    def __init__(self, encoder: _Encodes, store: VectorStore, most: int = 4096) -> None:
        self.name = encoder.name
        self.dim = encoder.dim
        self.fingerprint = encoder.fingerprint
        self._encoder = encoder
        self._store = store
        self._most = most
        self._recent: OrderedDict[str, Float32[np.ndarray, " dim"]] = OrderedDict()

    def __len__(self) -> int:
        """How many vectors are in memory."""
        return len(self._recent)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        """One vector per text; progress counts the texts that had to be encoded."""
        found = {text: self._recent[text] for text in texts if text in self._recent}
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        if missing:
            found |= self._read(missing)
            new = sorted((text for text in missing if text not in found), key=lambda text: -len(text))
            found |= zip(new, self._encoder.encode(new, progress), strict=True) if new else ()
        self._remember(found)
        return np.stack([found[text] for text in texts]) if texts else np.zeros((0, self.dim), np.float32)

    def _read(self, texts: list[str]) -> dict[str, Float32[np.ndarray, " dim"]]:
        """The vectors that are on disk."""
        rows = self._store.find(keys_of(texts))
        known = np.flatnonzero(rows >= 0)
        return dict(zip([texts[at] for at in known.tolist()], self._store.read(rows[known]), strict=True))

    def _remember(self, vectors: dict[str, Float32[np.ndarray, " dim"]]) -> None:
        for text, vector in vectors.items():
            self._recent[text] = vector
            self._recent.move_to_end(text)
        while len(self._recent) > self._most:
            self._recent.popitem(last=False)
