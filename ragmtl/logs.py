"""Logs of interactions in and out: published folders and RecBole's atomic files into tables, and a split log out again.

import_log("ml-latest-small", "data")   ->  data/log.tsv  data/items.tsv  [data/kg.nt]
export_log(config, "out")               ->  out/NAME.train.inter …  out/NAME.kg   (RecBole)
export_log(config, "out", "table")      ->  out/NAME.tsv: user, item, time, split
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from ragmtl.config import Config, RecommendConfig
from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.rankings import log_of
from ragmtl.tasks.recommendation.atomic import FIELDS, Atomic, find_atomic, read_rows, write_atomic
from ragmtl.tasks.recommendation.interactions import Interactions
from ragmtl.tasks.recommendation.published import read_events, read_titles, recognise
from ragmtl.tasks.splits import SPLITS

Form = Literal["recbole", "table"]
ENTITY, RELATION = "urn:recbole:entity:", "urn:recbole:relation:"
"""What entities and relations of atomic files are called, where their names are no IRIs."""


def import_log(folder: str | Path, out: str | Path) -> list[str]:
    """Make tables of a published log; gives a line about each file that was written.

    Raises:
        DataError: The folder holds no log that is known, or a line cannot be read.
    """
    folder, out = Path(folder), Path(out)
    atomic = find_atomic(folder)
    if atomic is not None:
        return _import_atomic(atomic, out)
    found = recognise(folder)
    out.mkdir(parents=True, exist_ok=True)
    events = _write(out / "log.tsv", ("user", "item", "rating", "time"), read_events(folder, found))
    if not events:
        raise DataError("expected events, found an empty file", folder / found.events.file)
    titles, broken = read_titles(folder, found)
    lines = [f"{out / 'log.tsv'}: {events} events of {found.name}"]
    if titles:
        _write(out / "items.tsv", ("item", "title"), titles.items())
        lines.append(f"{out / 'items.tsv'}: {len(titles)} titles" + (f"; {broken} lines left out" if broken else ""))
    return lines


def export_log(
    config: Config, out: str | Path, form: Form = "recbole", *, task: str | None = None, graph: KnowledgeGraph
) -> list[str]:
    """Write the log of a task with its splits; gives a line about each file.

    Args:
        config: Says which log, and how it is split.
        out: Folder to write to.
        form: RecBole's atomic files with the graph, or one table with a column of splits.
        task: Which task, where there are several of `kind = "recommend"`.
        graph: The graph of the configuration.

    Raises:
        ConfigError: There is no such task.
        DataError: The log cannot be read.
    """
    chosen = _recommendation(config, task)
    log, out = log_of(config, chosen, graph.nodes), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    if form == "recbole":
        files = write_atomic(log, out, chosen.name, graph)
    else:
        files = [out / f"{chosen.name}.tsv"]
        _write(files[0], ("user", "item", "time", "split") if log.sequence else ("user", "item", "split"), _rows(log))
    return [*log.notes, *(f"wrote {file}" for file in files)]


def _recommendation(config: Config, name: str | None) -> RecommendConfig:
    known = {task.name: task for task in config.tasks if isinstance(task, RecommendConfig)}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name not in known:
        found = "none was named" if name is None else f"found {name!r}"
        raise ConfigError(f'expected a task of kind = "recommend", one of: {", ".join(known) or "(none)"}; {found}')
    return known[name]


def _rows(log: Interactions) -> Iterator[Sequence[str]]:
    events = zip(log.user_ids, log.item_ids, log.times.tolist(), log.splits, strict=True)
    for user, item, time, split in events:
        if split < len(SPLITS):
            when = [f"{time:.17g}"] if log.sequence else []
            yield log.users[user], log.items[item], *when, SPLITS[split]


def _import_atomic(found: Atomic, out: Path) -> list[str]:
    out.mkdir(parents=True, exist_ok=True)
    columns = ("user", "item", "rating", "time", "split")
    count = _write(out / "log.tsv", columns, _atomic_events(found))
    lines = [f"{out / 'log.tsv'}: {count} events of {found.name}"]
    if found.link is not None:
        pairs = [(row["item_id"], _iri(row["entity_id"], ENTITY)) for row in read_rows(found.link)]
        _write(out / "items.tsv", ("item", "entity"), pairs)
        lines.append(f"{out / 'items.tsv'}: {len(pairs)} items with an entity")
    if found.kg is not None:
        lines.append(f"{out / 'kg.nt'}: {_write_triples(out / 'kg.nt', found.kg)} triples")
    return lines


def _atomic_events(found: Atomic) -> Iterator[Sequence[str]]:
    for split, path in found.events.items():
        for row in read_rows(path):
            named = {ours: row.get(theirs, "") for theirs, ours in FIELDS.items()}
            yield *named.values(), split


def _write_triples(path: Path, source: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in read_rows(source):
            head, tail = (_iri(row[end], ENTITY) for end in ("head_id", "tail_id"))
            file.write(f"<{head}> <{_iri(row['relation_id'], RELATION)}> <{tail}> .\n")
            count += 1
    return count


def _iri(token: str, prefix: str) -> str:
    """A token as an IRI."""
    from urllib.parse import quote

    return token if token.startswith(("http://", "https://", "urn:")) else prefix + quote(token, safe="")


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write a table, without the columns that no row fills; gives the number of rows."""
    kept = list(rows)
    filled = [at for at in range(len(columns)) if any(row[at] for row in kept)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow([columns[at] for at in filled])
        writer.writerows([row[at] for at in filled] for row in kept)
    return len(kept)
