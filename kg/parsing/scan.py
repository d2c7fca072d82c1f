"""Lane (i): N-Triples and N-Quads by a compiled scanner, which hands every line that it is not sure of to pyoxigraph.

    block of lines  ->  rows of numbers  +  lines that are not sure  ->  pyoxigraph  ->  rows of numbers

Lines that pyoxigraph refuses are read one by one, which tells what is wrong with them. The rows come together in the
order of the lines, so the graph is the same as that of the other lanes. Several threads scan several blocks at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Int64
from pyoxigraph import RdfFormat, parse, serialize

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder, Rows, Unsure
from ragmtl.kg.parsing.lines import Settings
from ragmtl.kg.parsing.ntriples import blocks, rows, written
from ragmtl.kg.parsing.reading import Reading
from ragmtl.kg.parsing.unpack import opened


def parse_file(reading: Reading, name: str, threads: int = 1) -> None:
    """Read a file of N-Triples or N-Quads.

    Args:
        reading: Where the statements go.
        name: "nt" or "nquads".
        threads: How many threads scan.

    Raises:
        DataError: It is malformed (with the line).
    """
    with opened(reading.path, reading.options.ratio) as file:
        parts = _Parts(blocks(file, reading.path))
        builders = [reading.builder, *(GraphBuilder() for _ in range(threads - 1))]
        if threads == 1:
            _work(reading, parts, builders[0], quads=name == "nquads")
            return
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(_work, reading, parts, builder, quads=name == "nquads") for builder in builders]
            errors = [error for job in jobs if (error := job.exception()) is not None]
        if errors:
            raise min(errors, key=_line)
    for builder in builders[1:]:
        reading.builder.absorb(builder)


class _Parts:
    """Blocks of a file, handed out one after the other to whichever thread asks; none after an error."""

    def __init__(self, source: Iterator[tuple[int, bytes]]) -> None:
        self._source, self._lock, self._count = source, threading.Lock(), 0
        self.failed = False

    def next(self) -> tuple[int, int, bytes] | None:
        """Number of the block, number of its first line, and its lines; None at the end."""
        with self._lock:
            if self.failed or (found := next(self._source, None)) is None:
                return None
            self._count += 1
            return self._count - 1, *found


def _work(reading: Reading, parts: _Parts, builder: GraphBuilder, *, quads: bool) -> None:
    settings = Settings(reading.number + 1, quads, False)
    try:
        while (part := parts.next()) is not None:
            number, first, block = part
            rows, unsure, _ = builder.encode(block, settings)
            if len(unsure):
                rows = np.concatenate((rows, _resolved(reading, builder, block, first, unsure, quads=quads)))
                rows = rows[np.argsort(rows[:, 4], kind="stable")]
            builder.add((reading.number, number), str(reading.path), rows)
            reading.counted(len(rows))
    except BaseException:
        parts.failed = True
        raise


def _resolved(
    reading: Reading, builder: GraphBuilder, block: bytes, first: int, unsure: Unsure, *, quads: bool
) -> Rows:
    """The statements of the lines that are not sure."""
    settings = Settings(reading.number + 1, True, True)
    lines = [block[start:end] for start, end, _ in unsure.tolist()]
    places = unsure[:, 2]
    plain = _parsed(lines, quads=quads)
    if plain is None:
        pairs = list(_one_by_one(reading, lines, first + places, quads=quads))
        plain, places = b"".join(line for _, line in pairs), np.array([at - first for at, _ in pairs], np.int64)
    rows, odd, _ = builder.encode(plain, settings)
    if len(odd):
        raise DataError("expected lines that can be read", reading.path, first + int(places[odd[0, 2]]))
    rows[:, 4] = places[rows[:, 4]]
    return rows


def _parsed(lines: list[bytes], *, quads: bool) -> bytes | None:
    """The lines as pyoxigraph writes them, one for one; None where it does not take each of them as a statement."""
    block = b"\n".join(lines)
    if b"<<" in block or b"--" in block or b"\r" in block.replace(b"\r\n", b""):
        return None
    try:
        block.decode()  # pyoxigraph lets other bytes pass in comments
        found = list(parse(block, RdfFormat.N_QUADS if quads else RdfFormat.N_TRIPLES))
    except (SyntaxError, UnicodeDecodeError, MemoryError):
        return None
    return serialize(found, format=RdfFormat.N_QUADS) if len(found) == len(lines) else None


def _one_by_one(
    reading: Reading, lines: list[bytes], numbers: Int64[np.ndarray, " lines"], *, quads: bool
) -> Iterator[tuple[int, bytes]]:
    """Number and canonical form of each line that is a statement."""
    for number, line in zip(numbers.tolist(), lines, strict=True):
        for _, row in rows(reading, line, number, quads=quads):
            yield number, written(row)


def _line(error: BaseException) -> int:
    return (error.line or 0) if isinstance(error, DataError) else 0
