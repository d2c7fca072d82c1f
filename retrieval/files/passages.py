"""Passages out of files: a table with one passage per row, or a folder of text files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ragmtl.errors import DataError
from ragmtl.kg.graph import Source
from ragmtl.kg.parsing.files import read_text, sha256
from ragmtl.retrieval.corpus import Passage
from ragmtl.retrieval.files.tables import ENDINGS, Row, read_rows

_TEXTS = (".txt", ".md")


def read_passages(path: str | Path) -> tuple[list[Passage], tuple[Source, ...]]:
    """All passages of a table or a folder of texts, and the files that they come from.

    Raises:
        DataError: A passage has no text or no id, or the id of another one (with file and line); there are none.
    """
    place = Path(path).expanduser()
    return _read_folder(place) if place.is_dir() else _read_table(place)


def _read_table(path: Path) -> tuple[list[Passage], tuple[Source, ...]]:
    passages: list[Passage] = []
    lines: dict[str, int] = {}
    for row in read_rows(path):
        passage = _passage(row)
        if passage.id in lines:
            raise row.error(f"expected every id once, found {passage.id!r} here and in line {lines[passage.id]}")
        lines[passage.id] = row.line
        passages.append(passage)
    if not passages:
        raise DataError("expected at least one passage, found none; each row needs an id and a text", path)
    return passages, (Source(str(path), sha256(path), len(passages)),)


def _passage(row: Row) -> Passage:
    identity, text = row.text("id"), row.text("text")
    for column, value in (("id", identity), ("text", text)):
        if not value:
            found = "an empty one" if column in row.values else f"only {', '.join(map(repr, row.values)) or 'nothing'}"
            raise row.error(f"expected a passage with {column!r}, found {found}; fill it in, or leave out the row")
    entities = tuple(dict.fromkeys(row.list("entities")))
    if broken := [iri for iri in entities if len(iri.split()) > 1]:
        raise row.error(f"expected IRIs in 'entities', found {broken[0]!r}; write several as a list, or with | between")
    return Passage(identity, text, row.text("title"), entities, row.text("group"))


def _read_folder(folder: Path) -> tuple[list[Passage], tuple[Source, ...]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in _TEXTS)
    if not files:
        endings = f"a table ({', '.join(ENDINGS)}) or a folder of {' and '.join(_TEXTS)} files"
        raise DataError(f"expected {endings}, found a folder without such files; check the path", folder)
    passages = [_read_file(path, folder) for path in files]
    return passages, tuple(Source(str(path), sha256(path), 1) for path in files)


def _read_file(path: Path, folder: Path) -> Passage:
    text = read_text(path).strip()
    if not text:
        raise DataError("expected a text, found an empty file; delete it, or fill it in", path)
    title = _heading(text.splitlines()) if path.suffix.lower() == ".md" else None
    return Passage(path.relative_to(folder).as_posix(), text, title or path.stem.replace("_", " "))


def _heading(lines: Sequence[str]) -> str | None:
    """The first heading of a Markdown text."""
    return next((line.lstrip("# ").strip() for line in lines if line.startswith("#")), None)
