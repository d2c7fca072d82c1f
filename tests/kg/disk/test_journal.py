"""Changes beside a saved graph: there when it is opened, whole or not at all, gone once compacted."""

from __future__ import annotations

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.disk import journal
from ragmtl.kg.disk.journal import CHANGES, compact_saved, is_changed, open_changed, record
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.literals import Triple

A: Triple = ("http://x/a", "http://x/p", "http://x/b")
B: Triple = ("http://x/a", "http://x/q", Literal("x", language="en"))
C: Triple = ("http://x/c", "http://x/p", "http://x/a")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    KnowledgeGraph.from_triples([A], source="base").save(tmp_path / "g")
    return tmp_path / "g"


def test_recorded_changes_are_there_at_once_and_the_base_stays(saved: Path) -> None:
    base = KnowledgeGraph.load(saved)
    record(saved, add=[B, C], source="editor", graph="http://x/g")
    record(saved, remove=[A])
    graph = KnowledgeGraph.load(saved)
    assert graph.digest == KnowledgeGraph.from_triples([B, C]).digest
    assert graph.origin(0).graph == "http://x/g"
    assert KnowledgeGraph.load(saved, changed=False).digest == base.digest
    assert KnowledgeGraph.load(saved, verify=True).digest == graph.digest


def test_many_changes_of_one_source_are_made_at_once(saved: Path) -> None:
    for number in range(10):
        record(saved, add=[(f"http://x/{number}", "http://x/p", "http://x/b")], source="editor")
    record(saved, add=[B], source="other")
    _, entries = journal._base(saved, verify=False)
    assert [entry["source"] for entry in journal._folded(entries)] == ["editor", "other"]
    assert len(KnowledgeGraph.load(saved)) == 11


def test_what_is_added_removed_and_added_again_is_as_if_one_by_one(saved: Path) -> None:
    again = ("http://x/a", "http://x/q", Literal("x", language="EN"))
    steps: list[dict[str, Any]] = [{"add": [B, C]}, {"remove": [again]}, {"add": [A]}, {"remove": [C], "add": [C]}]
    wanted = KnowledgeGraph.load(saved)
    for number in (*range(4), 0, 1, 2, 1):
        record(saved, **steps[number])
        wanted = wanted.with_changes(**steps[number])
    found = KnowledgeGraph.load(saved)
    assert (found.digest, found.report) == (wanted.digest, wanted.report)


def test_changes_are_read_only_where_there_are_some(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "open_changed", None)
    assert len(KnowledgeGraph.load(saved)) == 1
    (saved / CHANGES).mkdir()
    assert len(KnowledgeGraph.load(saved)) == 1
    record(saved, add=[B]).write_text("{", "utf-8")
    monkeypatch.undo()
    with pytest.raises(MismatchError, match="restore"):
        KnowledgeGraph.load(saved)


def test_compacting_leaves_the_digest_and_no_changes(saved: Path) -> None:
    record(saved, add=[B, C])
    record(saved, without=["base"])
    before = open_changed(saved)
    after = compact_saved(saved)
    assert after.digest == before.digest == KnowledgeGraph.from_triples([C, B]).digest
    assert not (saved / CHANGES).exists()
    assert compact_saved(saved).digest == after.digest
    assert KnowledgeGraph.load(saved, verify=True).digest == after.digest


def test_a_change_that_was_not_written_to_its_end_is_not_there(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    record(saved, add=[B])
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            record(saved, add=[C])
    assert open_changed(saved).digest == KnowledgeGraph.from_triples([A, B]).digest
    record(saved, add=[C])
    assert open_changed(saved).digest == KnowledgeGraph.from_triples([A, B, C]).digest


def test_a_process_that_is_killed_while_compacting_loses_nothing(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(saved, add=[B])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            compact_saved(saved)
    assert open_changed(saved).digest == KnowledgeGraph.from_triples([A, B]).digest
    assert compact_saved(saved).digest == KnowledgeGraph.from_triples([A, B]).digest


def test_changes_of_another_graph_are_refused(saved: Path, tmp_path: Path) -> None:
    path = record(saved, add=[B])
    KnowledgeGraph.from_triples([C]).save(tmp_path / "other")
    (tmp_path / "other" / CHANGES).mkdir()
    (tmp_path / "other" / CHANGES / path.name).write_bytes(path.read_bytes())
    with pytest.raises(MismatchError, match="those of another"):
        open_changed(tmp_path / "other")


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "ragmtl changes 9"}'])
def test_damaged_changes_are_refused(saved: Path, content: str) -> None:
    record(saved, add=[B]).write_text(content, "utf-8")
    with pytest.raises(MismatchError, match="restore"):
        open_changed(saved)


def test_there_must_be_a_graph(tmp_path: Path) -> None:
    with pytest.raises(MismatchError):
        record(tmp_path / "none", add=[A])


@pytest.mark.parametrize("entry", [{"add": [["a"]]}, {"add": [["a", "b", ["c"]]]}, {"without": [1]}, {"remove": None}])
def test_changes_of_another_form_are_refused(saved: Path, entry: dict[str, object]) -> None:
    path = record(saved, add=[B])
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | entry), "utf-8")
    with pytest.raises(MismatchError, match="restore"):
        open_changed(saved)


def test_other_files_beside_the_changes_do_not_matter(saved: Path) -> None:
    record(saved, add=[B]).with_name("notes.json").write_text("mine")
    record(saved, add=[C])
    assert open_changed(saved).digest == KnowledgeGraph.from_triples([A, B, C]).digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"add": [("", "a:p", "a:b")]}, "expected an IRI or blank node"),
        ({"add": [("a:a", "_:p", "a:b")]}, "expected an IRI or blank node"),
        ({"add": [("a:a", "a:p", Literal("\ud800"))]}, "half of a surrogate pair"),
        ({"without": ["bade"]}, "did you mean 'base'"),
    ],
)
def test_what_cannot_be_applied_is_not_recorded(saved: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        record(saved, **changes)
    assert not is_changed(saved)


def test_a_source_may_be_removed_again(saved: Path) -> None:
    record(saved, add=[C])
    for _ in range(2):
        record(saved, without=["base"])
    assert open_changed(saved).digest == KnowledgeGraph.from_triples([C]).digest


def test_changes_recorded_at_once_are_all_kept_also_while_others_compact(saved: Path) -> None:
    def change(number: int) -> None:
        record(saved, add=[(f"http://x/{number}", "http://x/p", "http://x/b")])
        if number % 5 == 0:
            compact_saved(saved)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(20)))
    assert len(open_changed(saved)) == 21


def test_a_folder_that_cannot_be_written_is_one_error(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left on device"):
        record(saved, add=[B])
    assert not list((saved / CHANGES).iterdir())
