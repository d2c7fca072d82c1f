"""Changes kept beside a saved graph: quick to write, there when the graph is opened, and compacted into it when asked.

    record(folder, add=[...], remove=[...], source="editor")     a few lines, whole or not at all
    graph = KnowledgeGraph.load(folder)                          the saved graph with all changes since
    compact_saved(folder)                                        the same, saved; the changes are gone

A saved graph is the base, and `changes/000001.json` and so on are what came after, each written whole and renamed into
place. They stand in the folder of the graph, so that saving it anew removes them in the same step: a process that is
killed leaves the old base with its changes, or the new base without them. Each names the graph that it changes, and is
refused by another. Whoever records or compacts waits for others that do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ragmtl.errors import MismatchError
from ragmtl.kg.changes.change import checked_source
from ragmtl.kg.changes.statements import normal
from ragmtl.kg.disk.replace import replacing, writing
from ragmtl.kg.disk.store import load, write, written_at
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal, Triple, checked
from ragmtl.kg.terms import encoded

CHANGES = "changes"
_FORMAT = "ragmtl changes 1"


def record(
    directory: str | Path,
    add: Iterable[Triple] = (),
    remove: Iterable[Triple] = (),
    *,
    source: str = "memory",
    graph: str = "",
    without: Iterable[str] = (),
) -> Path:
    """Write changes beside a saved graph, and give the file.

    Args:
        directory: Where `KnowledgeGraph.save` wrote the graph.
        add: Statements to add.
        remove: Statements to remove, whoever states them.
        source: Who states what is added.
        graph: The named graph in which it is stated.
        without: Sources to remove, before all else.

    Raises:
        MismatchError: There is no saved graph.
        DataError: A statement is none, a source to remove is not there, or the file cannot be written.
    """
    folder = Path(directory)
    triples = {"remove": [_packed(triple) for triple in remove], "add": [_packed(triple) for triple in add]}
    with writing(folder) as aside:
        base = load(folder)
        known = {origin.source for origin in base.origins}
        known |= {entry["source"] for entry in _entries(folder, base.digest)}
        sources = [checked_source(name, known) for name in without]
        names = {"without": sources, "source": source, "name": graph}
        content = json.dumps({"format": _FORMAT, "graph": base.digest, **names, **triples}, ensure_ascii=False)
        (folder / CHANGES).mkdir(exist_ok=True)
        last = max((int(path.stem) for path in _files(folder)), default=0)
        target = folder / CHANGES / f"{last + 1:06}.json"
        _write(aside / target.name, encoded(content))
        os.replace(aside / target.name, target)
    return target


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def is_changed(directory: str | Path) -> bool:
    """Whether changes stand beside a saved graph."""
    return bool(_files(Path(directory)))


def open_changed(directory: str | Path, *, verify: bool = False) -> KnowledgeGraph:
    """A saved graph with all changes that were recorded since: what `KnowledgeGraph.load` gives where there are some.

    Args:
        directory: Where the graph was saved.
        verify: Also compute the digest of the saved graph anew.

    Raises:
        MismatchError: There is no saved graph, or changes that belong to another one, or that cannot be read.
        DataError: The changes leave nothing.
    """
    graph, entries = _base(Path(directory), verify)
    for entry in _folded(entries):
        for source in {*entry["without"]} & {origin.source for origin in graph.origins}:  # unless gone by now
            graph = graph.without_source(source)
        if entry["add"] or entry["remove"]:
            graph = graph.with_changes(
                map(_triple, entry["add"]),
                map(_triple, entry["remove"]),
                source=entry["source"],
                graph=entry["name"],
            )
    return graph


def compact_saved(directory: str | Path) -> KnowledgeGraph:
    """Save a graph with its changes in it; they are removed in the same step. Gives the graph.

    Raises:
        MismatchError: As `open_changed`.
    """
    folder = Path(directory)
    if _files(folder):
        with replacing(folder) as building:
            write(open_changed(folder), building)
    return load(folder)


def _base(folder: Path, verify: bool) -> tuple[KnowledgeGraph, list[dict[str, Any]]]:
    """The saved graph and its changes; both anew where another process compacted them on the way."""
    while True:
        before = written_at(folder)
        base = load(folder, verify=verify)
        try:
            entries = list(_entries(folder, base.digest))
        except MismatchError:
            if written_at(folder) == before:
                raise
        else:
            if written_at(folder) == before:
                return base, entries


def _folded(entries: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The changes, those of one source in a row put together: each takes as long as the graph is large."""
    last: dict[str, Any] | None = None
    for entry in entries:
        if last is None or not _follows(last, entry):
            if last is not None:
                yield last
            last = entry
        else:
            added = [row for row in entry["add"] if row not in last["add"]]
            last = last | {"add": last["add"] + added, "remove": last["remove"] + entry["remove"]}
    if last is not None:
        yield last


def _follows(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two changes are one: removing all, then adding all, gives the same."""
    if second["without"] or any(first[name] != second[name] for name in ("source", "name")):
        return False
    met = {_same(row) for row in (*first["add"], *first["remove"])}
    return not any(_same(row) in met for row in second["remove"])


def _same(row: list[Any]) -> Triple:
    head, relation, tail = _triple(row)
    return head, relation, normal(tail) if isinstance(tail, Literal) else tail


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / CHANGES).glob("*.json") if path.stem.isdecimal())


def _entries(folder: Path, digest: str) -> Iterator[dict[str, Any]]:
    for path in _files(folder):
        try:
            entry = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise MismatchError(f"{path}: expected recorded changes, found {error}; restore the file") from error
        if not isinstance(entry, dict) or entry.get("format") != _FORMAT or not _is_whole(entry):
            raise MismatchError(f"{path}: expected {_FORMAT!r}, found something else; restore or remove the file")
        if entry.get("graph") != digest:
            raise MismatchError(f"{path}: expected changes of this graph, found those of another; remove the file")
        yield entry


def _is_whole(entry: dict[str, Any]) -> bool:
    texts = (entry.get("source"), entry.get("name"), *_listed(entry.get("without")))
    rows = (*_listed(entry.get("add")), *_listed(entry.get("remove")))
    return all(isinstance(text, str) for text in texts) and all(map(_is_triple, rows))


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [None]


def _is_triple(row: object) -> bool:
    if not isinstance(row, list) or len(row) != 3:
        return False
    parts = [*row[:2], *row[2]] if isinstance(row[2], list) and len(row[2]) == 3 else row
    return all(isinstance(part, str) for part in parts)


def _packed(triple: Triple) -> list[Any]:
    head, relation, tail = checked(triple)
    end = [tail.text, tail.datatype, tail.language] if isinstance(tail, Literal) else tail
    return [head, relation, end]


def _triple(row: list[Any]) -> Triple:
    head, relation, tail = row
    return head, relation, Literal(*tail) if isinstance(tail, list) else tail
