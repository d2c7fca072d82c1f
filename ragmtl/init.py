"""`ragmtl init`: a commented configuration for a user's own files, from a look at the columns of their tables.

It guesses, and says so: every guess stands beside what it was guessed from, for the user to correct.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ragmtl.errors import ConfigError, DataError
from ragmtl.kg.parsing.iri import is_iri
from ragmtl.retrieval.files.tables import Row, read_table
from ragmtl.tasks.splits import ALIASES

ROWS_LOOKED_AT = 2000
MOST_CLASSES = 200
TEXT_LENGTH = 20
TIME_NAMES = {"time", "timestamp", "date", "unixtime", "created"}
USER_NAMES = {"user", "users", "user_id", "userid", "customer", "session", "basket", "dish"}

HEAD = """\
# Written by `ragmtl init`. Paths are relative to this file. Guesses are marked; please check them.
name = "{name}"
seed = 0

[graph]
sources = [{sources}]  # RDF: files, folders or globs
{base}  # what relative IRIs are relative to, where a file names no base itself
{on_error}  # bad statements: "strict" ends the reading, "skip" leaves them out and counts them

[corpus]
path = "{corpus}"  # passages: id, text, and optionally title, entities, group; or a folder of texts

[encoder]
name = "minilm"  # frozen text encoder: minilm, hashing (no model), a Hugging Face id, or a folder

[retrieval]
passages = 5  # per example
nodes = 32  # per subgraph

[training]
epochs = 20  # at most; stops after `patience` epochs without progress on validation
patience = 5
batch_size = 64
"""


@dataclass(frozen=True, slots=True)
class Column:
    """What the values of a column look like."""

    name: str
    iris: bool
    lists: bool
    numbers: bool
    splits: bool
    distinct: int
    filled: int
    length: float

    @property
    def is_text(self) -> bool:
        """Whether it holds sentences."""
        return not (self.iris or self.numbers or self.lists) and self.length >= TEXT_LENGTH

    @property
    def is_label(self) -> bool:
        """Whether its values repeat often enough to be learned."""
        few = 2 <= self.distinct <= min(MOST_CLASSES, max(2, self.filled // 3))
        return few and not (self.splits or self.is_text or self.iris)


def write_config(  # noqa: PLR0913 -- each is one thing to write
    graph: Sequence[Path],
    corpus: Path,
    data: Sequence[Path],
    out: Path,
    *,
    force: bool = False,
    base: str | None = None,
    on_error: str | None = None,
) -> None:
    """Write a commented configuration.

    Raises:
        ConfigError: A file is missing, `out` is there already, or the base is no absolute IRI.
        DataError: A table cannot be read, or nothing in it looks like something to learn.
    """
    for path in (*graph, corpus, *data):
        if not path.exists():
            raise ConfigError(f"{path}: expected a file or folder, found none")
    if out.exists() and not force:
        raise ConfigError(f"{out}: expected no file there, found one; give --force to overwrite it, or another --out")
    if base is not None and not is_iri(base):
        raise ConfigError(f"expected --base to be an absolute IRI (http://example.org/), found {base!r}")
    here = out.resolve().parent
    sources = ", ".join(_quoted(_relative(path, here)) for path in graph)
    name = re.sub(r"\W+", "-", out.stem if out.stem != "ragmtl" else here.name).strip("-") or "mine"
    reading = {
        "base": '# base = "http://example.org/"' if base is None else f"base = {_quoted(base)}",
        "on_error": '# on_error = "skip"' if on_error is None else f"on_error = {_quoted(on_error)}",
    }
    parts = [HEAD.format(name=name, sources=sources, corpus=_relative(corpus, here), **reading)]
    for path in data:
        parts += task_sections(path, _relative(path, here))
    out.write_text("\n".join(parts), encoding="utf-8")


def task_sections(path: Path, shown: str) -> list[str]:
    """The `[[tasks]]` tables for one table of data.

    Raises:
        DataError: Nothing in it looks like something to learn.
    """
    columns = look_at(read_table(path, most=ROWS_LOOKED_AT))
    split = next((column.name for column in columns if column.splits), None)
    text = max((column for column in columns if column.is_text), key=lambda column: column.length, default=None)
    sections = _log(columns, path, shown, split) if text is None else []
    if not sections:
        sections = _labels(columns, text, path, shown, split)
    if not sections:
        found = ", ".join(column.name for column in columns)
        raise DataError(
            "expected a column of labels with a text or an entity, or columns of users and items; found none that "
            f"looks like it among {found}; write the [[tasks]] yourself, as in docs/your-data.md",
            path,
        )
    return sections


def look_at(rows: Sequence[Row]) -> list[Column]:
    """Describe the columns of a table."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    return [_column(name, [row.values.get(name) for row in rows]) for name in names]


def _column(name: str, values: Sequence[object]) -> Column:
    filled = [value for value in values if value is not None and value != ""]
    lists = any(isinstance(value, list | tuple) for value in filled) or _separated(filled)
    parts = [str(part) for value in filled for part in _parts(value, lists)]
    return Column(
        name=name,
        iris=bool(parts) and all(re.match(r"(https?|urn):", part) for part in parts),
        lists=lists,
        numbers=bool(parts) and all(re.fullmatch(r"[+-]?\d+(\.\d*)?", part) for part in parts),
        splits=bool(parts) and all(part.strip().lower() in ALIASES for part in parts),
        distinct=len(set(parts)),
        filled=len(filled),
        length=sum(map(len, parts)) / max(1, len(parts)),
    )


def _separated(values: Sequence[object]) -> bool:
    """Whether many values hold a bar between short words."""
    texts = [value for value in values if isinstance(value, str)]
    return sum("|" in text and len(text) < 200 for text in texts) > 0.1 * max(1, len(texts))


def _parts(value: object, lists: bool) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value)
    return list(str(value).split("|")) if lists else [value]


def _log(columns: Sequence[Column], path: Path, shown: str, split: str | None) -> list[str]:
    """A recommendation task, where there is a column of users and one of items."""
    items = [column for column in columns if column.iris and not column.lists]
    named = [column for column in columns if column.name.lower() in USER_NAMES and column.distinct < column.filled]
    repeated = [column for column in columns if column not in items[-1:] and column.distinct < column.filled]
    users = named or [column for column in repeated if not (column.splits or column.name.lower() in TIME_NAMES)]
    items = [column for column in items if column not in users[:1]]
    if not (items and users):
        return []
    time = next((column.name for column in columns if column.name.lower() in TIME_NAMES and column.numbers), None)
    lines = [
        f'kind = "recommend"  # rank all items for a user; guessed: {shown} has a user and an item in each row',
        f"data = {_quoted(shown)}",
        f"user = {_quoted(users[0].name)}  # guessed",
        f"item = {_quoted(items[0].name)}  # guessed: IRIs of entities of the graph",
    ]
    if time and not split:
        lines.append(f"time = {_quoted(time)}  # guessed: seconds; without cuts, each user's last item is for test")
        lines.append("# valid_from = 1375129889  # or cut by time: train before this,")
        lines.append("# test_from = 1376653971  # validation before this, test from then on")
    return [_section(path.name.split(".")[0], lines, split)]


def _labels(columns: Sequence[Column], text: Column | None, path: Path, shown: str, split: str | None) -> list[str]:
    """A classification task for each column that looks like labels."""
    entity = next((c for c in columns if c.iris and not c.lists), None)
    if text is None and entity is None:
        return []
    sections = []
    for column in columns:
        if column.is_label:
            kind, meaning = ("labels", "any number of labels") if column.lists else ("class", "one label of many")
            lines = [f'kind = "{kind}"  # {meaning}; guessed: {column.distinct} values', f"data = {_quoted(shown)}"]
            lines += [f"text = {_quoted(text.name)}  # guessed"] if text else []
            lines += [f"entity = {_quoted(entity.name)}  # guessed: retrieval starts from it"] if entity else []
            lines.append(f"label = {_quoted(column.name)}")
            lines.append("# hide = []  # IRIs of relations whose triples state this label")
            sections.append(_section(column.name, lines, split))
    return sections


def _section(name: str, lines: Sequence[str], split: str | None) -> str:
    tidy = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "task"
    marked = f"split = {_quoted(split)}" if split else '# split = "split"  # a column with train, valid, test'
    return "\n".join(["[[tasks]]", f"name = {_quoted(tidy)}", *lines, marked, ""])


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder)).as_posix()


def _quoted(text: str) -> str:
    """A TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
