"""Logs in the folders in which they were published, as one plain table: user, item, rating, time.

    MovieLens         u.data, u.item        ratings.dat, movies.dat        ratings.csv, movies.csv
    MovieTweetings    ratings.dat, movies.dat
    Last.FM           user_artists.dat, artists.dat       usersha1-artmbid-artname-plays.tsv
                      userid-timestamp-artid-artname-traid-traname.tsv
    Book-Crossing     BX-Book-Ratings.csv, BX-Books.csv   Ratings.csv, Books.csv

Which of them a folder holds, its files say. Plays count as ratings; what has no rating or no time has an empty cell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from ragmtl.errors import DataError

Encoding = Literal["utf-8", "latin-1"]


class Event(NamedTuple):
    """One line of a log, as its file says it; `rating` and `time` (seconds) may be empty."""

    user: str
    item: str
    rating: str
    time: str


@dataclass(frozen=True, slots=True)
class Table:
    """How a published file is written.

    Attributes:
        file: Its name.
        separator: What stands between cells; more than one character means: never quoted.
        columns: Which cells are meant: user, item, rating and time of events, or item and title; None: not there.
        header: Whether its first line names the columns.
        quoted: Whether cells may be quoted, with a backslash before quotation marks in them.
    """

    file: str
    separator: str
    columns: tuple[int | None, ...]
    header: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """A collection: the file of its events, and the file of its titles where that is another."""

    name: str
    events: Table
    titles: Table | None = None


COLLECTIONS = (
    Published("MovieLens", Table("u.data", "\t", (0, 1, 2, 3)), Table("u.item", "|", (0, 1))),
    Published(
        "MovieLens or MovieTweetings", Table("ratings.dat", "::", (0, 1, 2, 3)), Table("movies.dat", "::", (0, 1))
    ),
    Published(
        "MovieLens",
        Table("ratings.csv", ",", (0, 1, 2, 3), header=True, quoted=True),
        Table("movies.csv", ",", (0, 1), header=True, quoted=True),
    ),
    Published(
        "Last.FM",
        Table("user_artists.dat", "\t", (0, 1, 2, None), header=True),
        Table("artists.dat", "\t", (0, 1), header=True),
    ),
    Published("Last.FM 360K", Table("usersha1-artmbid-artname-plays.tsv", "\t", (0, 2, 3, None))),
    Published("Last.FM 1K", Table("userid-timestamp-artid-artname-traid-traname.tsv", "\t", (0, 3, None, 1))),
    Published(
        "Book-Crossing",
        Table("BX-Book-Ratings.csv", ";", (0, 1, 2, None), header=True, quoted=True),
        Table("BX-Books.csv", ";", (0, 1), header=True, quoted=True),
    ),
    Published(
        "Book-Crossing",
        Table("Ratings.csv", ",", (0, 1, 2, None), header=True, quoted=True),
        Table("Books.csv", ",", (0, 1), header=True, quoted=True),
    ),
)


def recognise(folder: Path) -> Published:
    """The collection that a folder holds.

    Raises:
        DataError: It holds none that is known.
    """
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for one in COLLECTIONS:
        if one.events.file in names:
            return one
    known = ", ".join(dict.fromkeys(one.events.file for one in COLLECTIONS))
    raise DataError(
        f"expected a folder with one of {known}, or with RecBole's .inter files; found none of them", folder
    )


def read_events(folder: Path, found: Published) -> Iterator[Event]:
    """The events of a collection, in the order of its file.

    Raises:
        DataError: The file is no text, or a line has too few cells.
    """
    path, table = folder / found.events.file, found.events
    for line, cells in _lines(path, table):
        values = [_cell(cells, column, path, line) for column in table.columns]
        user, item, rating, time = values
        yield Event(user, item, rating, _seconds(time, path, line))


def read_titles(folder: Path, found: Published) -> tuple[dict[str, str], int]:
    """The title of each item, and how many lines of their file could not be read; nothing where there is no file."""
    table = found.titles
    if table is None or not (folder / table.file).is_file():
        return {}, 0
    titles, broken = {}, 0
    item, title = table.columns
    for _, cells in _lines(folder / table.file, table):
        if item is None or title is None or len(cells) <= max(item, title):
            broken += 1
        else:
            titles[cells[item].strip()] = cells[title].strip()
    return titles, broken


def _lines(path: Path, table: Table) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not blank, with its number from 1."""
    with path.open(encoding=_encoding(path), newline="\n") as file:
        for line, text in enumerate(file, 1):
            if (line > 1 or not table.header) and text.strip():
                yield line, _cells(text.rstrip("\r\n"), table)


def _cells(text: str, table: Table) -> list[str]:
    if not table.quoted:
        return text.split(table.separator)
    return next(csv.reader([text], delimiter=table.separator, escapechar="\\"), [])


def _encoding(path: Path) -> Encoding:
    """UTF-8 where the whole file is, else Latin-1, in which the older collections are written."""
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _cell(cells: list[str], column: int | None, path: Path, line: int) -> str:
    if column is None:
        return ""
    if column >= len(cells):
        raise DataError(f"expected at least {column + 1} cells, found {len(cells)}", path, line)
    return cells[column].strip()


def _seconds(time: str, path: Path, line: int) -> str:
    """A time in seconds: as it is, or from a date such as 2009-05-04T23:08:57Z."""
    if "T" not in time:
        return time
    try:
        return f"{datetime.fromisoformat(time).astimezone(UTC).timestamp():.0f}"
    except ValueError:
        raise DataError(f"expected a time such as 2009-05-04T23:08:57Z, found {time!r}", path, line) from None
