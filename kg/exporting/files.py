"""Files that are written whole or not at all, gzipped where the name ends in `.gz`."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

from ragmtl.errors import DataError


@contextmanager
def written(path: str | Path) -> Iterator[TextIO]:
    """A file beside the one that is meant, which takes its place when it is whole.

    What is there and no file (a pipe, a device such as `/dev/stdout`) is written to, as nothing may take its place.

    Raises:
        DataError: It cannot be written (a full disk, no permission, a folder of that name); what stood there stays.
    """
    target = Path(path)
    try:
        opened = gzip.open if target.suffix == ".gz" else open
        if target.exists() and not (target.is_file() or target.is_dir()):
            with cast(TextIO, opened(target, "wt", encoding="utf-8", newline="\n")) as file:
                yield file
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        os.close(handle)
        try:
            with cast(TextIO, opened(temporary, "wt", encoding="utf-8", newline="\n")) as file:
                yield file
            Path(temporary).chmod(0o666 & ~_mask())
            Path(temporary).replace(target)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        found = error.strerror or error
        raise DataError(
            f"expected to write this file, found: {found}; make room, or choose another place", target
        ) from error


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
