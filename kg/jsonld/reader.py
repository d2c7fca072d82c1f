"""Files of JSON-LD in expanded form, by the scanner; see `ragmtl.kg.jsonld.form`."""

from __future__ import annotations

import codecs

import numpy as np

from ragmtl.kg.jsonld.form import END, START, transcribe
from ragmtl.kg.jsonld.strings import PADDING
from ragmtl.kg.parsing.reading import Reading
from ragmtl.kg.parsing.scan import parsed
from ragmtl.kg.parsing.unpack import opened

LONGEST = 1 << 22
"""Bytes of the longest node that is read here: 4 MiB."""

_BLOCK = 1 << 18
_ROOM = 16  # bytes of lines for each byte of a piece: a node of many values repeats its name in each line


def read_expanded(reading: Reading) -> bool:
    """Read a file of JSON-LD, if all of it is surely in expanded form; else forget what was read.

    Raises:
        DataError: The file cannot be read or unpacked.
    """
    if _is_read(reading):
        return True
    reading.restart()
    return False


def _is_read(reading: Reading) -> bool:
    state, rest, mark = START, b"", codecs.BOM_UTF8
    with opened(reading.path, reading.options.ratio) as file:
        while chunk := file.read(max(_BLOCK, len(rest))):
            content, mark = rest + chunk.removeprefix(mark), b""
            source = np.frombuffer(content + bytes(PADDING), np.uint8)
            lines = np.empty(_ROOM * len(source), np.uint8)
            done, size, state = transcribe(source, lines, state)
            rest = content[done:]
            if not _add(reading, lines[:size].tobytes()) or len(rest) > LONGEST or (rest and state in (START, END)):
                return False
    return state == END and not rest


def _add(reading: Reading, lines: bytes) -> bool:
    """Add statements; False where one of them is not surely right."""
    rows, unsure, _ = reading.encode(lines, trusted=False)
    if len(unsure):
        plain = parsed([lines[start:end] for start, end, _ in unsure.tolist()], quads=True)
        if plain is None:
            return False
        more, odd, _ = reading.encode(plain, trusted=True)
        if len(odd):
            return False
        more[:, 4] = unsure[more[:, 4], 2]
        rows = np.concatenate((rows, more))
        rows = rows[np.argsort(rows[:, 4], kind="stable")]
    reading.add(rows)
    return True
