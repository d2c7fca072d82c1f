"""Adding, changing and deleting passages and statements of an index that goes on being queried.

    index, report = update_index("runs/mine/index", add=[Passage("p9", "Ground sumac …")], delete=["p3"])

An index is generations of parts. An update writes the parts that change into a folder of their own, then replaces
`manifest.json`, which names the parts: that one step is the update, and a process killed before or after it leaves a
whole index. Whoever has the old parts open keeps them; `Index.newest` opens the new ones. What no manifest names is
deleted, at once or by the next update. An updated index answers as one built anew; what is spared is reading: no
passage that stays is encoded or cut into words again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from ragmtl.errors import DataError
from ragmtl.kg.changes.edited import Edited, edit_graph
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import nearest_name
from ragmtl.retrieval.corpus import Passage, reading_of, tie_key
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.files.arrays import save_json
from ragmtl.retrieval.index import MANIFEST, Index, files_in, place_of, read_manifest, sizes
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.passages.lexical import Lexical
from ragmtl.retrieval.passages.words import Words
from ragmtl.retrieval.progress import Progress

PARTS = ("graph", "corpus", "words", "bm25", "tfidf", "linker", "dense")
_FOLDER = "update-"


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What an update did.

    Attributes:
        added, changed, deleted: Passages.
        stated, removed: Statements of the graph that were added, and taken away.
        absent: Statements to take away that the graph did not hold.
        linked: Whether passages without entities of their own were linked by names anew.
    """

    added: int = 0
    changed: int = 0
    deleted: int = 0
    stated: int = 0
    removed: int = 0
    absent: int = 0
    linked: bool = False

    def __str__(self) -> str:
        again = "; passages were linked by names again" if self.linked else ""
        return (
            f"passages: {self.added:,} added, {self.changed:,} changed, {self.deleted:,} deleted; statements: "
            f"{self.stated:,} added, {self.removed:,} removed, {self.absent:,} to remove were not there{again}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """The passages of the next generation: place of each in the last one (-1: new), new ones, and places that go."""

    rows: list[int]
    new: list[Passage]
    gone: list[int]
    report: UpdateReport


def update_index(
    directory: str | Path,
    *,
    add: Sequence[Passage] = (),
    delete: Iterable[str] = (),
    graph_add: KnowledgeGraph | None = None,
    graph_remove: KnowledgeGraph | None = None,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> tuple[Index, UpdateReport]:
    """Change an index. One update at a time; another one waits.

    Args:
        directory: Where the index is.
        add: Passages that are new, or that replace those of the same id.
        delete: Ids of passages to delete.
        graph_add: Statements to add.
        graph_remove: Statements to take away; before others are added.
        encoder: That of the index; loaded by its name where None.
        progress: Called as new passages are encoded.

    Raises:
        DataError: An id to delete is not there or is added too, an id is added twice, nothing would be left, or a
            statement to take away holds a blank node.
        MismatchError: There is no index, or it was made with another encoder.
    """
    folder = Path(directory).expanduser().absolute()
    with _one_at_a_time(folder):
        index = Index.load(folder, encoder=encoder)
        _sweep(folder)
        plan = _plan(index, add, frozenset(delete))
        edited = None
        if graph_add is not None or graph_remove is not None:
            edited = edit_graph(index.graph, add=graph_add, remove=graph_remove)
        number = int(index.manifest.get("generation", 0)) + 1
        report = _write(index, plan, edited, folder / f"{_FOLDER}{number}", progress)
        _sweep(folder)
    return Index.load(folder, encoder=encoder or index.encoder), report


def _plan(index: Index, add: Sequence[Passage], delete: frozenset[str]) -> _Plan:
    added = {passage.id: passage for passage in add}
    if len(added) < len(add):
        twice = next(passage.id for place, passage in enumerate(add) if added[passage.id] is not add[place])
        raise DataError(f"expected every passage to add once, found {twice!r} twice; leave one out")
    if both := sorted(delete & added.keys()):
        raise DataError(f"expected passages either to add or to delete, found {both[0]!r} in both; a change is an add")
    places = {name: index.corpus.place(name) for name in (*delete, *added)}
    for name in sorted(delete):
        if places[name] is None:
            near = nearest_name(name, index.corpus.ids)
            hint = f"did you mean {near!r}?" if near else "leave it out"
            raise DataError(f"expected the id of a passage of the index to delete, found {name!r}; {hint}")
    gone = sorted(place for place in places.values() if place is not None)
    stay = set(range(len(index.corpus))) - set(gone)
    pairs = [(tie_key(index.corpus.ids[row]), row) for row in stay] + [(tie_key(name), -1) for name in added]
    if not pairs:
        raise DataError("expected at least one passage to be left, found none; the corpus would be empty")
    new = sorted(added.values(), key=lambda passage: tie_key(passage.id))
    changed = len(gone) - len(delete)
    counts = UpdateReport(len(added) - changed, changed, len(delete))
    return _Plan([row for _, row in sorted(pairs)], new, gone, counts)


def _write(index: Index, plan: _Plan, edited: Edited | None, folder: Path, progress: Progress | None) -> UpdateReport:
    """Write the parts that change, and publish them."""
    changes_passages = bool(plan.new or plan.gone)
    if not changes_passages and edited is None:
        return plan.report
    folder.mkdir()
    graph = index.graph if edited is None else edited.graph
    words = Words.load(place_of("words", index.directory, index.manifest))
    readings = {row: index.corpus.reading(row) for row in plan.gone}
    new = [reading_of(passage.title, passage.text) for passage in plan.new]
    every = _All(index, plan, new)
    linker = index.linker.edited(graph, list(readings.values()), new, every, same=edited is None)
    keeps = edited is None and index.linker.links_like(linker)
    corpus = index.corpus.edited(plan.rows, plan.new, graph, linker, keep_links=keeps)
    corpus.save(folder / "corpus")
    linker.save(folder / "linker")
    if edited is not None:
        graph.save(folder / "graph")
    if changes_passages:
        words = words.edited(np.array(plan.rows, np.int64), new)
        words.save(folder / "words")
        Lexical.of(words, "bm25").save(folder / "bm25")
        Lexical.of(words, "tfidf").save(folder / "tfidf")
        Dense.build(_vectors(index, plan, new, progress)).save(folder / "dense")
    _publish(index, folder, {"graph": graph.digest, "corpus": corpus.digest})
    return replace(
        plan.report,
        stated=edited.added if edited else 0,
        removed=edited.removed if edited else 0,
        absent=edited.absent if edited else 0,
        linked=not keeps and not all(corpus.given),
    )


def _vectors(
    index: Index, plan: _Plan, new: Sequence[str], progress: Progress | None
) -> Float32[np.ndarray, "passage dim"]:
    """Vectors of all passages; only new ones are encoded."""
    rows = np.array(plan.rows, np.int64)
    vectors = np.zeros((len(rows), index.dense.vectors.shape[1]), np.float32)
    vectors[rows >= 0] = index.dense.vectors[rows[rows >= 0]]
    if new:
        vectors[rows < 0] = index.encoder.encode(new, progress)
    return vectors


def _publish(index: Index, folder: Path, digests: dict[str, str]) -> None:
    """Make the written parts those of the index."""
    home = index.directory
    places = {part: place_of(part, home, index.manifest).relative_to(home).as_posix() for part in PARTS}
    places |= {part: (folder / part).relative_to(home).as_posix() for part in PARTS if (folder / part).is_dir()}
    files = [path for place in places.values() for path in files_in(home / place)]
    for path in files_in(folder):
        _settle(path)
    manifest = dict(index.manifest) | digests | {"generation": int(folder.name.removeprefix(_FOLDER))}
    beside = home / f"{MANIFEST}.new"
    save_json(beside, manifest | {"places": places, "files": sizes(sorted(files), home)})
    _settle(beside)
    os.replace(beside, home / MANIFEST)


def _settle(path: Path) -> None:
    """Wait until the disk has a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sweep(folder: Path) -> None:
    """Delete what no reader will open: what a killed update left, and parts that were replaced."""
    named = {folder / name for name in read_manifest(folder)["files"]}
    for path in files_in(folder):
        if path not in named and path != folder / MANIFEST:
            path.unlink(missing_ok=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a lock that is gone when the process is; the system without such locks has one process at a time."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    if not folder.is_dir():
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class _All(Sequence[str]):
    """All texts of the next generation, read when they are asked for."""

    def __init__(self, index: Index, plan: _Plan, new: Sequence[str]) -> None:
        self._index, self._rows, self._new = index, plan.rows, new
        self._of_new = np.cumsum(np.array(plan.rows) < 0) - 1

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> str:  # type: ignore[override]
        row = self._rows[place]
        return self._index.corpus.reading(row) if row >= 0 else self._new[int(self._of_new[place])]
