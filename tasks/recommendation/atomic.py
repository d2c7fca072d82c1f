"""RecBole's atomic files, so that a log and its splits can be given to other recommenders, or be taken from them.

    NAME.train.inter  NAME.valid.inter  NAME.test.inter      user_id:token  item_id:token  [timestamp:float]
    NAME.link                                                item_id:token  entity_id:token
    NAME.kg                                                  head_id:token  relation_id:token  tail_id:token

RecBole reads such splits as they are with `benchmark_filename: [train, valid, test]`. A log that is not split is one
file, NAME.inter. Source: https://recbole.io/atomic_files.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.tasks.recommendation.interactions import Interactions
from ragmtl.tasks.splits import SPLITS

FIELDS = {"user_id": "user", "item_id": "item", "rating": "rating", "timestamp": "time"}
"""What RecBole calls the columns of a log, and what they are called in our tables."""


@dataclass(frozen=True, slots=True)
class Atomic:
    """A data set in atomic files: its name, its files of events by split ("" where it has none), and the others."""

    name: str
    events: Mapping[str, Path]
    link: Path | None
    kg: Path | None


def find_atomic(folder: Path) -> Atomic | None:
    """The data set that a folder holds; None where it holds no `.inter` file.

    Raises:
        DataError: It holds several.
    """
    files = sorted(folder.glob("*.inter"))
    parts = {path: _name_and_split(path) for path in files}
    names = sorted({name for name, _ in parts.values()})
    if not names:
        return None
    if len(names) > 1:
        raise DataError(f"expected the .inter files of one data set, found those of {', '.join(names)}", folder)
    events = {part: path for path, (_, part) in parts.items()}
    if len(events) > 1:
        events.pop("", None)
    others = [path if (path := folder / f"{names[0]}.{ending}").is_file() else None for ending in ("link", "kg")]
    return Atomic(names[0], events, *others)


def _name_and_split(path: Path) -> tuple[str, str]:
    """The data set and the split that a file of events belongs to; no split where its name says none."""
    name = path.name.removesuffix(".inter")
    head, _, tail = name.rpartition(".")
    return (head, tail) if head and tail in SPLITS else (name, "")


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of an atomic file, by the names of its columns without their types.

    Raises:
        DataError: The first line names no types, or a line has another number of cells.
    """
    with path.open(encoding="utf-8") as file:
        header = file.readline().rstrip("\r\n").split("\t")
        if not all(":" in column for column in header):
            raise DataError(f"expected columns with types, such as user_id:token, found {header[0][:80]!r}", path, 1)
        names = [column.partition(":")[0] for column in header]
        for line, text in enumerate(file, 2):
            cells = text.rstrip("\r\n").split("\t")
            if len(cells) != len(names):
                raise DataError(f"expected {len(names)} cells, found {len(cells)}", path, line)
            yield dict(zip(names, cells, strict=True))


def write_atomic(log: Interactions, folder: Path, name: str, graph: KnowledgeGraph | None = None) -> list[Path]:
    """Write a log with its splits, and a graph with its links where there is one; gives the files.

    Items are called by their IRIs. Hidden events are in no split, and are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["user_id:token", "item_id:token", *(["timestamp:float"] if log.sequence else [])]
    written = []
    for number, split in enumerate(SPLITS):
        path = folder / f"{name}.{split}.inter"
        _write(path, columns, _events(log, number))
        written.append(path)
    if graph is not None:
        known = [(iri, iri) for iri in log.items if graph.nodes.find(iri) is not None]
        _write(folder / f"{name}.link", ["item_id:token", "entity_id:token"], known)
        _write(folder / f"{name}.kg", ["head_id:token", "relation_id:token", "tail_id:token"], _triples(graph))
        written += [folder / f"{name}.link", folder / f"{name}.kg"]
    return written


def _events(log: Interactions, split: int) -> Iterator[tuple[str, ...]]:
    chosen = (log.splits == split).nonzero()[0]
    for user, item, time in zip(log.user_ids[chosen], log.item_ids[chosen], log.times[chosen].tolist(), strict=True):
        yield log.users[user], log.items[item], *([f"{time:.17g}"] if log.sequence else [])


def _triples(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str]]:
    ends = zip(graph.heads.tolist(), graph.relation_ids.tolist(), graph.tails.tolist(), strict=True)
    return ((graph.nodes[head], graph.relations[relation], graph.nodes[tail]) for head, relation, tail in ends)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("\t".join(columns) + "\n")
        for row in rows:
            file.write("\t".join(_token(cell) for cell in row) + "\n")


def _token(cell: str) -> str:
    """A cell without the characters that end cells and lines."""
    return " ".join(cell.split())
