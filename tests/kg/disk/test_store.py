from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmtl.errors import DataError, MismatchError
from ragmtl.kg.disk import replace, store
from ragmtl.kg.graph import KnowledgeGraph, Literal
from ragmtl.kg.vocabulary import RDFS
from ragmtl.kg.walks.walk import pagerank

LABEL = RDFS + "label"
TRIPLES: list[tuple[str, str, str | Literal]] = [
    ("a:a", "a:p", "a:b"),
    ("a:a", "a:p", "a:b"),
    ("_:f0b0", "a:p", "a:a"),
    ("a:a", LABEL, Literal("é\n", language="fr")),
    ("a:a", "a:q", Literal("01", "http://www.w3.org/2001/XMLSchema#integer")),
]
PARTS = ["nodes", "relations", "labels", "relation_names", "languages", "origins", "sources", "report", "digest"]


def assert_same(one: KnowledgeGraph, other: KnowledgeGraph) -> None:
    for name in ("heads", "relation_ids", "tails", "origin_ids"):
        assert (getattr(one, name) == getattr(other, name)).all()
    for name in PARTS:
        left, right = getattr(one, name), getattr(other, name)
        assert left == right or list(left) == list(right)
    for node in range(len(one.nodes)):
        assert one.literals_of(node) == other.literals_of(node)
        for way in ("outgoing", "incoming"):
            left, right = getattr(one, way), getattr(other, way)
            assert (left.neighbours[left.row(node)] == right.neighbours[right.row(node)]).all()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    KnowledgeGraph.from_triples(TRIPLES).save(tmp_path / "graph")
    return tmp_path / "graph"


def test_a_graph_comes_back_as_it_was(saved: Path) -> None:
    loaded = KnowledgeGraph.load(saved, verify=True)
    assert_same(KnowledgeGraph.from_triples(TRIPLES), loaded)
    assert (
        pagerank(loaded, [0], [1.0])[0].tolist()
        == pagerank(KnowledgeGraph.from_triples(TRIPLES), [0], [1.0])[0].tolist()
    )


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(["a:a", "a:b", "a:ü"])] * 3), min_size=1, max_size=6))
def test_any_graph_comes_back(tmp_path_factory: pytest.TempPathFactory, triples: list[tuple[str, str, str]]) -> None:
    directory = tmp_path_factory.mktemp("any") / "graph"
    KnowledgeGraph.from_triples(triples).save(directory)
    assert_same(KnowledgeGraph.from_triples(triples), KnowledgeGraph.load(directory, verify=True))


def test_it_is_memory_mapped_and_read_only(saved: Path) -> None:
    loaded = KnowledgeGraph.load(saved)
    assert isinstance(loaded.heads.base, np.memmap)
    assert not loaded.heads.flags.writeable


def test_nothing_else_stays_behind(saved: Path) -> None:
    KnowledgeGraph.from_triples(TRIPLES[:1]).save(saved)
    assert [path.name for path in saved.parent.iterdir()] == ["graph"]
    assert len(KnowledgeGraph.load(saved)) == 1


def test_a_failed_save_leaves_the_old_graph(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("ragmtl.kg.disk.store.np.save", fail)
    with pytest.raises(DataError, match="found: disk full; make room"):
        KnowledgeGraph.from_triples(TRIPLES[:1]).save(saved)
    assert [path.name for path in saved.parent.iterdir()] == ["graph"]
    assert len(KnowledgeGraph.load(saved)) == 2


def test_a_graph_that_a_killed_save_put_aside_is_found(saved: Path) -> None:
    saved.rename(saved.with_name(".graph.old"))
    assert len(KnowledgeGraph.load(saved)) == 2


def test_other_files_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for place in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(MismatchError, match="found other files"):
            KnowledgeGraph.from_triples(TRIPLES).save(place)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_empty_or_missing_folder_is_filled(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "new" / "deep"):
        KnowledgeGraph.from_triples(TRIPLES).save(place)
        assert len(KnowledgeGraph.load(place)) == 2


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match=r"found no manifest\.json"):
        KnowledgeGraph.load(tmp_path)


@pytest.mark.parametrize("name", ["heads", "nodes.blob", "incoming.triples", "literals.indptr"])
def test_a_truncated_or_missing_array_is_refused(saved: Path, name: str) -> None:
    file = saved / f"{name}.npy"
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    with pytest.raises(MismatchError, match=rf"{name}\.npy: expected .* bytes.*truncated"):
        KnowledgeGraph.load(saved)
    file.unlink()
    with pytest.raises(MismatchError, match=rf"{name}\.npy: expected an array"):
        KnowledgeGraph.load(saved)


@pytest.mark.parametrize("size", [0, 20, 500])
def test_a_truncated_manifest_is_refused(saved: Path, size: int) -> None:
    manifest = saved / "manifest.json"
    manifest.write_text(manifest.read_text()[:size])
    with pytest.raises(MismatchError, match="expected JSON"):
        KnowledgeGraph.load(saved)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("languages", [["en"]], "whole manifest"),
        ("vocabulary", [], "whole manifest"),
        ("report", {"left_out": [], "inferred": [[1, "x"]]}, "whole manifest"),
        ("format", "ragmtl graph 99", "another version"),
        ("arrays", {}, "found others"),
        ("arrays", None, "whole manifest"),
        ("report", {}, "whole manifest"),
        ("origins", [[1]], "whole manifest"),
        ("relation_names", [], "some of another"),
    ],
)
def test_a_foreign_manifest_is_refused(saved: Path, key: str, value: object, message: str) -> None:
    manifest = saved / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {key: value}))
    with pytest.raises(MismatchError, match=message):
        KnowledgeGraph.load(saved)


def test_an_array_of_another_type_is_refused(saved: Path) -> None:
    heads = np.load(saved / "heads.npy")
    np.save(saved / "heads.npy", heads.astype(np.float32))
    with pytest.raises(MismatchError, match="expected <i4"):
        KnowledgeGraph.load(saved)


def test_changed_content_is_found_when_asked(saved: Path) -> None:
    heads = np.load(saved / "tails.npy")
    np.save(saved / "tails.npy", heads[::-1])
    KnowledgeGraph.load(saved)
    with pytest.raises(MismatchError, match="expected the digest"):
        KnowledgeGraph.load(saved, verify=True)


def test_a_manifest_nested_too_deeply_is_refused(saved: Path) -> None:
    (saved / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(MismatchError, match="expected JSON"):
        KnowledgeGraph.load(saved)


@pytest.mark.parametrize("described", [{"value": 10**30}, {"value": [1]}, {"length": 10**30}, {"dtype": "|O"}])
def test_arrays_described_oddly_are_refused(saved: Path, described: dict[str, object]) -> None:
    manifest = json.loads((saved / "manifest.json").read_text())
    for name in ("origin_ids", "tails"):
        manifest["arrays"][name] |= described
    (saved / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(MismatchError, match="build it again"):
        KnowledgeGraph.load(saved)


def test_a_text_that_was_damaged_is_one_error(saved: Path) -> None:
    content = bytearray((saved / "nodes.blob.npy").read_bytes())
    content[-1] = 0xFF
    (saved / "nodes.blob.npy").write_bytes(content)
    damaged = KnowledgeGraph.load(saved)
    for read in (lambda: damaged.nodes[len(damaged.nodes) - 1], lambda: list(damaged.nodes)):
        with pytest.raises(MismatchError, match="the saved graph is damaged"):
            read()


def save_in_turn(graphs: list[KnowledgeGraph], place: Path) -> None:
    for turn in range(40):
        graphs[turn % len(graphs)].save(place)


def test_a_reader_never_sees_parts_of_two_graphs(tmp_path: Path) -> None:
    graphs = [KnowledgeGraph.from_triples([("a:a", f"a:{name}", "a:b")]) for name in "pq"]
    graphs[0].save(tmp_path / "graph")
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(save_in_turn, graphs, tmp_path / "graph")
        digests = set()
        while not writer.done():
            digests.add(KnowledgeGraph.load(tmp_path / "graph", verify=True).digest)
        writer.result()
    assert digests <= {graph.digest for graph in graphs}


def test_a_writer_waits_until_a_reader_has_opened_all_arrays(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, opened = KnowledgeGraph.from_triples([("a:a", "a:new", "a:b")]), store._open
    whole: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:

        def overtaken(directory: Path, name: str, described: Mapping[str, Any]) -> np.ndarray:
            if not whole:
                whole.append(pool.submit(other.save, saved))
                wait(whole, timeout=0.1)
            return opened(directory, name, described)

        monkeypatch.setattr(replace, "_PATIENCE", 60.0)
        monkeypatch.setattr(store, "_QUICK", 0)
        monkeypatch.setattr(store, "_open", overtaken)
        assert_same(KnowledgeGraph.from_triples(TRIPLES), KnowledgeGraph.load(saved, verify=True))
        whole[0].result()
    assert KnowledgeGraph.load(saved).digest == other.digest


def test_a_reader_that_is_overtaken_opens_the_graph_anew(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, opened, times = KnowledgeGraph.from_triples([("a:a", "a:new", "a:b")]), store._open, iter(range(30))

    def overtaken(directory: Path, name: str, described: Mapping[str, Any]) -> np.ndarray:
        if name == "tails" and next(times, None) is not None:
            other.save(saved)
        return opened(directory, name, described)

    monkeypatch.setattr(replace, "flock", None)
    monkeypatch.setattr(store, "_open", overtaken)
    assert KnowledgeGraph.load(saved, verify=True).digest == other.digest


def test_a_reader_that_is_always_overtaken_gives_up(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(directory: Path, *_: object) -> np.ndarray:
        KnowledgeGraph.from_triples([("a:a", "a:new", "a:b")]).save(saved)
        raise MismatchError("expected one graph, found another")

    monkeypatch.setattr(replace, "flock", None)
    monkeypatch.setattr(store, "_PATIENCE", 0.02)
    monkeypatch.setattr(store, "_open", overtaken)
    with pytest.raises(MismatchError, match="found another"):
        KnowledgeGraph.load(saved)


@pytest.mark.parametrize("moment", [0.0, 0.02])
def test_a_process_that_is_killed_while_it_saves_leaves_a_whole_graph(saved: Path, moment: float) -> None:
    code = "import sys; from ragmtl.kg.graph import KnowledgeGraph as K; g = K.from_triples([('a:x', 'a:y', 'a:z')])"
    loop = f"{code}\nprint(flush=True)\nwhile True: g.save(sys.argv[1])"
    process = subprocess.Popen([sys.executable, "-c", loop, str(saved)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(moment)
    process.kill()
    process.communicate()
    assert len(KnowledgeGraph.load(saved, verify=True)) in (1, 2)
    KnowledgeGraph.from_triples(TRIPLES).save(saved)
    assert [path.name for path in saved.parent.iterdir()] == ["graph"]
