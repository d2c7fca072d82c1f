"""Lane (i): N-Triples and N-Quads by a compiled scanner, which hands every line that it is not sure of to pyoxigraph.

    block of lines  ->  rows of numbers  +  lines that are not sure  ->  pyoxigraph  ->  rows of numbers

Lines that pyoxigraph refuses are read one by one, which tells what is wrong with them. The rows come together in the
order of the lines, so the graph is the same as that of the other lanes. Several threads scan several blocks at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64
from pyoxigraph import RdfFormat, parse, serialize

from ragmtl.errors import DataError
from ragmtl.kg.encoding.builder import GraphBuilder, Rows, Unsure
from ragmtl.kg.parsing.lines import Settings
from ragmtl.kg.parsing.ntriples import blocks, rows, written
from ragmtl.kg.parsing.reading import Reading
from ragmtl.kg.parsing.unpack import opened


class Parts:
    """Blocks of a file of N-Triples or N-Quads, handed out one after the other to whichever thread asks.

    Args:
        reading: The file.
        name: "nt" or "nquads".
    """

    def __init__(self, reading: Reading, name: str) -> None:
        self.reading, self.quads = reading, name == "nquads"
        self._source, self._lock, self._count = _blocks(reading), threading.Lock(), 0
        self._failed = False

    def next(self) -> tuple[int, int, bytes] | None:
        """Number of the block, number of its first line, and its lines; None at the end, and after an error.

        Raises:
            DataError: The file cannot be read.
        """
        with self._lock:
            if self._failed or (found := next(self._source, None)) is None:
                return None
            self._count += 1
            return self._count - 1, *found

    def fail(self) -> None:
        """Hand out nothing more. Blocks before the one that is wrong were handed out before, and are read."""
        self._failed = True


def read_parts(parts: Parts, builder: GraphBuilder) -> None:
    """Read the blocks of a file that nobody has taken yet.

    Raises:
        DataError: One is malformed (with the line).
    """
    reading, quads = parts.reading, parts.quads
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
        parts.fail()
        raise


def _blocks(reading: Reading) -> Iterator[tuple[int, bytes]]:
    with opened(reading.path, reading.options.ratio) as file:
        yield from blocks(file, reading.path)


def _resolved(
    reading: Reading, builder: GraphBuilder, block: bytes, first: int, unsure: Unsure, *, quads: bool
) -> Rows:
    """The statements of the lines that are not sure."""
    settings = Settings(reading.number + 1, True, True)
    lines = [block[start:end] for start, end, _ in unsure.tolist()]
    places = unsure[:, 2]
    plain = parsed(lines, quads=quads)
    if plain is None:
        pairs = list(_one_by_one(reading, lines, first + places, quads=quads))
        plain, places = b"".join(line for _, line in pairs), np.array([at - first for at, _ in pairs], np.int64)
    rows, odd, _ = builder.encode(plain, settings)
    if len(odd):
        raise DataError("expected lines that can be read", reading.path, first + int(places[odd[0, 2]]))
    rows[:, 4] = places[rows[:, 4]]
    return rows


def parsed(lines: list[bytes], *, quads: bool) -> bytes | None:
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
