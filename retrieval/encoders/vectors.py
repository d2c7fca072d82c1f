"""Vectors that are kept: no text is ever encoded twice, also after the process was killed.

A folder per encoder holds `vectors.f32` (rows of `dim` numbers) and `keys.bin` (the sha256 of each text). Both only
grow; vectors are written before their keys, so rows without a key are what a killed process left, and are cut off. A
text that must leave no trace is overwritten with zeros, its key first; processes that have the files open see that.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64, UInt8, UInt64

from ragmtl.errors import MismatchError

_KEY = 32


class VectorStore:
    """The two files of one encoder, and a sorted table of the first 8 bytes of each key.

    Args:
        folder: Where the files are, or will be.
        dim: Length of a vector.
        fingerprint: Of the encoder.

    Raises:
        MismatchError: The folder holds the vectors of another encoder.
    """

    def __init__(self, folder: Path, dim: int, fingerprint: str) -> None:
        self._folder = folder
        self._dim = dim
        self._count = 0
        self._prefixes = np.zeros(0, np.uint64)
        self._rows = np.zeros(0, np.int64)
        self._all_keys: UInt8[np.ndarray, "row key"] = np.zeros((0, _KEY), np.uint8)
        self._vectors: Float32[np.ndarray, "row dim"] = np.zeros((0, dim), np.float32)
        folder.mkdir(parents=True, exist_ok=True)
        self._claim(fingerprint)
        self.refresh()

    def __len__(self) -> int:
        return self._count

    def find(self, keys: UInt8[np.ndarray, "text key"]) -> Int64[np.ndarray, " text"]:
        """The row of each key, -1 where it is not known."""
        if not self._count:
            return np.full(len(keys), -1, np.int64)
        places = np.searchsorted(self._prefixes, _prefixes(keys)).clip(max=self._count - 1)
        rows = self._rows[places]
        return np.where((self._all_keys[rows] == keys).all(axis=1), rows, -1)

    def read(self, rows: Int64[np.ndarray, " text"]) -> Float32[np.ndarray, "text dim"]:
        """Copies of vectors."""
        return np.array(self._vectors[rows], np.float32).reshape(len(rows), self._dim)

    def append(self, keys: UInt8[np.ndarray, "text key"], vectors: Float32[np.ndarray, "text dim"]) -> None:
        """Write vectors, then their keys."""
        with _locked(self._folder / "lock"):
            self.refresh()
            new = self.find(keys) < 0
            _append(self._folder / "vectors.f32", self._count * self._dim * 4, vectors[new].astype("<f4").tobytes())
            _append(self._folder / "keys.bin", self._count * _KEY, keys[new].tobytes())
            self.refresh()

    def forget(self, keys: UInt8[np.ndarray, "text key"]) -> None:
        """Overwrite keys and vectors of texts with zeros, and the vectors of keys that a killed process left so."""
        with _locked(self._folder / "lock"):
            self.refresh()
            rows = self.find(keys)
            if (rows >= 0).any():
                _overwrite(self._folder / "keys.bin", rows[rows >= 0], _KEY)
            empty = np.flatnonzero(~self._all_keys.any(axis=1))
            left = empty[self._vectors[empty].any(axis=1)]
            if len(left):
                _overwrite(self._folder / "vectors.f32", left, 4 * self._dim)

    def refresh(self) -> None:
        """See what this or another process has appended."""
        keys, vectors = self._folder / "keys.bin", self._folder / "vectors.f32"
        count = min(_size(keys) // _KEY, _size(vectors) // (4 * self._dim))
        if count == self._count:
            return
        self._count = count
        self._all_keys = np.memmap(keys, np.uint8, "r", shape=(count, _KEY))
        self._vectors = np.memmap(vectors, "<f4", "r", shape=(count, self._dim))
        prefixes = _prefixes(self._all_keys)
        self._rows = np.argsort(prefixes, kind="stable")
        self._prefixes = prefixes[self._rows]

    def _claim(self, fingerprint: str) -> None:
        """Write whose vectors these are, or check it."""
        path = self._folder / "encoder.json"
        stated = {"fingerprint": fingerprint, "dim": self._dim}
        if not path.exists():
            temporary = path.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(stated), encoding="utf-8")
            temporary.replace(path)
        if path.read_text(encoding="utf-8") != json.dumps(stated):
            raise MismatchError(
                f"expected vectors of the encoder {fingerprint[:12]} ({self._dim} numbers each) in {self._folder}, "
                f"found those of another one; delete that folder"
            )


def vectors_beside(index: str | Path) -> Path:
    """The folder beside an index where the vectors of its texts are kept, one folder for each encoder."""
    return Path(index).with_name(f"{Path(index).name}-vectors")


def forget(folder: Path, texts: Iterable[str]) -> None:
    """Leave no trace of some texts in the stores of all encoders in a folder, which may not be there."""
    keys = keys_of(sorted(texts))
    for place in sorted(folder.glob("*/encoder.json")) if len(keys) else ():
        stated = json.loads(place.read_text(encoding="utf-8"))
        VectorStore(place.parent, stated["dim"], stated["fingerprint"]).forget(keys)


def keys_of(texts: Sequence[str]) -> UInt8[np.ndarray, "text key"]:
    """The sha256 of each text."""
    digests = b"".join(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts)
    return np.frombuffer(digests, np.uint8).reshape(len(texts), _KEY)


def _prefixes(keys: UInt8[np.ndarray, "text key"]) -> UInt64[np.ndarray, " text"]:
    return np.ascontiguousarray(keys[:, :8]).view(">u8").ravel().astype(np.uint64)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _append(path: Path, position: int, content: bytes) -> None:
    """Write at a position, dropping whatever stands after it, and wait until the disk has it."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(position)
        file.seek(position)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _overwrite(path: Path, rows: Int64[np.ndarray, " row"], width: int) -> None:
    """Fill rows of a file with zeros, in place, and wait until the disk has it."""
    with path.open("r+b") as file:
        for row in rows.tolist():
            file.seek(row * width)
            file.write(bytes(width))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes, where the system has such locks; it is gone when the process is."""
    try:
        import fcntl
    except ImportError:  # not on Windows: one process at a time there
        yield
        return
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
