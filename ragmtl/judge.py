"""Retrieval in figures: means over questions with intervals, latency, and two runs compared on the same questions.

Intervals are paired bootstraps over groups of questions (`ragmtl.tasks.bootstrap`). A run is a table with one row for
each question, written by `save_run`, so that two runs may be of different settings, indexes, or versions.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ragmtl.build import Watch, unwatched
from ragmtl.config import read_config
from ragmtl.errors import MismatchError
from ragmtl.retrieval.files.tables import Row, read_table
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.evaluate import KS, Judged, judge
from ragmtl.retrieval.quality.questions import read_questions
from ragmtl.retrieval.settings import RetrievalSettings
from ragmtl.retrieving import retrieval_settings
from ragmtl.tasks.bootstrap import Interval, bootstrap, paired_bootstrap
from ragmtl.tasks.metrics import Statistics, mean

SIZES = ("nodes", "triples", "passages", "milliseconds")
_FIXED = ("id", "group", *SIZES)


@dataclass(frozen=True, slots=True)
class Total:
    """One figure over all questions that have it.

    Attributes:
        figure: Its name.
        questions: How many questions have it.
        mean: With its interval.
        difference: This run minus the other one, with its interval; None where nothing is compared.
    """

    figure: str
    questions: int
    mean: Interval
    difference: Interval | None = None

    @property
    def differs(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.difference is not None and not self.difference.low <= 0.0 <= self.difference.high


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures over all questions.

    Attributes:
        rows: Quality, then sizes and milliseconds, each a mean.
        p50, p95: Milliseconds that half and 95 % of the questions stay under.
    """

    rows: tuple[Total, ...]
    p50: float
    p95: float


def evaluate_retrieval(
    folder: Path,
    questions: Path,
    config: Path | None = None,
    ks: Sequence[int] = KS,
    split: str | None = None,
    watch: Watch = unwatched,
) -> list[Judged]:
    """Ask the questions of a table of an index; see `ragmtl.retrieval.quality.questions.read_questions`.

    Args:
        folder: Of the index.
        questions: The table.
        config: Whose `[retrieval]` is used; at least as much is retrieved as the largest of `ks`. Without it, the
            defaults of the library.
        ks: At how many results rankings are cut.
        split: Only questions of this split; all where None.
        watch: Gives a progress bar.
    """
    settings = RetrievalSettings() if config is None else retrieval_settings(read_config(config))
    index = Index.load(folder)
    asked = read_questions(questions, index, split=split)
    settings = replace(settings, passages=max(settings.passages, *ks))
    return judge(Retriever(index, settings), asked, ks, watch("asking questions"))


def totals(run: Sequence[Judged], against: Sequence[Judged] | None = None, *, seed: int = 0) -> Totals:
    """Sum up a run, and compare it with another one of the same questions.

    Args:
        run: One row for each question.
        against: Another run; figures that it does not have are not compared.
        seed: Of the bootstrap.

    Raises:
        MismatchError: The runs are of different questions.
    """
    other = None if against is None else _same_questions(run, against)
    milliseconds = np.array([row.milliseconds for row in run])
    p50, p95 = np.quantile(milliseconds, [0.5, 0.95]).tolist()
    return Totals(tuple(_total(name, run, other, seed) for name in _figures(run)), p50, p95)


def save_run(run: Sequence[Judged], path: str | Path) -> None:
    """Write one row for each question: JSONL, or CSV where the name ends so."""
    rows = [_flat(row) for row in run]
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix.lower() != ".csv":
        target.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return
    columns = dict.fromkeys(name for row in rows for name in row)
    written = io.StringIO()
    writer = csv.DictWriter(written, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    target.write_text(written.getvalue(), encoding="utf-8")


def load_run(path: str | Path) -> list[Judged]:
    """Read what `save_run` wrote.

    Raises:
        DataError: It is no such table (with file and line).
    """
    return [_judged(row) for row in read_table(path, _FIXED)]


def _flat(row: Judged) -> dict[str, object]:
    return {"id": row.id, "group": row.group} | {name: getattr(row, name) for name in SIZES} | dict(row.figures)


def _judged(row: Row) -> Judged:
    figures = {name: _number(row, name) for name in row.values if name not in _FIXED and row.text(name)}
    nodes, triples, passages = (int(_number(row, name)) for name in SIZES[:3])
    return Judged(row.text("id"), row.text("group"), figures, nodes, triples, passages, _number(row, "milliseconds"))


def _number(row: Row, column: str) -> float:
    try:
        return float(row.text(column))
    except ValueError as error:
        raise row.error(f"expected a number in {column!r}, found {row.text(column)!r}") from error


def _figures(run: Sequence[Judged]) -> list[str]:
    return [*dict.fromkeys(name for row in run for name in row.figures), *SIZES]


def _same_questions(run: Sequence[Judged], against: Sequence[Judged]) -> dict[str, Judged]:
    other = {row.id: row for row in against}
    missing = [row.id for row in run if row.id not in other]
    if missing or len(other) != len(run):
        example = f", such as {missing[0]!r}" if missing else ""
        raise MismatchError(
            f"expected two runs of the same questions, found {len(run)} and {len(other)} questions, {len(missing)} of "
            f"the first not in the second{example}; evaluate both on one table"
        )
    return other


def _total(name: str, run: Sequence[Judged], other: Mapping[str, Judged] | None, seed: int) -> Total:
    ours = _statistics(name, run)
    groups = [row.group for row in run]
    found = bootstrap([ours], groups, seed=seed)
    count = sum(_value(name, row) is not None for row in run)
    if other is None:
        return Total(name, count, found)
    theirs = _statistics(name, [other[row.id] for row in run])
    if not np.array_equal(ours.rows[:, 1], theirs.rows[:, 1]):
        return Total(name, count, found)
    return Total(name, count, found, paired_bootstrap([ours], [theirs], groups, seed=seed))


def _statistics(name: str, run: Sequence[Judged]) -> Statistics:
    values = [_value(name, row) for row in run]
    counted = np.array([value is not None for value in values], np.bool_)
    return mean(np.array([value or 0.0 for value in values], np.float64), counted)


def _value(name: str, row: Judged) -> float | None:
    return float(getattr(row, name)) if name in SIZES else row.figures.get(name)


def report(
    folder: Path,
    questions: Path,
    config: Path | None,
    ks: Sequence[int],
    split: str | None,
    runs: tuple[Path | None, Path | None],
    *,
    as_json: bool = False,
    watch: Watch = unwatched,
) -> str:
    """What `ragmtl evaluate --retrieval` prints.

    Args:
        folder: See `evaluate_retrieval`.
        questions: Likewise.
        config: Likewise.
        ks: Likewise.
        split: Likewise.
        watch: Likewise.
        runs: Where to write the rows of this run, and the rows of another to compare with.
        as_json: Whether to give JSON instead of lines.
    """
    out, against = runs
    other = None if against is None else load_run(against)
    rows = evaluate_retrieval(folder, questions, config, ks, split, watch)
    found = totals(rows, other)
    if out is not None:
        save_run(rows, out)
    if as_json:
        return json.dumps({"totals": asdict(found), "questions": [asdict(row) for row in rows]}, indent=1)
    return "\n".join(table(found))


def table(found: Totals) -> list[str]:
    """The lines of the report that the command prints."""
    lines = []
    for row in found.rows:
        compared = ""
        if row.difference is not None:
            d = row.difference
            compared = f"   difference {d.value:+.3f}  [{d.low:+.3f}, {d.high:+.3f}]{' *' if row.differs else ''}"
        interval = f"{row.mean.value:9.3f}  [{row.mean.low:.3f}, {row.mean.high:.3f}]"
        lines.append(f"{row.figure:18} {interval}  {row.questions:,} questions{compared}")
    lines.append(f"{'latency':18} p50 {found.p50:.2f} ms, p95 {found.p95:.2f} ms")
    if any(row.difference is not None for row in found.rows):
        lines.append("difference: this run minus the other one, paired bootstrap, 95 %; * = zero lies outside")
    return lines
