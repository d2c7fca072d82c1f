"""Files that another process reads, as only one thread of a process can parse: pyoxigraph holds Python's lock.

    thread  -- errand -->  another process  -- counts, and at last the statements as numbers -->  thread

What passes are pickles, between a process and the one that it started. The numbers are the same as if the thread had
read the file itself.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.parsing.lanes import Lane, read_whole
from ragmtl.kg.parsing.left_out import LeftOut
from ragmtl.kg.parsing.reading import Options, Progress, Reading
from ragmtl.kg.parsing.unpack import packing_of

WORTHWHILE = 100_000_000
"""Bytes of files, unpacked, from which on other processes pay: starting one takes as long as reading 40 MB."""

_PACKED = 8  # how many times its size a packed file is taken for

COMMAND = f"from {__name__} import main; main()"
"""What the other process runs."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A file to be read: its path, format and number, and how."""

    path: Path
    name: str
    number: int
    lane: Lane | None
    options: Options


@dataclass(frozen=True, slots=True)
class Result:
    """What was read: how many statements, what was left out, and the statements."""

    count: int
    left_out: LeftOut
    builder: GraphBuilder


def is_worthwhile(paths: Sequence[Path]) -> bool:
    """Whether other processes should read these files."""
    sizes = (path.stat().st_size * (_PACKED if packing_of(path.name) else 1) for path in paths if path.exists())
    return len(paths) > 1 and sum(sizes) >= WORTHWHILE


class Helper:
    """Another process that reads files, one after the other; started with the first, ended by `close`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, errand: Errand, tell: Progress) -> Result:
        """Read a file.

        Args:
            errand: The file.
            tell: Called with the file and the number of its statements so far.

        Raises:
            DataError: The file is malformed, or the process ended.
        """
        process = self._process = self._process or _started()
        if process.stdin is None or process.stdout is None:
            raise DataError("expected a process that can be spoken with, found none; read with threads=1", errand.path)
        try:
            _send(process.stdin, errand)
            while isinstance(found := pickle.load(process.stdout), int):  # noqa: S301 -- by the process started above
                tell(str(errand.path), found)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            code, message = process.wait(), "expected the process that reads this file to live, found that it ended"
            raise DataError(f"{message} (with {code}; is memory short?); read with threads=1", errand.path) from error
        if isinstance(found, BaseException):
            raise found
        result: Result = found
        return result

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _started() -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )


def _send(target: IO[bytes], message: object) -> None:
    pickle.dump(message, target, protocol=5)
    target.flush()


def _read(errand: Errand, tell: Progress) -> Result:
    builder = GraphBuilder()
    reading = Reading(builder, errand.path, errand.number, tell, errand.options)
    read_whole(reading, errand.name, errand.lane)
    builder.release()
    return Result(reading.count, reading.left_out, builder)


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Read files as asked for in one stream, and answer in another, until the first one ends."""
    while True:
        try:
            errand: Any = pickle.load(source)  # noqa: S301 -- by the process that started this one
        except EOFError:
            return
        try:
            found: object = _read(errand, lambda _, count: _send(target, count))
        except Exception as error:  # all kinds are told to the other process
            found = error
        _send(target, found)


def main() -> None:
    """Serve the process that started this one."""
    with os.fdopen(os.dup(1), "wb") as target:
        os.dup2(2, 1)  # what a library prints must not come between
        try:
            serve(sys.stdin.buffer, target)
        except (KeyboardInterrupt, BrokenPipeError):
            sys.exit(1)
