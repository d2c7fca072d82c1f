from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmtl.errors import DataError, MismatchError
from ragmtl.judge import load_run, save_run, table, totals
from ragmtl.retrieval.quality.evaluate import Judged
from tests.ragmtl.conftest import Ragmtl, World


def row(number: int, recall: float | None, milliseconds: float = 1.0, group: str = "") -> Judged:
    figures = {} if recall is None else {"recall@1": recall}
    return Judged(f"q{number}", group or f"q{number}", figures, 4, 3, 2, milliseconds)


def test_totals_are_means_of_the_questions_that_have_a_figure() -> None:
    found = totals([row(0, 1.0, 2.0), row(1, 0.0, 4.0), row(2, None, 6.0)])
    recall, *sizes = found.rows
    assert (recall.figure, recall.questions, recall.mean.value, recall.difference) == ("recall@1", 2, 0.5, None)
    assert [(size.figure, size.mean.value) for size in sizes] == [
        ("nodes", 4.0),
        ("triples", 3.0),
        ("passages", 2.0),
        ("milliseconds", 4.0),
    ]
    assert found.p50 == 4.0
    assert found.p95 == pytest.approx(5.8)


def test_a_difference_is_paired() -> None:
    """Every question is better by the same: a difference without any doubt, though the means vary."""
    worse = [row(number, (number % 5) / 10) for number in range(40)]
    better = [row(number, (number % 5) / 10 + 0.05) for number in range(40)]
    recall = totals(better, worse).rows[0]
    assert recall.difference is not None
    assert recall.difference.value == pytest.approx(0.05)
    assert recall.difference.low == pytest.approx(0.05)
    assert recall.mean.high - recall.mean.low > 0.05
    assert recall.differs
    assert not totals(better, better).rows[0].differs


def test_runs_of_other_questions_are_refused() -> None:
    with pytest.raises(MismatchError, match="1 of the first not in the second, such as 'q0'"):
        totals([row(0, 1.0)], [row(1, 1.0)])


def test_a_figure_that_the_other_run_lacks_is_not_compared() -> None:
    assert totals([row(0, 1.0)], [row(0, None)]).rows[0].difference is None


@pytest.mark.parametrize("name", ["run.jsonl", "run.csv"])
def test_a_run_is_written_and_read(tmp_path: Path, name: str) -> None:
    run = [row(0, 1 / 3, 0.25), row(1, None, 1.5, "group")]
    save_run(run, tmp_path / "new" / name)
    assert load_run(tmp_path / "new" / name) == run


def test_a_run_that_is_none_is_refused(tmp_path: Path) -> None:
    save_run([row(0, 1.0)], tmp_path / "run.csv")
    (tmp_path / "run.csv").write_text((tmp_path / "run.csv").read_text().replace("1.0\n", "much\n"))
    with pytest.raises(DataError, match=r"run\.csv:2: expected a number in 'recall@1', found 'much'"):
        load_run(tmp_path / "run.csv")


def test_the_command_measures_writes_and_compares(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    passage = json.loads((trained.folder / "passages.jsonl").read_text(encoding="utf-8").splitlines()[0])
    questions.write_text(json.dumps({"text": passage["text"], "passages": [passage["id"]]}) + "\n", encoding="utf-8")
    words = ("evaluate", trained.index, "--retrieval", questions, "--at", 1, "--at", 3)
    first = ragmtl(*words, "--out", tmp_path / "a.jsonl", "--config", trained.config)
    assert first.code == 0, first.err
    assert "recall@1               1.000  [1.000, 1.000]  1 questions" in first.out
    assert "latency" in first.out
    second = ragmtl(*words, "--against", tmp_path / "a.jsonl")
    assert "difference +0.000" in second.out
    found = json.loads(ragmtl(*words, "--json").out)
    assert found["questions"][0]["figures"]["ndcg@3"] == 1.0
    assert found["totals"]["rows"][0]["figure"] == "recall@1"


def test_options_of_retrieval_need_it(trained: World, ragmtl: Ragmtl) -> None:
    called = ragmtl("evaluate", trained.run, "--out", "rows.jsonl")
    assert called.code == 2
    assert "--retrieval" in called.err


def test_the_table_marks_differences() -> None:
    lines = table(totals([row(0, 1.0), row(1, 1.0)], [row(0, 0.0), row(1, 0.0)]))
    assert lines[0].endswith("difference +1.000  [+1.000, +1.000] *")
