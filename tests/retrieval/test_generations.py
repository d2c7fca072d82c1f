from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import Float32

from ragmtl.errors import MismatchError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.retrieval.corpus import Corpus, Passage
from ragmtl.retrieval.encoders.encoder import CachedEncoder
from ragmtl.retrieval.encoders.hashing import HashingEncoder
from ragmtl.retrieval.encoders.vectors import vectors_beside
from ragmtl.retrieval.generations import changing
from ragmtl.retrieval.hybrid import Retriever
from ragmtl.retrieval.index import MANIFEST, Index
from ragmtl.retrieval.progress import Progress
from ragmtl.retrieval.query import Query
from ragmtl.retrieval.settings import RetrievalSettings
from ragmtl.retrieval.update import add_names, update_index
from tests.retrieval.conftest import X

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
NEW = Passage("p-new", "Harissa is a paste of roasted peppers.", "Harissa")
SETTINGS = RetrievalSettings(linking="full")
CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"}


@pytest.fixture
def copy(index: Index, tmp_path: Path) -> Path:
    return Path(shutil.copytree(index.directory, tmp_path / "copy"))


@pytest.fixture(scope="module")
def whole(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with vectors of names, and with vectors of texts beside it."""
    home = tmp_path_factory.mktemp("whole")
    folder = Path(shutil.copytree(index.directory, home / "index"))
    CachedEncoder(HashingEncoder(), vectors_beside(folder)).encode(index.corpus.readings())
    add_names(folder)
    return home


def change(folder: Path) -> None:
    """An update that changes every part."""
    add = KnowledgeGraph.from_triples([(X + "harissa", X + "contains", X + "tomato")])
    update_index(folder, add=[NEW], delete=["p-sumac"], graph_add=add)


def is_new(index: Index, *, ask: bool = True) -> bool:
    """Whether an index is the one after `change`; it is that or the one before in every part."""
    signs = {
        index.corpus.place("p-new") is not None,
        index.corpus.place("p-sumac") is None,
        index.graph.nodes.find(X + "harissa") is not None,
        "harissa" in index.bm25.vocabulary,
    }
    names = index.names()
    assert names is not None
    assert len(signs) == 1
    if ask:
        Retriever(index, SETTINGS)(Query("harissa and sumac"))
    return signs.pop()


def in_a_child(work: Callable[[], None]) -> int:
    """Fork a process that does something; its id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads, which the child does not use
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def code_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def watched(folder: Path, before: Callable[[int], None]) -> None:
    """Call `before(n)` before the n-th time that this process changes a file of an index or beside it."""
    step, inside = 0, False

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal step, inside
        reads = event == "open" and not int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if inside or event not in CHANGES or reads or str(folder) not in str(arguments[0]):
            return
        inside, step = True, step + 1
        try:
            before(step)
        finally:
            inside = False

    sys.addaudithook(watch)


@needs_fork
def test_at_any_moment_the_disk_holds_the_old_or_the_new_index(whole: Path, tmp_path: Path) -> None:
    """What a process that is killed leaves is what the disk holds at that moment: it is copied before every change."""
    home = Path(shutil.copytree(whole, tmp_path / "home"))

    def work() -> None:
        watched(home, lambda step: void(shutil.copytree(home, tmp_path / f"step{step}")))
        change(home / "index")

    assert code_of(in_a_child(work)) == 0
    moments = sorted(tmp_path.glob("step*"), key=lambda path: int(path.name.removeprefix("step")))
    seen = [is_new(Index.load(moment / "index"), ask=at % 8 == 0) for at, moment in enumerate(moments)]
    assert len(moments) > 60
    assert seen == sorted(seen), "old until it is published, new from then on"
    assert True in seen
    for at in (*range(0, len(moments), 16), seen.index(True) - 1, seen.index(True)):
        folder = moments[at] / "index"
        change(folder) if not seen[at] else void(update_index(folder, delete=["p-rice"]))
        opened = Index.load(folder)
        assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == {
            *opened.manifest["files"],
            MANIFEST,
        }


def stopped(whole: Path, home: Path, step: int, stop: Callable[[], None]) -> tuple[int, bool]:
    """Change a copy of an index in a child that is stopped at a step. How the child ended, and whether it changed."""
    shutil.copytree(whole, home)

    def work() -> None:
        watched(home, lambda at: stop() if at == step else None)
        change(home / "index")

    code = code_of(in_a_child(work))
    return code, is_new(Index.load(home / "index"))


@needs_fork
@pytest.mark.parametrize("step", [3, 33])
def test_a_killed_process_leaves_the_old_index(whole: Path, tmp_path: Path, step: int) -> None:
    assert stopped(whole, tmp_path / "home", step, lambda: os.kill(os.getpid(), signal.SIGKILL)) == (-9, False)


@needs_fork
@pytest.mark.parametrize("step", [20, 40, 60])
def test_a_full_disk_leaves_the_old_index_and_nothing_else(whole: Path, tmp_path: Path, step: int) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "no space left")

    assert stopped(whole, tmp_path / "home", step, full) == (1, False)
    assert not list((tmp_path / "home" / "index").glob("update-2*"))


@needs_fork
def test_another_process_asks_while_the_index_changes(copy: Path) -> None:
    enough = copy.with_name("enough")

    def work() -> None:
        for number in range(400):
            update_index(copy, add=[Passage("p-new", f"Harissa number {number}.")])
            if enough.exists():
                break

    child = in_a_child(work)
    asked, generations = 0, set[int]()
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        opened = Index.load(copy)
        evidence = Retriever(opened)(Query("harissa and sumac"))
        found = {opened.corpus.ids[scored.passage] for scored in evidence.passages}
        generation = int(opened.manifest.get("generation", 0))
        assert ("p-new" in found) is (generation > 0)
        generations.add(generation)
        asked += 1
        if asked >= 8 and len(generations) > 2:
            enough.touch()
    assert len(generations) > 2


@needs_fork
def test_updates_at_once_wait_for_each_other(copy: Path) -> None:
    def adds(number: int) -> Callable[[], None]:
        return lambda: void(update_index(copy, add=[Passage(f"p{number}", f"Harissa {number}.")]))

    children = [in_a_child(adds(number)) for number in range(4)]
    assert [code_of(child) for child in children] == [0, 0, 0, 0]
    opened = Index.load(copy)
    assert opened.manifest["generation"] == 4
    assert all(opened.corpus.place(f"p{number}") is not None for number in range(4))


def void(_: object) -> None:
    """Nothing."""


class Meanwhile(HashingEncoder):
    """An encoder during whose work something else happens, once."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.happens: Callable[[], object] | None = happens

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Float32[np.ndarray, "text dim"]:
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        return super().encode(texts, progress)


def test_an_index_that_was_built_anew_meanwhile_is_not_changed(graph: KnowledgeGraph, copy: Path) -> None:
    other = Corpus.of([Passage("only", "one")], graph)
    encoder = Meanwhile(lambda: Index.build(graph, other, HashingEncoder(), copy))
    with pytest.raises((MismatchError, OSError)):
        update_index(copy, add=[NEW], encoder=encoder)
    opened = Index.load(copy)
    assert list(opened.corpus.ids) == ["only"]
    update_index(copy, add=[NEW])
    assert len(Index.load(copy).corpus) == 2


def test_what_is_no_part_of_an_index_is_let_alone(copy: Path) -> None:
    for name in ("fusion.json", "notes.txt", "mine/notes.txt"):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("mine")
    update_index(copy, add=[NEW])
    assert [(copy / name).read_text() for name in ("fusion.json", "notes.txt", "mine/notes.txt")] == ["mine"] * 3
    assert not (copy / "corpus").exists()


def test_only_one_changes_an_index_at_a_time(copy: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    with changing(copy):
        handle = os.open(copy, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
