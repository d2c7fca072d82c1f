from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float32

from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval import index as index_module
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.encoder import DeferredEncoder, Encoder
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.index import MANIFEST, Index
from ragmtl.retrieval.progress import Progress


class Other(HashingEncoder):
    fingerprint = "other"


class Failing(HashingEncoder):
    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        raise KeyboardInterrupt


def rewrite(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.fixture
def copy(index: Index, tmp_path: Path) -> Path:
    return Path(shutil.copytree(index.directory, tmp_path / "copy"))


def test_built_and_loaded_all_parts_are_there(index: Index, graph: KnowledgeGraph, corpus: Corpus) -> None:
    loaded = Index.load(index.directory)
    assert (loaded.graph.digest, loaded.corpus.digest) == (graph.digest, corpus.digest)
    assert loaded.corpus.ids[int(loaded.bm25.search("stale bread", 1)[0][0])] == "p-bread"
    assert loaded.corpus.ids[int(loaded.tfidf.search("stale bread", 1)[0][0])] == "p-bread"
    vector = loaded.encoder.encode(["stale bread"])[0]
    assert loaded.corpus.ids[int(loaded.dense.search(vector, 1)[0][0])] == "p-bread"
    assert [loaded.graph.label(m.node) for m in loaded.linker.link("paella")] == ["paella"]
    assert isinstance(loaded.encoder, DeferredEncoder)


def test_an_index_can_be_moved(copy: Path) -> None:
    assert Index.load(copy).directory == copy


def test_the_same_input_gives_the_same_bytes(
    graph: KnowledgeGraph, corpus: Corpus, index: Index, tmp_path: Path
) -> None:
    Index.build(graph, corpus, HashingEncoder(), tmp_path / "again")
    for path in index.directory.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(index.directory)).read_bytes(), path.name


def test_building_anew_replaces_an_index(graph: KnowledgeGraph, copy: Path) -> None:
    built = Index.build(graph, Corpus.of([Passage("only", "one")], graph), HashingEncoder(), copy)
    assert len(built.corpus) == len(Index.load(copy).corpus) == 1
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_the_old_index_stays_when_building_is_interrupted(graph: KnowledgeGraph, corpus: Corpus, copy: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Index.build(graph, corpus, Failing(), copy)
    assert len(Index.load(copy).corpus) == len(corpus)
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_an_index_that_a_killed_build_put_aside_is_found(graph: KnowledgeGraph, corpus: Corpus, copy: Path) -> None:
    aside = copy.with_name(".copy.old")
    copy.rename(aside)
    with pytest.raises(KeyboardInterrupt):
        Index.build(graph, corpus, Failing(), copy)
    assert len(Index.load(copy).corpus) == len(corpus)
    copy.rename(aside)
    assert len(Index.load(copy).corpus) == len(corpus)
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_half_an_index_is_not_put_back(copy: Path) -> None:
    aside = copy.with_name(".copy.old")
    copy.rename(aside)
    (aside / "dense" / "vectors.npy").unlink()
    with pytest.raises(MismatchError, match=r"copy, found no manifest\.json; make one"):
        Index.load(copy)


def test_what_a_killed_build_left_does_not_matter(graph: KnowledgeGraph, corpus: Corpus, copy: Path) -> None:
    left = copy.with_name(".copy.building")
    left.mkdir()
    (left / "half").write_text("written")
    assert len(Index.build(graph, corpus, HashingEncoder(), copy).corpus) == len(corpus)


def test_other_folders_are_never_replaced(graph: KnowledgeGraph, corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(MismatchError, match="choose another"):
        Index.build(graph, corpus, HashingEncoder(), tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_corpus_of_another_graph_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    other = KnowledgeGraph.from_triples([("http://x/a", "http://x/b", "http://x/c")])
    with pytest.raises(MismatchError, match="read the corpus again"):
        Index.build(other, corpus, HashingEncoder(), tmp_path / "index")


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="ragmtl index"):
        Index.load(tmp_path / "nowhere")
    (tmp_path / MANIFEST).write_text('{"format": "something"}')
    with pytest.raises(MismatchError, match="found 'something'"):
        Index.load(tmp_path)
    (tmp_path / MANIFEST).write_text("no json")
    with pytest.raises(MismatchError, match="expected a JSON object"):
        Index.load(tmp_path)


@pytest.mark.parametrize("name", ["dense/vectors.npy", "corpus/corpus.json", "graph/heads.npy", "linker/keys.npy"])
def test_truncated_and_missing_files_are_refused(copy: Path, name: str) -> None:
    path = copy / name
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(MismatchError, match="damaged; run `ragmtl index` again"):
        Index.load(copy)
    path.unlink()
    with pytest.raises(MismatchError, match="found no file"):
        Index.load(copy)


@pytest.mark.parametrize("content", ["{}", "[]", '{"a": 1}', '{"a": NaN', ""])
def test_files_that_were_overwritten_are_refused(copy: Path, content: str) -> None:
    names = [path for path in sorted(copy.rglob("*/*.json")) if path.parent.name != "words"]
    assert len(names) > 3
    for path in names:
        before = path.read_bytes()
        path.write_text(content.ljust(len(before)))
        with pytest.raises(MismatchError, match="again"):
            Index.load(copy)
        path.write_bytes(before)


@pytest.mark.parametrize("part", ["encoder", "files"])
def test_a_manifest_with_other_things_in_it_is_refused(copy: Path, part: str) -> None:
    rewrite(copy, lambda manifest: manifest.update({part: {"a": "b"}}))
    with pytest.raises(MismatchError):
        Index.load(copy)


def test_another_version_is_refused(copy: Path) -> None:
    rewrite(copy, lambda manifest: manifest.update(version=99))
    with pytest.raises(MismatchError, match="version 2 .*found version 99"):
        Index.load(copy)


def test_a_manifest_with_holes_is_refused(copy: Path) -> None:
    rewrite(copy, lambda manifest: manifest.pop("encoder"))
    with pytest.raises(MismatchError, match="without encoder"):
        Index.load(copy)


@pytest.mark.parametrize("part", ["graph", "corpus"])
def test_another_graph_or_corpus_is_refused(copy: Path, part: str) -> None:
    rewrite(copy, lambda manifest: manifest.update({part: "0" * 64}))
    with pytest.raises(MismatchError, match=f"expected the {part}"):
        Index.load(copy)


def test_another_encoder_is_refused(index: Index) -> None:
    with pytest.raises(MismatchError, match="found 'hashing' \\(other\\)"):
        Index.load(index.directory, encoder=Other())


def test_of_two_encoders_of_one_model_it_is_said_how_each_computes(index: Index) -> None:
    half = HashingEncoder()
    half.fingerprint = "a" * 64 + "-bfloat16"
    with pytest.raises(MismatchError, match="found 'hashing' \\(aaaaaaaaaaaa-bfloat16\\)"):
        Index.load(index.directory, encoder=half)


def test_an_index_that_is_built_anew_while_it_is_opened_is_opened_again(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, held, folders = index_module._open, [], iter(range(3))

    def replaced(folder: Path, manifest: dict[str, Any], encoder: Encoder | None) -> Index:
        handle = os.open(folder, os.O_RDONLY)
        try:
            flock(handle, LOCK_EX | LOCK_NB)
            held.append(False)
        except BlockingIOError:
            held.append(True)
        os.close(handle)
        if held[-1]:
            return opened(folder, manifest, encoder)
        found = opened(folder, manifest, encoder)
        folder.rename(folder.with_name(f"old-{next(folders)}"))
        shutil.copytree(found.directory.with_name("old-0"), folder)
        if len(held) == 1:
            raise MismatchError("expected parts of one index, found parts of several")
        return found

    monkeypatch.setattr(index_module, "_open", replaced)
    loaded = Index.load(copy)
    assert held == [False, False, True]
    assert len(loaded.corpus) == loaded.bm25.count


def test_an_index_that_is_just_being_put_in_its_place_is_waited_for(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = copy.rename(copy.with_name("away"))
    waited: list[float] = []

    def arrive(seconds: float) -> None:
        waited.append(seconds)
        away.rename(copy)

    monkeypatch.setattr(time, "sleep", arrive)
    assert Index.load(copy).directory == copy
    assert len(waited) == 1


def test_changed_sources_are_refused_and_missing_ones_are_not(graph: KnowledgeGraph, tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text("id\ttext\na\trice\n")
    index = Index.build(graph, Corpus.read(path, graph), HashingEncoder(), tmp_path / "index")
    Index.load(index.directory, check_sources=True)
    path.write_text("id\ttext\na\trye\n")
    with pytest.raises(MismatchError, match="corpus.tsv has changed"):
        Index.load(index.directory, check_sources=True)
    Index.load(index.directory)
    path.unlink()
    index.check_sources()
