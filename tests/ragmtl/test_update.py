from __future__ import annotations

import json
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.index import Index
from ragmtl.update import update_from_files
from tests.ragmtl.conftest import Ragmtl, World

T = "https://tea.example/"


def test_the_command_adds_deletes_and_states(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    world = trained.copy(tmp_path / "world")
    first = Index.load(world.index).corpus.ids[0]
    (tmp_path / "new.jsonl").write_text(json.dumps({"id": "new", "text": "Rooibos is no tea."}) + "\n")
    (tmp_path / "new.nt").write_text(f"<{T}rooibos> <{T}kind> <{T}herbal> .\n")
    called = ragmtl(
        *("update", world.index, "--add", tmp_path / "new.jsonl", "--delete", first),
        *("--graph-add", tmp_path / "new.nt", "--graph-remove", tmp_path / "new.nt"),
    )
    assert called.code == 0, called.err
    assert "1 added, 0 changed, 1 deleted; statements: 1 added, 0 removed, 1 to remove were not there" in called.out
    index = Index.load(world.index)
    assert index.corpus.place(first) is None
    assert index.graph.nodes.find(T + "rooibos") is not None


def test_a_mistake_changes_nothing(trained: World, tmp_path: Path) -> None:
    world = trained.copy(tmp_path / "world")
    (tmp_path / "new.jsonl").write_text('{"id": "new"}\n')
    with pytest.raises(DataError, match=r"new\.jsonl:1: expected a passage with 'text'"):
        update_from_files(world.index, add=[tmp_path / "new.jsonl"])
    with pytest.raises(DataError, match="expected the id of a passage"):
        update_from_files(world.index, delete=["nothing"])
    assert not list(world.index.glob("update-*"))
