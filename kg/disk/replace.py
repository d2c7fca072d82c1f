"""Directories that are written whole or not at all, whenever the process is killed, and by one process at a time.

    .NAME.building  ->  NAME  ->  .NAME.old  ->  gone

A new directory is filled beside the old one; the old one steps aside, and the new one takes its place. A process that
is killed between these two steps leaves the old one aside; whoever opens or writes the directory next puts it back.
Who writes holds a lock on the folder that is filled, which the system takes back from a process that is killed. Who
reads may hold the directory where it stands (`watching`); writers wait for readers, but not for ever.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ragmtl.errors import DataError, MismatchError

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
except ImportError:  # Windows cannot lock a folder
    flock = None  # type: ignore[assignment]

_TRIES = 10
_PATIENCE = 5.0
"""How many seconds readers and writers wait for each other before they go on without a lock."""
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What file systems say that cannot lock a folder, NFS for one."""


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """An empty folder to fill; it takes the place of a directory, unless something is raised.

    Args:
        directory: What is replaced, if it is there: a folder that the caller knows to be its own, or an empty one.

    Raises:
        DataError: It cannot be written (a full disk, no permission); what stood there stays.
    """
    with writing(directory) as building:
        yield building
        _take_place(building, directory, _beside(directory, "old"))


@contextmanager
def writing(directory: Path) -> Iterator[Path]:
    """An empty folder beside a directory; nobody else writes the directory meanwhile. Waits for whoever does.

    Raises:
        DataError: Something cannot be written.
    """
    building = _beside(directory, "building")
    try:
        handle = _claimed(building)
        try:
            yield building
        finally:
            if _is(building, handle):  # else it has taken its place, and this one is of the next who writes
                shutil.rmtree(building, ignore_errors=True)
            _release(handle)
    except OSError as error:
        message = (
            f"expected to write this directory, found: {error.strerror or error}; make room, or choose another place"
        )
        raise DataError(message, directory) from error


@contextmanager
def watching(directory: Path, *, hold: bool) -> Iterator[Callable[[], bool]]:
    """Tells whether a directory is still the one that it was at first, for those who read many files of it.

    Args:
        directory: It need not be there.
        hold: Whether nobody may replace it meanwhile: for some seconds, and where folders can be locked. Else a writer
            that never rests may overtake a reader again and again.
    """
    handle = _looked_at(directory)
    try:
        if hold and handle is not None:
            _wait_for(handle, LOCK_SH)
        yield (
            lambda: handle is None or _is(directory, handle)
        )  # the number of a folder that is open is given to no other
    finally:
        if handle is not None:
            _release(handle)


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


def _claimed(folder: Path) -> int:
    """Make a folder, and lock it; what a killed process left in it is removed. Gives what holds the lock."""
    if flock is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return os.open(os.devnull, os.O_RDONLY)
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with suppress(FileExistsError):
            folder.mkdir()
        with suppress(FileNotFoundError):  # whoever had it before may take it away at any moment
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                _lock(handle, LOCK_EX)
                if _is(folder, handle):
                    _empty(folder)
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)


def _looked_at(folder: Path) -> int | None:
    """A handle of a folder that may be locked; None where there is no such folder."""
    if flock is None:
        return None
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None


def _lock(handle: int, how: int) -> bool:
    """Lock a folder, and say whether it is; it is not where another holds it and none may wait for it."""
    try:
        flock(handle, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _wait_for(handle: int, how: int) -> None:
    """Lock a folder as soon as the others have left it, or go on without after some seconds."""
    end, pause = time.monotonic() + _PATIENCE, 1e-4
    while not _lock(handle, how | LOCK_NB) and time.monotonic() < end:
        time.sleep(pause)
        pause = min(2 * pause, 0.01)


def _release(handle: int) -> None:
    """Give a lock back, also for processes that were forked meanwhile and have the same handle."""
    if flock is not None:
        with suppress(OSError):
            flock(handle, LOCK_UN)
    os.close(handle)


def _is(folder: Path, handle: int) -> bool:
    """Whether a folder is still the one that was locked."""
    try:
        return flock is None or os.path.samestat(os.fstat(handle), folder.stat())
    except FileNotFoundError:
        return False


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _take_place(building: Path, directory: Path, old: Path) -> None:
    """Put a folder where another one stands, which steps aside and goes."""
    for left in reversed(range(_TRIES)):
        if directory.exists():
            shutil.rmtree(old, ignore_errors=True)
            _step_aside(directory, old)
        try:
            os.replace(building, directory)
            break
        except OSError as error:  # a reader has put the old one back
            if not left or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
    shutil.rmtree(old, ignore_errors=True)


def _step_aside(directory: Path, old: Path) -> None:
    """Move a directory away, when those who read it are done."""
    handle = _looked_at(directory)
    try:
        if handle is not None:
            _wait_for(handle, LOCK_EX)
        os.replace(directory, old)
    finally:
        if handle is not None:
            _release(handle)


def _beside(directory: Path, state: str) -> Path:
    place = directory.absolute()
    return place.parent / f".{place.name}.{state}"
