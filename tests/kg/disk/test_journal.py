"""Changes beside a saved graph: there when it is opened, whole or not at all, gone once compacted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ragmtl.errors import MismatchError
from ragmtl.kg.disk.journal import CHANGES, compact_saved, open_changed, record
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
    graph = open_changed(saved)
    assert graph.digest == KnowledgeGraph.from_triples([B, C]).digest
    assert graph.origin(0).graph == "http://x/g"
    assert KnowledgeGraph.load(saved).digest == base.digest


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
