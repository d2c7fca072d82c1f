"""Changes kept beside a saved graph: quick to write, there when the graph is opened, and compacted into it when asked.

    record(folder, add=[...], remove=[...], source="editor")     a few lines, whole or not at all
    graph = open_changed(folder)                                 the saved graph with all changes since
    compact_saved(folder)                                        the same, saved; the changes are gone

A saved graph is the base, and `changes/000001.json` and so on are what came after, each written whole and renamed into
place. They stand in the folder of the graph, so that saving it anew removes them in the same step: a process that is
killed leaves the old base with its changes, or the new base without them. Each names the graph that it changes, and is
refused by another.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.literals import Literal, Triple

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
    """
    folder = Path(directory)
    base = KnowledgeGraph.load(folder)
    entry = {
        "format": _FORMAT,
        "graph": base.digest,
        "without": list(without),
        "remove": [_packed(triple) for triple in remove],
        "add": [_packed(triple) for triple in add],
        "source": source,
        "name": graph,
    }
    (folder / CHANGES).mkdir(exist_ok=True)
    last = max((int(path.stem) for path in _files(folder)), default=0)
    target = folder / CHANGES / f"{last + 1:06}.json"
    temporary = target.with_suffix(".building")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(entry, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, target)
    return target


def open_changed(directory: str | Path) -> KnowledgeGraph:
    """A saved graph with all changes that were recorded since.

    Raises:
        MismatchError: There is no saved graph, or changes that belong to another one, or that cannot be read.
        DataError: A change names a source that is not there, or leaves nothing.
    """
    folder = Path(directory)
    base = graph = KnowledgeGraph.load(folder)
    for entry in _entries(folder, base.digest):
        for source in entry["without"]:
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
    if _files(Path(directory)):
        open_changed(directory).save(directory)
    return KnowledgeGraph.load(directory)


def _files(folder: Path) -> list[Path]:
    return sorted((folder / CHANGES).glob("*.json"))


def _entries(folder: Path, digest: str) -> Iterator[dict[str, Any]]:
    for path in _files(folder):
        try:
            entry = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise MismatchError(f"{path}: expected recorded changes, found {error}; restore the file") from error
        if not isinstance(entry, dict) or entry.get("format") != _FORMAT:
            raise MismatchError(f"{path}: expected {_FORMAT!r}, found something else; restore or remove the file")
        if entry.get("graph") != digest:
            raise MismatchError(f"{path}: expected changes of this graph, found those of another; remove the file")
        yield entry


def _packed(triple: Triple) -> list[Any]:
    head, relation, tail = triple
    end = [tail.text, tail.datatype, tail.language] if isinstance(tail, Literal) else tail
    return [head, relation, end]


def _triple(row: list[Any]) -> Triple:
    head, relation, tail = row
    return str(head), str(relation), Literal(*map(str, tail)) if isinstance(tail, list) else str(tail)
