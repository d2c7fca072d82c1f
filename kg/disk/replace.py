"""Directories that are written whole or not at all, whenever the process is killed.

    .NAME.building  ->  NAME  ->  .NAME.old  ->  gone

A new directory is filled beside the old one; the old one steps aside, and the new one takes its place. A process that
is killed between these two steps leaves the old one aside; whoever opens or writes the directory next puts it back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ragmtl.errors import DataError, MismatchError


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """An empty folder to fill; it takes the place of a directory, unless something is raised.

    Args:
        directory: What is replaced, if it is there: a folder that the caller knows to be its own, or an empty one.

    Raises:
        DataError: It cannot be written (a full disk, no permission); what stood there stays.
    """
    building, old = _beside(directory, "building"), _beside(directory, "old")
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        yield building
        shutil.rmtree(old, ignore_errors=True)
        if directory.exists():
            os.replace(directory, old)
        os.replace(building, directory)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        message = (
            f"expected to write this directory, found: {error.strerror or error}; make room, or choose another place"
        )
        raise DataError(message, directory) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def put_back(directory: Path, check: Callable[[Path], object]) -> None:
    """Put a directory back that stepped aside for one that never came.

    Args:
        directory: Where it stood; nothing is done where something stands there.
        check: Raises a `MismatchError` for a folder that is not whole, which then stays aside.
    """
    old = _beside(directory, "old")
    if directory.exists() or not old.is_dir():
        return
    with suppress(MismatchError, OSError):  # OSError: a folder that only others may write, or that others put back
        check(old)
        os.replace(old, directory)


def _beside(directory: Path, state: str) -> Path:
    place = directory.absolute()
    return place.parent / f".{place.name}.{state}"
