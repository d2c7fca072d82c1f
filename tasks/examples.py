"""Examples and tasks from one table: classes, labels, numbers and items to rank may stand side by side in it.

    source = read_examples("dishes.jsonl", Columns(text="text", split="split"),
                           [Target("cuisine", "cuisine", "class", make=…), Target("diet", "diet", "labels", make=…)])

A cell that is empty or null is a missing label; an empty list is an answer (no label applies). Cells that hold
several values are lists, or text with a separator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ragmtl.errors import DataError
from ragmtl.kg.nearest import iri_hint
from ragmtl.retrieval.files.tables import Row, read_table
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Label, Source, Spans, Split
from ragmtl.tasks.cells import cell_answers, cell_text, cell_value, cell_values, columns_in, unknown_answers
from ragmtl.tasks.splits import Fractions, read_split, share_out
from ragmtl.tasks.suspicion import single_answers, suspicious_answers, suspicious_texts
from ragmtl.tasks.targets import NAMED, Learned, Target


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what; None where the table has no such column.

    Attributes:
        id: What the example is called; its line where there is none.
        text: The text; a list of texts is joined by line breaks.
        entity: IRIs of entities that the example is about.
        history: IRIs of items met or mentioned before, oldest first; with it, a row may have nothing else,
            or nothing at all (a dialogue that begins).
        group: What an example stands or falls with; else its (first) entity, else itself.
        exclude: Groups of passages that must not be retrieved: a column, or a template such as `rd-{dialogue}`.
        split: `train`, `valid` or `test`; without it, examples are shared out.
        time: When it happened, in seconds.
        separator: What stands between the values of a cell.
    """

    id: str | None = None
    text: str | None = None
    entity: str | None = None
    history: str | None = None
    group: str | None = None
    exclude: str | None = None
    split: str | None = None
    time: str | None = None
    separator: str = "|"

    @property
    def used(self) -> list[str]:
        """Names of the columns that the table must have."""
        columns = (self.id, self.text, self.entity, self.history, self.group, self.split, self.time)
        return [column for column in columns if column] + (columns_in(self.exclude) if self.exclude else [])


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """A row on its way to an example: labels still are names."""

    line: int
    id: str
    query: Query
    labels: Mapping[str, tuple[str, ...]]
    values: Mapping[str, float | str | Spans]
    nodes: Mapping[str, tuple[str, ...]]
    group: str
    time: float | None
    split: Split | None

    @property
    def answered(self) -> set[str]:
        """The tasks that it carries a label for."""
        return {*self.labels, *self.values, *self.nodes}


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """What all rows of a table have in common."""

    path: Path
    columns: Columns
    targets: Sequence[Target]
    known: Collection[str] | None
    hide: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)

    def error(self, message: str, line: int | None = None) -> DataError:
        return DataError(message, self.path, line)


def read_examples(
    path: str | Path,
    columns: Columns,
    targets: Sequence[Target],
    *,
    fractions: Fractions | None = None,
    hide: Collection[str] = (),
    known: Collection[str] | None = None,
    name: str = "",
) -> Source:
    """Read a table of examples.

    Args:
        path: CSV, TSV, JSONL or Parquet, plain or .gz.
        columns: Which column holds what of the input.
        targets: Which columns to learn.
        fractions: How to share examples out where `columns.split` is None.
        hide: IRIs of relations that state a label.
        known: IRIs of the graph, such as `graph.nodes`; None: anything goes.
        name: Name of the source; else that of the file.

    Raises:
        DataError: A row or the table as a whole cannot be used as meant; the message says where and why.
    """
    path = Path(path)
    rows = read_table(path, columns.used + [target.column for target in targets])
    return examples_of(rows, path, columns, targets, fractions=fractions, hide=hide, known=known, name=name)


def examples_of(
    rows: Sequence[Row],
    path: Path,
    columns: Columns,
    targets: Sequence[Target],
    *,
    fractions: Fractions | None = None,
    hide: Collection[str] = (),
    known: Collection[str] | None = None,
    name: str = "",
) -> Source:
    """The same from rows that are there already; errors name `path`."""
    table = _Table(path, columns, targets, known, frozenset(hide))
    drafts = _labelled(table, [_draft(table, row) for row in rows])
    if wrong := suspicious_texts([draft.query.text for draft in drafts]):
        raise table.error(f"{columns.text!r}: {wrong}")
    _count_unknown_history(table, drafts)
    _refuse_unknown_nodes(table, drafts)
    answers = {target.task: _answers(table, target, drafts) if target.kind in NAMED else {} for target in targets}
    drafts = _answered(drafts, targets, answers)
    splits = _splits(table, drafts, fractions or Fractions())
    for target in targets:
        _check(table, target, drafts, splits)
    examples = [_example(draft, split, answers, targets) for draft, split in zip(drafts, splits, strict=True)]
    tasks = tuple(target.make(_learned(target, tuple(answers[target.task]), examples)) for target in targets)
    return Source.of(name or path.name, tuple(examples), tasks, tuple(table.notes))


def _draft(table: _Table, row: Row) -> _Draft:
    columns = table.columns
    entities = _known_iris(table, row, columns.entity)
    name = cell_text(row, columns.id) or f"line {row.line}"
    history = tuple(cell_values(row, columns.history, columns.separator) or ())
    text = "\n".join(cell_values(row, columns.text, None) or ())
    if not (text.strip() or entities or columns.history):
        raise row.error("expected a text or an entity, found neither; remove the row")
    query = Query(text, entities, history, frozenset(_excluded(row, columns)), table.hide)
    group = cell_text(row, columns.group) or (entities[0] if entities else name)
    split = read_split(row.values.get(columns.split), table.path, row.line) if columns.split else None
    named = [target for target in table.targets if target.kind in NAMED]
    labels = {target.task: names for target in named if (names := _names(table, row, target)) is not None}
    asked = {target.task: target.column for target in table.targets if target.kind == "nodes"}
    values, nodes = _row_values(table, row), cell_answers(row, asked, columns.separator)
    return _Draft(row.line, name, query, labels, values, nodes, group, _time(table, row), split)


def _row_values(table: _Table, row: Row) -> dict[str, float | str | Spans]:
    """What a row answers where that is no name."""
    plain = [target for target in table.targets if target.kind not in (*NAMED, "nodes")]
    found = {target.task: cell_value(row, target.column, target.kind, table.columns.text) for target in plain}
    return {task: value for task, value in found.items() if value is not None}


def _names(table: _Table, row: Row, target: Target) -> tuple[str, ...] | None:
    """What a row answers, by name; None where it does not."""
    if target.kind == "item":
        return _known_iris(table, row, target.column) or None
    names = cell_values(row, target.column, table.columns.separator if target.kind == "labels" else None)
    if target.kind == "class" and names and len(names) > 1:
        raise table.error(
            f'expected one class in {target.column!r}, found {len(names)}; is {target.task!r} of kind "labels"?',
            row.line,
        )
    if names is None or (not names and target.kind == "class"):
        return None
    return tuple(dict.fromkeys(names))


def _labelled(table: _Table, drafts: Sequence[_Draft]) -> list[_Draft]:
    """Drafts that carry a label; the others are counted."""
    _refuse_duplicates(table, drafts)
    labelled = [draft for draft in drafts if draft.answered]
    if len(labelled) < len(drafts):
        table.notes.append(f"{len(drafts) - len(labelled)} rows carry no label and were left out")
    return labelled


def _count_unknown_history(table: _Table, drafts: Sequence[_Draft]) -> None:
    """Note how many items of histories the graph lacks: they are mentions, and may be of anything."""
    counts = Counter(iri for draft in drafts for iri in draft.query.history)
    unknown = [] if table.known is None else sorted(iri for iri in counts if iri not in table.known)
    if unknown:
        table.notes.append(
            f"{sum(counts[iri] for iri in unknown)} mentions in {table.columns.history!r} are of entities that the "
            f"graph lacks and were not read ({', '.join(unknown[:3])}{', …' if len(unknown) > 3 else ''})"
        )


def _refuse_unknown_nodes(table: _Table, drafts: Sequence[_Draft]) -> None:
    """Refuse answers that are no entities of the graph."""
    for target in table.targets if table.known is not None else ():
        asked = {draft.line: draft.nodes[target.task] for draft in drafts if target.task in draft.nodes}
        if wrong := unknown_answers(target.task, asked, table.known):
            raise table.error(*wrong)


def _refuse_duplicates(table: _Table, drafts: Sequence[_Draft]) -> None:
    lines: dict[str, int] = {}
    for draft in drafts:
        first = lines.setdefault(draft.id, draft.line)
        if first != draft.line:
            raise table.error(f"expected different ids, found {draft.id!r} as in line {first}", draft.line)


def _answers(table: _Table, target: Target, drafts: Sequence[_Draft]) -> dict[str, int]:
    """The position of each answer, in the order of their names; rare ones are left out and counted."""
    counts = Counter(name for draft in drafts for name in draft.labels.get(target.task, ()))
    kept = sorted(name for name, count in counts.items() if count >= target.min_count)
    if len(kept) < len(counts):
        rows = sum(count for count in counts.values() if count < target.min_count)
        rare = f"{len(counts) - len(kept)} answers with fewer than {target.min_count} rows"
        table.notes.append(f"{target.task}: {rare} were left out ({rows} labels)")
    if target.kind in ("class", "labels"):
        _suspect(table, target, Counter({name: counts[name] for name in kept}))
    if target.kind == "labels" and not kept:
        raise table.error(f"task {target.task!r}: expected labels in {target.column!r}, found none")
    if target.kind != "labels" and len(kept) < 2:
        found = f"only {kept[0]!r}" if kept else "none"
        raise table.error(f"task {target.task!r}: expected two answers or more in {target.column!r}, found {found}")
    return {name: at for at, name in enumerate(kept)}


def _suspect(table: _Table, target: Target, counts: Counter[str]) -> None:
    """Refuse a column that cannot be one of answers, and note answers of which there is a single one."""
    if wrong := suspicious_answers(counts):
        raise table.error(f"task {target.task!r}: {target.column!r}: {wrong}")
    if alone := single_answers(counts):
        table.notes.append(f"{target.task}: {alone}")


def _answered(
    drafts: Sequence[_Draft], targets: Sequence[Target], answers: Mapping[str, Mapping[str, int]]
) -> list[_Draft]:
    """Drafts without the answers that were left out, and without those drafts that then carry no label."""
    open_sets = {target.task for target in targets if target.kind == "labels"}
    result = []
    for draft in drafts:
        kept = {task: tuple(n for n in names if n in answers[task]) for task, names in draft.labels.items()}
        labels = {task: names for task, names in kept.items() if names or task in open_sets}
        result += [replace(draft, labels=labels)] if labels or draft.values or draft.nodes else []
    return result


def _splits(table: _Table, drafts: Sequence[_Draft], fractions: Fractions) -> list[Split]:
    given = [draft.split for draft in drafts if draft.split is not None]
    if table.columns.split:
        return given
    learned = [target.task for target in table.targets if target.kind in ("class", "labels")]
    labels = [[f"{task}: {name}" for task in learned for name in draft.labels.get(task, ())] for draft in drafts]
    return share_out([draft.group for draft in drafts], labels, fractions)


def _check(table: _Table, target: Target, drafts: Sequence[_Draft], splits: Sequence[Split]) -> None:
    """Refuse a task that cannot be learned or judged."""
    rows = [(draft, split) for draft, split in zip(drafts, splits, strict=True) if target.task in draft.answered]
    for wanted, purpose in (("train", "learn from"), ("valid", "choose the best epoch by")):
        if all(split != wanted for _, split in rows):
            shares = "mark some in the split column" if table.columns.split else "add rows or raise its fraction"
            raise table.error(f"task {target.task!r}: expected {wanted} rows to {purpose}, found none; {shares}")
    if target.kind not in ("class", "labels"):
        return
    seen = {name for draft, split in rows if split == "train" for name in draft.labels[target.task]}
    for draft, split in rows:
        for name in draft.labels[target.task]:
            if name not in seen:
                raise table.error(
                    f"task {target.task!r}: expected labels that train has too, found {name!r} in {split} only; "
                    "move a row with it to train, correct its spelling, or leave it out with min_count",
                    draft.line,
                )


def _example(
    draft: _Draft, split: Split, answers: Mapping[str, Mapping[str, int]], targets: Sequence[Target]
) -> Example:
    labels: dict[str, Label] = {**draft.values, **dict.fromkeys(draft.nodes, ())}
    past = {}
    for target in targets:
        known = answers[target.task]
        if target.task in draft.labels:
            found = tuple(known[name] for name in draft.labels[target.task])
            labels[target.task] = found[0] if len(found) == 1 and target.kind != "labels" else found
        if target.kind == "item":
            past[target.task] = np.array([known[iri] for iri in draft.query.history if iri in known], np.int64)
    return Example(draft.id, draft.query, labels, draft.group, split, draft.time, past, nodes=draft.nodes)


def _learned(target: Target, answers: tuple[str, ...], examples: Sequence[Example]) -> Learned:
    train = [one.labels[target.task] for one in examples if one.split == "train" and target.task in one.labels]
    return Learned(target.task, answers, train)


def _time(table: _Table, row: Row) -> float | None:
    text = cell_text(row, table.columns.time)
    try:
        return float(text) if text else None
    except ValueError:
        raise row.error(f"expected a time in seconds, found {text!r}") from None


def _excluded(row: Row, columns: Columns) -> list[str]:
    if not columns.exclude or "{" not in columns.exclude:
        return cell_values(row, columns.exclude, columns.separator) or []
    return [re.sub(r"\{(.+?)\}", lambda found: cell_text(row, found[1]), columns.exclude)]


def _known_iris(table: _Table, row: Row, column: str | None) -> tuple[str, ...]:
    iris = cell_values(row, column, table.columns.separator) or []
    for iri in iris:
        if table.known is not None and iri not in table.known:
            hint = iri_hint(iri, table.known, "correct it, or add it to the graph")
            raise row.error(f"expected an entity of the graph in {column!r}, found {iri!r}; {hint}")
    return tuple(iris)
