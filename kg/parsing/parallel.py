"""Files on their way into one graph, read by one thread or by several, with the same result.

    each thread: read the next file, and the next, … -> no file is left: hash one, help with the blocks of one

Each thread collects in a builder of its own; many bytes that pyoxigraph or rdflib reads go to processes (`apart`).
Every part of a file has a key, so the parts come together in the order of the files, whoever read them; and where
several files are wrong, the first of them is named, as files are begun in order and those before it are read to their
end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder
from ragmtl.kg.origins import Source
from ragmtl.kg.parsing import scan
from ragmtl.kg.parsing.apart import Errand, Helper, is_worthwhile
from ragmtl.kg.parsing.files import check_unchanged, sha256, stamp
from ragmtl.kg.parsing.lanes import Lane, is_scanned, read_whole
from ragmtl.kg.parsing.reading import Options, Progress, Reading


def read_files(
    files: Sequence[tuple[Path, str]], lane: Lane | None, options: Options, progress: Progress | None, threads: int
) -> tuple[GraphBuilder, list[Reading], tuple[Source, ...]]:
    """Read files, each in its format.

    Args:
        files: Path and format of each.
        lane: What reads them; the fastest that can where None.
        options: How they are read.
        progress: Called with a file and how many of its statements were read, by one thread at a time.
        threads: How many threads read.

    Returns:
        The statements, what was read of each file and what was left out, and the files with their hashes.

    Raises:
        DataError: A file is malformed (the first of them, and its first line that is), or changed while it was read.
    """
    crew = _Crew(files, lane, options, progress, threads)
    builders = [GraphBuilder() for _ in range(threads)]
    if threads == 1:
        crew.work(builders[0])
    else:
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(crew.work, builder) for builder in builders]
            try:
                wait(jobs)
            except BaseException:  # Ctrl-C
                crew.stop(-1)
                raise
        crew.complain()
        for job in jobs:
            job.result()
    for builder in builders[1:]:
        builders[0].absorb(builder)
    return builders[0], *crew.results()


@dataclass(slots=True)
class _Job:
    """A file that was begun.

    Attributes:
        reading: Where its statements go.
        name: Its format.
        stamp: How it looked when it was begun.
        parts: Its blocks, where it is read by the line.
        sha256: Its hash; empty while a thread makes it.
        open: How much is still being done: reading it, by each thread that does, and hashing it.
        errors: What is wrong with it.
    """

    reading: Reading
    name: str
    stamp: tuple[int, ...]
    parts: scan.Parts | None
    sha256: str | None = None
    open: int = 2
    errors: tuple[BaseException, ...] = ()


class _StoppedError(Exception):
    """An earlier file is wrong: there is no use in reading on."""


class _Crew:
    """What the threads that read files together know of each other."""

    def __init__(
        self,
        files: Sequence[tuple[Path, str]],
        lane: Lane | None,
        options: Options,
        progress: Progress | None,
        threads: int,
    ) -> None:
        self._files, self._lane, self._options, self._progress = files, lane, options, progress
        whole = [path for path, name in files if not is_scanned(name, lane)]
        self._is_shared = threads > 1 and is_worthwhile(whole)
        self._jobs: list[_Job] = []
        self._last = len(files)
        self._lock, self._telling = threading.Lock(), threading.Lock()

    def work(self, builder: GraphBuilder) -> None:
        """Read files into a builder while there are any, then help the others: what each thread does."""
        with closing(Helper()) as process:
            helper = process if self._is_shared else None
            while (job := self._begin(builder)) is not None:
                self._do(job, partial(self._read, job, builder, helper))
                self._hash(job)
        for job in self._jobs:
            self._hash(job)
        for job in self._jobs:
            if self._joined(job):
                self._do(job, partial(self._read, job, builder, None))

    def stop(self, last: int) -> None:
        """Read no file after one of this number."""
        with self._lock:
            self._last = min(self._last, last)

    def complain(self) -> None:
        """Raise what is wrong with the first file that is wrong, if one is."""
        for job in self._jobs:
            if job.errors:
                raise min(job.errors, key=_line)

    def results(self) -> tuple[list[Reading], tuple[Source, ...]]:
        """What was read of each file, in order, and the files with their hashes."""
        readings = [job.reading for job in self._jobs]
        return readings, tuple(Source(str(job.reading.path), job.sha256 or "", job.reading.count) for job in self._jobs)

    def _begin(self, builder: GraphBuilder) -> _Job | None:
        """The next file, to be read into this builder; None where there is no other."""
        with self._lock:
            number = len(self._jobs)
            if number >= min(len(self._files), self._last + 1):
                return None
            path, name = self._files[number]
            seen = stamp(path)
            reading = Reading(builder, path, number, self._teller(number), self._options)
            parts = scan.Parts(reading, name) if is_scanned(name, self._lane) else None
            self._jobs.append(_Job(reading, name, seen, parts))
            return self._jobs[-1]

    def _teller(self, number: int) -> Progress:
        """Hands the progress of a file on, and ends its reading where that is of no more use."""

        def tell(path: str, count: int) -> None:
            if number > self._last:
                raise _StoppedError
            if self._progress is not None:
                with self._telling:
                    self._progress(path, count)

        return tell

    def _joined(self, job: _Job) -> bool:
        """Whether there may be blocks of a file to help with."""
        with self._lock:
            if job.parts is None or job.open == 0 or job.reading.number > self._last:
                return False
            job.open += 1
            return True

    def _do(self, job: _Job, work: Callable[[], None]) -> None:
        """Do a part of what is to be done about a file; whoever ends last sees that it is still the same."""
        try:
            work()
            with self._lock:
                job.open -= 1
                last = job.open == 0
            if last:
                check_unchanged(job.reading.path, job.stamp)
                job.reading.finish()
        except BaseException as error:
            self.stop(job.reading.number)
            with self._lock:
                job.errors = (*job.errors, error)
            raise

    def _read(self, job: _Job, builder: GraphBuilder, helper: Helper | None) -> None:
        reading = job.reading
        if job.parts is not None:
            scan.read_parts(job.parts, builder)
        elif helper is None:
            read_whole(reading, job.name, self._lane)
        else:
            errand = Errand(reading.path, job.name, reading.number, self._lane, self._options)
            found = helper.read(errand, self._teller(reading.number))
            reading.absorb(found.builder, found.count, found.left_out)

    def _hash(self, job: _Job) -> None:
        """Hash a file, unless another thread does or did."""
        with self._lock:
            if job.sha256 is not None:
                return
            job.sha256 = ""

        def work() -> None:
            job.sha256 = sha256(job.reading.path)

        self._do(job, work)


def _line(error: BaseException) -> int:
    return (error.line or 0) if isinstance(error, DataError) else -1
