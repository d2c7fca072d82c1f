"""A file as a parser reads it, and about how long its longest term is.

A prefix of a megabyte is written once and stands in every statement: 2,000 of them take gigabytes. So whoever holds
statements asks how long the terms are that the parser has seen.
"""

from __future__ import annotations

import re
from io import BufferedIOBase

_STEP = 4096
_ENDS = {"json-ld": re.compile(rb'[^\\]"')}
_END = re.compile(rb'[\s"<>]')


class Watched:
    """A file that is read in pieces.

    Args:
        file: The file.
        name: Its format, which says what ends a term.

    Attributes:
        longest: The length of the longest run of bytes in which no term ends, counted in steps of 4 KiB.
    """

    def __init__(self, file: BufferedIOBase, name: str) -> None:
        self.longest = _STEP
        self._file, self._end, self._run = file, _ENDS.get(name, _END), 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the file, at most so many."""
        content = self._file.read(size)
        for start in range(0, len(content), _STEP):
            stop = min(start + _STEP, len(content))
            self._run = 0 if self._end.search(content, start, stop) else self._run + stop - start
            self.longest = max(self.longest, self._run)
        return content
