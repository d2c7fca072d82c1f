"""The bytes of a file: plain, or packed with gzip, bzip2, xz or zstd, and never more than the packed size explains.

    films.ttl  films.ttl.gz  films.ttl.bz2  films.ttl.xz  films.ttl.zst

An archive that unpacks to more than `UNPACKED` bytes and to more than `ratio` times its own size is refused while it is
read, before it fills memory or disk.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ragmtl.errors import DataError

PACKED = {
    ".gz": ("gzip", b"\x1f\x8b"),
    ".bz2": ("bzip2", b"BZh"),
    ".xz": ("xz", b"\xfd7zXZ\x00"),
    ".zst": ("zstd", b"\x28\xb5\x2f\xfd"),
}
"""Endings of packed files, the name of each packing and the bytes with which it begins."""

RATIO = 200
"""How many times its packed size a file may unpack to: RDF reaches 20 to 100."""

UNPACKED = 1 << 26
"""Up to this many bytes (64 MiB) any ratio is accepted."""

_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError)


@runtime_checkable
class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


def packing_of(name: str) -> str:
    """The ending of a packed file's name, in lower case; empty for one that is not packed."""
    ending = os.path.splitext(name)[1].lower()
    return ending if ending in PACKED else ""


@contextmanager
def opened(path: Path, ratio: int = RATIO) -> Iterator[BufferedIOBase]:
    """The bytes of a file, unpacked where its name ends in .gz, .bz2, .xz or .zst.

    Args:
        path: The file.
        ratio: How many times its packed size it may unpack to.

    Raises:
        DataError: The file cannot be opened, is damaged, or unpacks to too much; the last two also while it is read.
    """
    ending = packing_of(path.name)
    packing = PACKED[ending][0] if ending else ""
    try:
        _regular(path)
        with _stream(path, ending, ratio) as file:
            yield file
    except _DAMAGED as error:
        raise _damaged(path, packing, error) from error
    except OSError as error:
        if packing and error.errno is None:  # bz2 and zstd tell damage with a bare OSError
            raise _damaged(path, packing, error) from error
        raise DataError(f"expected a readable file: {error.strerror or error}", path) from error


def _regular(path: Path) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise DataError("expected a regular file, found a pipe, device or folder; save it as a file", path)


def _stream(path: Path, ending: str, ratio: int) -> BufferedIOBase:
    if not ending:
        return path.open("rb")
    with path.open("rb") as file:
        found = file.read(8)
    packing, magic = PACKED[ending]
    if not found.startswith(magic):
        raise DataError(f"expected a whole {packing} file, found other bytes; rename it, or fetch it again", path)
    return BufferedReader(_Bounded(_unpacker(path, packing), path, ratio), 1 << 16)


def _unpacker(path: Path, packing: str) -> _Bytes:
    match packing:
        case "gzip":
            return gzip.open(path)
        case "bzip2":
            return bz2.open(path)
        case "xz":
            return lzma.open(path)
        case _:
            import pyarrow

            unpacked: Any = pyarrow.input_stream(str(path), compression="zstd")
            return unpacked  # type: ignore[no-any-return]


class _Bounded(RawIOBase):
    """Unpacked bytes that end in an error once there are too many of them."""

    def __init__(self, file: _Bytes, path: Path, ratio: int) -> None:
        super().__init__()
        self._file, self._path, self._ratio = file, path, ratio
        self._left = max(UNPACKED, ratio * path.stat().st_size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 -- any writable buffer
        content = self._file.read(len(buffer))
        self._left -= len(content)
        if self._left < 0:
            message = f"expected at most {self._ratio} times the packed size (and {UNPACKED >> 20} MiB), found more"
            raise DataError(f"{message}; if you trust this archive, give a higher max_ratio", self._path)
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


def _damaged(path: Path, packing: str, error: Exception) -> DataError:
    return DataError(f"expected a whole {packing} file, found a damaged one ({error}); fetch it again", path)
