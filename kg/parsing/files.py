"""The files behind a path, folder or glob: which ones hold RDF, in which format, and their bytes."""

from __future__ import annotations

import codecs
import glob
import hashlib
from collections.abc import Iterable
from pathlib import Path

from ragmtl.errors import DataError
from ragmtl.kg.parsing.left_out import LeftOut
from ragmtl.kg.parsing.sniff import packed_hint
from ragmtl.kg.parsing.unpack import PACKED, RATIO, opened, packing_of

FORMATS = {
    "turtle": (".ttl", ".turtle"),
    "nt": (".nt", ".ntriples"),
    "nquads": (".nq", ".nquads"),
    "trig": (".trig",),
    "xml": (".rdf", ".owl", ".xml"),
    "json-ld": (".jsonld",),
    "n3": (".n3",),
}
"""Names of formats, and the endings of their files (each also with .gz, .bz2, .xz or .zst)."""

FOREIGN = "files in folders that are no RDF"
OUTSIDE = "links that lead out of their folder"

Sources = str | Path | Iterable[str | Path]


def find_files(sources: Sources) -> tuple[list[Path], LeftOut]:
    """All files meant by paths, folders and globs, each once, and what was passed over in folders.

    Files named by the user come in the order given, those of a folder or glob in the order of their names. A link
    inside a folder is followed only to places inside that folder.

    Raises:
        DataError: A path does not exist, or a glob or folder yields nothing.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    if not given:
        raise DataError("expected at least one RDF file, found an empty list; name a file, a folder or a glob")
    found: dict[Path, Path] = {}
    passed_over = LeftOut()
    for source in given:
        for file in _expand(source, passed_over):
            found.setdefault(file.resolve(), file)
    return list(found.values()), passed_over


def format_of(path: Path, rdf_format: str | None = None) -> str:
    """The format of a file: the one asked for, else by the ending of its name.

    Raises:
        DataError: The format or the ending is not known.
    """
    if rdf_format is not None:
        wanted = rdf_format.lower()
        for known, usual in FORMATS.items():
            if wanted == known or "." + wanted in usual:
                return known
        raise DataError(f"expected an RDF format of {', '.join(FORMATS)}; found {rdf_format!r}", path)
    if (name := _known_format(path)) is not None:
        return name
    endings = ", ".join(ending for group in FORMATS.values() for ending in group)
    also = ", ".join(PACKED)
    raise DataError(f"expected an RDF file ({endings}; also with {also}), found {path.name!r}; give rdf_format", path)


def read_text(path: Path, ratio: int = RATIO) -> str:
    """A whole file as text.

    Args:
        path: The file.
        ratio: How many times its packed size it may unpack to.

    Raises:
        DataError: The file cannot be read, or is not UTF-8 (with the line).
    """
    with opened(path, ratio) as file:
        content = file.read()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError("expected UTF-8 text, found UTF-16; save the file as UTF-8", path, 1)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise not_utf8(path, line, content[error.start : error.start + 1]) from error


def not_utf8(path: Path, line: int, found: bytes) -> DataError:
    """The error for bytes that are no text."""
    advice = packed_hint(path) or "; save the file as UTF-8"
    return DataError(f"expected UTF-8 text, found the byte {found.hex()}{advice}", path, line)


def sha256(path: Path) -> str:
    """sha256 of the bytes of a file, packed as they are."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"expected a readable file: {error.strerror or error}", path) from error


def stamp(path: Path) -> tuple[int, ...]:
    """What of a file changes when its content does.

    Raises:
        DataError: It cannot be seen.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"expected a readable file: {error.strerror or error}", path) from error
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def check_unchanged(path: Path, before: tuple[int, ...]) -> None:
    """Make sure that a file has the stamp that it had.

    Raises:
        DataError: It has another one.
    """
    if stamp(path) != before:
        raise DataError("expected a file that stays as it is, found it changed while it was read; read it again", path)


def _expand(source: str | Path, passed_over: LeftOut) -> list[Path]:
    if "\0" in str(source):
        raise DataError(f"expected an RDF file or folder, found a NUL in its name {str(source)!r}; check the path")
    path = Path(source).expanduser()
    if path.is_dir():
        return _folder(path, passed_over)
    if path.exists():
        return [path]
    matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    if matches:
        parts = [_folder(match, passed_over) if match.is_dir() else [match] for match in matches]
        return [file for part in parts for file in part]
    if glob.has_magic(str(path)):
        raise DataError("expected RDF files, found none that match this pattern; check it", source)
    raise DataError("expected an RDF file or folder, found nothing there; check the path", source)


def _folder(folder: Path, passed_over: LeftOut) -> list[Path]:
    paths = [path for path in sorted(folder.rglob("*")) if not _is_hidden(path, folder)]
    outside = {path for path in paths if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())}
    files = [path for path in paths if path not in outside and path.is_file()]
    known = [path for path in files if _known_format(path) is not None]
    if not known:
        links = f" and {len(outside)} links that lead out of it" if outside else ""
        raise DataError(f"expected RDF files in this folder, found {len(files)} files of other kinds{links}", folder)
    for path in sorted(set(files) - set(known)):
        passed_over.add(FOREIGN, example=(0, str(path)))
    for path in sorted(outside):
        passed_over.add(OUTSIDE, example=(0, str(path)))
    return known


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _known_format(path: Path) -> str | None:
    name = path.name.lower().removesuffix(packing_of(path.name))
    for known, endings in FORMATS.items():
        if name.endswith(endings):
            return known
    return None
