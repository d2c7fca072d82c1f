"""Teaching retrieval from a table of questions: what was learned is measured on validation questions, and kept or not.

    print(teach("fusion", prepare(Path("runs/index"), Path("questions.jsonl"), None, unwatched)))

It is kept where it is better than what was there, or not worse than doing without; otherwise only if that is asked for.
The figures are those on which its weights were chosen, too: for a figure to report, evaluate on other questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ragmtl.build import Watch
from ragmtl.config import read_config
from ragmtl.errors import DataError
from ragmtl.judge import Total, totals
from ragmtl.pupils import PASSAGES, Lesson, Pupil, encoder, fusion, reranker, triples, two_tower
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.evaluate import judge
from ragmtl.retrieval.quality.questions import read_examples
from ragmtl.retrieval.settings import RetrievalSettings
from ragmtl.retrieving import retrieval_settings

What = Literal["triples", "fusion", "two-tower", "encoder", "reranker"]

_PUPILS: Mapping[What, Callable[[Lesson], Pupil]] = {
    "triples": triples,
    "fusion": fusion,
    "two-tower": two_tower,
    "encoder": encoder,
    "reranker": reranker,
}
_CUTS = (5, PASSAGES)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a lesson.

    Attributes:
        what: What was learned.
        pupil: The result.
        change: The figure after it, and its difference to that before; None where no question could tell.
        kept: Whether it took the place of what was there.
        latency: Median milliseconds of a question, before and after.
        unanswered: How many questions were left out since nothing answers them.
    """

    what: What
    pupil: Pupil
    change: Total | None
    kept: bool
    latency: tuple[float, float]
    unanswered: int = 0

    @property
    def gain(self) -> float:
        """By how much the figure rose; 0 where nothing could tell."""
        return self.change.difference.value if self.change and self.change.difference else 0.0

    def __str__(self) -> str:
        left = [f"left out: {self.unanswered:,} questions that nothing answers"] if self.unanswered else []
        return "\n".join([f"learned: {self.pupil.report}", *left, self._measured(), self._said()])

    def stated(self) -> dict[str, object]:
        """What JSON shows."""
        pupil, change = self.pupil, self.change
        return {
            "what": self.what,
            "learned": pupil.report,
            "left_out": self.unanswered,
            "kept": self.kept,
            "place": pupil.place if self.kept else pupil.aside,
            "use": pupil.use if self.kept else None,
            "figure": None if change is None else change.figure,
            "questions": 0 if change is None else change.questions,
            "after": None if change is None else change.mean,
            "difference": None if change is None else change.difference,
            "milliseconds": {"before": self.latency[0], "after": self.latency[1]},
        }

    def _measured(self) -> str:
        if self.change is None or self.change.difference is None:
            return "not measured: no validation question could tell; mark some with `valid` in the column `split`"
        after, difference = self.change.mean.value, self.change.difference
        return (
            f"{self.change.figure} of {self.change.questions:,} validation questions: {after - difference.value:.3f} "
            f"before, {after:.3f} after: {difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]; "
            f"{self.latency[0]:.1f} and {self.latency[1]:.1f} ms a question"
        )

    def _said(self) -> str:
        sure = "" if self.change is not None and self.change.differs else ", but zero lies within the interval"
        unmeasured = self.change is None or self.change.difference is None
        helped = (
            f"it helped{sure}" if self.gain > 0 else f"it did harm{sure}" if self.gain < 0 else "it changed nothing"
        )
        said = [] if unmeasured else [helped]
        if self.kept:
            return "\n".join([*said, f"wrote {self.pupil.place}", f"to use it: {self.pupil.use}"])
        lies = f"; it lies in {self.pupil.aside}" if self.pupil.aside else ""
        old = "what was there stays" if self.pupil.replaces else "it was not kept"
        return "\n".join([*said, f"{old}{lies}; `--anyway` keeps what was learned"])


def prepare(folder: Path, questions: Path, config: Path | None, watch: Watch) -> Lesson:
    """Open an index and read questions to learn from.

    Args:
        folder: Of the index.
        questions: The table; rows with `train` in the column `split` are learned from, those with `valid` validate.
        config: Whose `[retrieval]` is used; the defaults of the library where None.
        watch: Gives progress bars.

    Raises:
        DataError: The questions cannot be read, or there are none to learn from.
    """
    index = Index.load(folder)
    parts = read_examples(questions, index)
    train, valid = ([question for question in part if question.wants] for part in parts)
    unanswered = sum(map(len, parts)) - len(train) - len(valid)
    if not train:
        raise DataError(
            "expected questions to learn from, found none beside those to validate with and those that nothing answers",
            questions,
        )
    settings = RetrievalSettings() if config is None else retrieval_settings(read_config(config))
    return Lesson(index, settings, train, valid, watch, unanswered=unanswered)


def teach(what: What, lesson: Lesson, *, anyway: bool = False) -> Verdict:
    """Learn, measure, and keep what is better.

    Args:
        what: What to learn.
        lesson: What from, and how.
        anyway: Whether to keep it even if it is not better.

    Raises:
        DataError: There is nothing to learn from.
    """
    pupil = _PUPILS[what](lesson)
    change, latency = _change(pupil, lesson)
    gain = change.difference.value if change is not None and change.difference is not None else 0.0
    kept = anyway or gain > 0 or (gain == 0 and not pupil.replaces)
    if kept:
        pupil.keep()
    return Verdict(what, pupil, change, kept, latency, lesson.unanswered)


def _change(pupil: Pupil, lesson: Lesson) -> tuple[Total | None, tuple[float, float]]:
    """What changed on the validation questions, and how long a question took before and after."""
    able = [question for question in lesson.valid if question.passages or question.triples or question.answers]
    if "ndcg" in pupil.figures[0]:
        able = [question for question in able if question.passages]
    if not able:
        return None, (0.0, 0.0)
    before, after = (
        judge(retriever, able, _CUTS, lesson.watch(name))
        for retriever, name in ((pupil.before, "asking without it"), (pupil.after, "asking with it"))
    )
    found = totals(after, before)
    rows = {row.figure: row for row in found.rows}
    figure = next((rows[name] for name in pupil.figures if name in rows), None)
    return figure, (totals(before).p50, found.p50)
