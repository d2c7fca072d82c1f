from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ragmtl import teach as teaching
from ragmtl.build import unwatched
from ragmtl.pupils import Lesson, Pupil
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import Index
from ragmtl.retrieval.quality.questions import Question
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings, SourceWeights

GOOD = RetrievalSettings(passages=10, weights=SourceWeights(bm25=1.0, dense=0.0, graph=0.0))
BAD = RetrievalSettings(passages=10, weights=SourceWeights(bm25=0.0, dense=0.0, graph=0.0))


@pytest.fixture
def lesson(index: Index) -> Lesson:
    """Questions that are the first words of passages: words find them, and nothing finds nothing."""
    asked = [
        Question(identity, Query(" ".join(index.corpus.texts[place].split()[:6])), frozenset({place}), group=identity)
        for place, identity in enumerate(index.corpus.ids)
    ]
    return Lesson(index, GOOD, asked, asked, unwatched)


class Kept:
    """Counts how often something was kept, and gives a pupil that says so."""

    def __init__(self, index: Index, before: RetrievalSettings, after: RetrievalSettings, replaces: bool) -> None:
        self.times = 0
        self.pupil = Pupil(
            Retriever(index, before), Retriever(index, after), "by heart", ("ndcg@10",), self._keep,
            Path("kept"), Path("aside"), replaces, "itself",
        )  # fmt: skip

    def _keep(self) -> None:
        self.times += 1


@pytest.mark.parametrize(
    ("before", "after", "replaces", "anyway", "kept", "said"),
    [
        (BAD, GOOD, True, False, True, "it helped"),
        (GOOD, BAD, True, False, False, "it did harm"),
        (GOOD, BAD, False, False, False, "it did harm"),
        (GOOD, BAD, True, True, True, "it did harm"),
        (GOOD, GOOD, True, False, False, "it changed nothing"),
        (GOOD, GOOD, False, False, True, "it changed nothing"),
    ],
)
def test_what_is_better_is_kept_and_what_is_worse_only_if_asked(  # noqa: PLR0913
    monkeypatch: pytest.MonkeyPatch,
    lesson: Lesson,
    before: RetrievalSettings,
    after: RetrievalSettings,
    replaces: bool,
    anyway: bool,
    kept: bool,
    said: str,
) -> None:
    one = Kept(lesson.index, before, after, replaces)
    monkeypatch.setattr(teaching, "_PUPILS", {"fusion": lambda _: one.pupil})
    verdict = teaching.teach("fusion", lesson, anyway=anyway)
    assert (one.times, verdict.kept) == (int(kept), kept)
    lines = str(verdict).splitlines()
    assert lines[0] == "learned: by heart"
    assert lines[1].startswith(f"ndcg@10 of {len(lesson.valid)} validation questions: ")
    assert lines[2].startswith(said)
    assert verdict.change is not None
    if before is GOOD and after is BAD:
        assert verdict.change.differs
        assert verdict.gain < -0.2
        assert "zero lies" not in lines[2]


def test_where_nothing_can_tell_it_is_kept_only_in_an_empty_place(
    monkeypatch: pytest.MonkeyPatch, lesson: Lesson
) -> None:
    for valid in ([], [replace(question, passages=frozenset(), answers=frozenset({0})) for question in lesson.valid]):
        for replaces in (True, False):
            one = Kept(lesson.index, BAD, GOOD, replaces)
            monkeypatch.setattr(teaching, "_PUPILS", {"fusion": lambda _, one=one: one.pupil})
            verdict = teaching.teach("fusion", replace(lesson, valid=valid))
            assert verdict.kept == (not replaces)
            assert "not measured: no validation question could tell" in str(verdict)
