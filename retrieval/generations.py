"""Generations of an index: new parts are written beside the old ones, and one step makes them those of the index.

    with changing("runs/index") as index:
        folder = next_folder(index)
        …                                       # write the parts that change into `folder`
        publish(index, folder, {"corpus": digest})

`manifest.json` names the parts. It is replaced whole, after everything that it names is on the disk, so a process that
is killed before or after that leaves a whole index. Whoever has the old parts open keeps them. What no manifest names
is deleted, at once or by the next change; files that are none of an index are let alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ragmtl.errors import MismatchError
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.files.arrays import save_json
from ragmtl.retrieval.index import MANIFEST, NAMES, Index, files_in, place_of, read_manifest, sizes

PARTS = ("graph", "corpus", "words", "bm25", "tfidf", "linker", "dense")
_FOLDER = "update-"
_BESIDE = f"{MANIFEST}.new"


@contextmanager
def changing(directory: str | Path, encoder: Encoder | None = None) -> Iterator[Index]:
    """An index that nobody else changes meanwhile; another change waits.

    Args:
        directory: Where it is.
        encoder: That of the index; loaded by its name where None.

    Raises:
        MismatchError: There is no index, or it was made with another encoder.
    """
    folder = Path(directory).expanduser().absolute()
    with _one_at_a_time(folder):
        index = Index.load(folder, encoder=encoder)
        _sweep(folder)
        try:
            yield index
        finally:
            with suppress(MismatchError):  # it was moved away meanwhile
                _sweep(folder)


def next_folder(index: Index) -> Path:
    """A new folder for the parts of the next generation."""
    folder = index.directory / f"{_FOLDER}{int(index.manifest.get('generation', 0)) + 1}"
    folder.mkdir()
    return folder


def publish(index: Index, folder: Path, stated: Mapping[str, object]) -> None:
    """Make the parts that were written into a folder those of the index.

    Args:
        index: As it was before.
        folder: From `next_folder`.
        stated: What the manifest says besides.

    Raises:
        MismatchError: The index was built anew meanwhile.
    """
    home = index.directory
    known = (*PARTS, NAMES) if index.has_names or (folder / NAMES).is_dir() else PARTS
    places = {part: place_of(part, home, index.manifest).relative_to(home).as_posix() for part in known}
    places |= {part: (folder / part).relative_to(home).as_posix() for part in known if (folder / part).is_dir()}
    files = [path for place in places.values() for path in files_in(home / place)]
    for path in (*files_in(folder), *(path for path in folder.rglob("*") if path.is_dir()), folder):
        _settle(path)
    manifest = dict(index.manifest) | dict(stated) | {"generation": int(folder.name.removeprefix(_FOLDER))}
    save_json(home / _BESIDE, manifest | {"places": places, "files": sizes(sorted(files), home)})
    _settle(home / _BESIDE)
    if read_manifest(home) != index.manifest:
        raise MismatchError(
            f"expected the index in {home} as it was, found that it was built anew meanwhile; try again"
        )
    os.replace(home / _BESIDE, home / MANIFEST)
    _settle(home)


def _settle(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Delete what no reader will open: what a killed change left, and parts that were replaced."""
    named = {folder / name for name in read_manifest(folder)["files"]}
    (folder / _BESIDE).unlink(missing_ok=True)
    for part in sorted(folder.iterdir()):
        if part.is_dir() and (part.name in PARTS or part.name.startswith(_FOLDER)):
            for path in sorted(part.rglob("*"), reverse=True):
                if path.is_dir():
                    _remove_empty(path)
                elif path not in named:
                    path.unlink(missing_ok=True)
            _remove_empty(part)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # something is in it
        folder.rmdir()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a lock that is gone when the process is; the system without such locks has one process at a time."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    if not folder.is_dir():
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        while not os.path.samestat(os.fstat(handle), os.stat(folder)):  # it was built anew while this one waited
            os.close(handle)
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
