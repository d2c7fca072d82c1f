"""What ragmtl raises when something that a user gave cannot be used.

Every message says what was expected, what was found, and what to do about it.
"""

from __future__ import annotations

from pathlib import Path


class Error(Exception):
    """Base of all errors that ragmtl raises on purpose."""


class DataError(Error):
    """A file or table of the user's holds something that cannot be read as meant.

    Args:
        message: What was expected, what was found, what to do.
        source: The file, where there is one.
        line: The line in it, counted from 1.
    """

    def __init__(self, message: str, source: str | Path | None = None, line: int | None = None) -> None:
        place = "" if source is None else f"{source}: " if line is None else f"{source}:{line}: "
        super().__init__(place + message)
        self.source = source
        self.line = line


class ConfigError(Error):
    """The configuration file asks for something that does not exist or contradicts itself."""


class MismatchError(Error):
    """A saved index, checkpoint or graph does not belong to what it is used with."""
