"""The files behind a path, folder or glob: which ones hold RDF, in which format, and their bytes."""

from __future__ import annotations

import glob
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

from ragmtl.errors import DataError

FORMATS = {
    "turtle": (".ttl", ".turtle"),
    "nt": (".nt", ".ntriples"),
    "nquads": (".nq", ".nquads"),
    "trig": (".trig",),
    "xml": (".rdf", ".owl", ".xml"),
    "json-ld": (".jsonld",),
    "n3": (".n3",),
}
"""Names of formats, and the endings of their files (each also with .gz)."""

Sources = str | Path | Iterable[str | Path]


def find_files(sources: Sources) -> tuple[list[Path], int]:
    """All files meant by paths, folders and globs, each once, and how many in folders were passed over as no RDF.

    Files named by the user come in the order given, those of a folder or glob in the order of their names.

    Raises:
        DataError: A path does not exist, or a glob or folder yields nothing.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    if not given:
        raise DataError("expected at least one RDF file, found an empty list; name a file, a folder or a glob")
    found: dict[Path, Path] = {}
    passed_over = 0
    for source in given:
        files, others = _expand(source)
        passed_over += others
        for file in files:
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
    raise DataError(f"expected an RDF file ({endings}, each also .gz), found {path.name!r}; give rdf_format", path)


@contextmanager
def opened(path: Path) -> Iterator[BufferedIOBase]:
    """The bytes of a file, unpacked where its name ends in .gz.

    Raises:
        DataError: The file cannot be opened, or is no whole gzip file; the latter also while it is read.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"expected a whole gzip file, found a damaged one ({error}); fetch it again", path) from error
    except OSError as error:
        raise DataError(f"expected a readable file: {error.strerror or error}", path) from error


def read_text(path: Path) -> str:
    """A whole file as text.

    Raises:
        DataError: The file cannot be read, or is not UTF-8 (with the line).
    """
    with opened(path) as file:
        content = file.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise not_utf8(path, line, content[error.start : error.start + 1]) from error


def not_utf8(path: Path, line: int, found: bytes) -> DataError:
    """The error for bytes that are no text."""
    return DataError(f"expected UTF-8 text, found the byte {found.hex()}; save the file as UTF-8", path, line)


def sha256(path: Path) -> str:
    """sha256 of the bytes of a file, packed as they are."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"expected a readable file: {error.strerror or error}", path) from error


def _expand(source: str | Path) -> tuple[list[Path], int]:
    path = Path(source).expanduser()
    if path.is_dir():
        return _folder(path)
    if path.exists():
        return [path], 0
    matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    if matches:
        parts = [_folder(match) if match.is_dir() else ([match], 0) for match in matches]
        return [file for files, _ in parts for file in files], sum(others for _, others in parts)
    if glob.has_magic(str(path)):
        raise DataError("expected RDF files, found none that match this pattern; check it", source)
    raise DataError("expected an RDF file or folder, found nothing there; check the path", source)


def _folder(folder: Path) -> tuple[list[Path], int]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _is_hidden(path, folder)]
    known = [path for path in files if _known_format(path) is not None]
    if not known:
        raise DataError(f"expected RDF files in this folder, found {len(files)} files of other kinds", folder)
    return known, len(files) - len(known)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _known_format(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    for known, endings in FORMATS.items():
        if name.endswith(endings):
            return known
    return None
