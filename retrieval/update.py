"""Adding, changing and deleting passages, entities and statements of an index that goes on being queried.

    index, report = update_index("runs/mine/index", add=[Passage("p9", "Ground sumac …")], delete=["p3"])

An update writes the parts that change as a new generation (`ragmtl.retrieval.generations`), which one step makes those
of the index. An updated index answers as one built anew; what is spared is reading: no passage that stays is encoded or
cut into words again. In an index without RDF, whose entities are the titles, these come and go with the passages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from ragmtl.errors import DataError
from ragmtl.kg.changes.edited import Edited, edit_graph
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.nearest import nearest_name
from ragmtl.retrieval.corpus import Corpus, Passage, reading_of, tie_key
from ragmtl.retrieval.encoders.encoder import Encoder
from ragmtl.retrieval.encoders.vectors import forget, vectors_beside
from ragmtl.retrieval.generations import changing, next_folder, publish
from ragmtl.retrieval.index import NAMES, Index, place_of
from ragmtl.retrieval.linking.linker import Linker
from ragmtl.retrieval.linking.name_vectors import NameVectors
from ragmtl.retrieval.linking.titles import is_titled, titles_graph
from ragmtl.retrieval.passages.dense import Dense
from ragmtl.retrieval.passages.lexical import Lexical
from ragmtl.retrieval.passages.words import Words
from ragmtl.retrieval.progress import Progress


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What an update did.

    Attributes:
        added, changed, deleted: Passages.
        unchanged: Passages to add that were there already, word for word.
        stated, removed: Statements of the graph that were added, and taken away.
        absent: Statements to take away that the graph did not hold.
        linked: Whether passages without entities of their own were linked by names anew.
    """

    added: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    stated: int = 0
    removed: int = 0
    absent: int = 0
    linked: bool = False

    def __str__(self) -> str:
        again = "; passages were linked by names again" if self.linked else ""
        same = f", {self.unchanged:,} were there already" if self.unchanged else ""
        return (
            f"passages: {self.added:,} added, {self.changed:,} changed, {self.deleted:,} deleted{same}; statements: "
            f"{self.stated:,} added, {self.removed:,} removed, {self.absent:,} to remove were not there{again}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """The passages of the next generation: place of each in the last one (-1: new), new ones, and places that go."""

    rows: list[int]
    new: list[Passage]
    gone: list[int]
    report: UpdateReport

    @property
    def changes(self) -> bool:
        """Whether any passage comes or goes."""
        return bool(self.new or self.gone)

    def readings(self) -> list[str]:
        """What is new, as it is indexed."""
        return [reading_of(passage.title, passage.text) for passage in self.new]


@dataclass(frozen=True, slots=True, eq=False)
class _Linked:
    """Graph, corpus and linker of the next generation, and whether passages were linked by names anew."""

    graph: KnowledgeGraph
    corpus: Corpus
    linker: Linker
    anew: bool


def update_index(
    directory: str | Path,
    *,
    add: Sequence[Passage] = (),
    delete: Iterable[str] = (),
    graph_add: KnowledgeGraph | None = None,
    graph_remove: KnowledgeGraph | None = None,
    delete_entities: Iterable[str] = (),
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
        delete_entities: IRIs of entities of which every statement is taken away.
        encoder: That of the index; loaded by its name where None.
        progress: Called as new passages are encoded.

    Raises:
        DataError: An id to delete is not there or is added too, an id is added twice, nothing would be left, a
            statement to take away holds a blank node, or the graph of an index of titles is to be changed by hand.
        MismatchError: There is no index, or it was made with another encoder, or it was built anew meanwhile.
    """
    with changing(directory, encoder) as index:
        titled = is_titled(index.graph)
        plan = _plan(index.corpus, add, frozenset(delete), titled=titled)
        edited = _edited(index.graph, graph_add, graph_remove, tuple(delete_entities), titled=titled)
        if not plan.changes and edited is None:
            return index, plan.report
        report = _write(index, plan, edited, progress)
    return Index.load(index.directory, encoder=index.encoder), report


def add_names(directory: str | Path, *, encoder: Encoder | None = None, progress: Progress | None = None) -> Index:
    """Encode the names of an index's entities, as one more part of it, which updates keep up to date.

    Args:
        directory: Where the index is.
        encoder: That of the index; loaded by its name where None.
        progress: Called as names are encoded.

    Raises:
        MismatchError: As `update_index`.
    """
    with changing(directory, encoder) as index:
        names = NameVectors.build(index.graph, index.encoder, progress)
        folder = next_folder(index)
        names.save(folder / NAMES)
        publish(index, folder, {})
    return Index.load(index.directory, encoder=index.encoder)


def _edited(
    graph: KnowledgeGraph,
    add: KnowledgeGraph | None,
    remove: KnowledgeGraph | None,
    entities: tuple[str, ...],
    *,
    titled: bool,
) -> Edited | None:
    """The graph as it is to be; None where it stays."""
    if add is None and remove is None and not entities:
        return None
    if titled:
        raise DataError(
            "expected passages only, because the graph of this index is made of their titles, found statements or "
            "entities; add and delete passages, or index them with RDF"
        )
    return edit_graph(graph, add=add, remove=remove, entities=entities)


def _plan(corpus: Corpus, add: Sequence[Passage], delete: frozenset[str], *, titled: bool) -> _Plan:
    added = {passage.id: passage for passage in add}
    if len(added) < len(add):
        twice = next(passage.id for place, passage in enumerate(add) if added[passage.id] is not add[place])
        raise DataError(f"expected every passage to add once, found {twice!r} twice; leave one out")
    if both := sorted(delete & added.keys()):
        raise DataError(f"expected passages either to add or to delete, found {both[0]!r} in both; a change is an add")
    places = {name: corpus.place(name) for name in (*delete, *added)}
    for name in sorted(delete):
        if places[name] is None:
            near = nearest_name(name, corpus.ids)
            hint = f"did you mean {near!r}?" if near else "leave it out"
            raise DataError(f"expected the id of a passage of the index to delete, found {name!r}; {hint}")
    same = [
        name
        for name, passage in added.items()
        if (place := places[name]) is not None and _is_there(corpus, place, passage, titled=titled)
    ]
    for name in same:
        del added[name], places[name]
    gone = sorted(place for place in places.values() if place is not None)
    stay = set(range(len(corpus))) - set(gone)
    pairs = [(tie_key(corpus.ids[row]), row) for row in stay] + [(tie_key(name), -1) for name in added]
    if not pairs:
        raise DataError("expected at least one passage to be left, found none; the corpus would be empty")
    new = sorted(added.values(), key=lambda passage: tie_key(passage.id))
    changed = len(gone) - len(delete)
    counts = UpdateReport(len(added) - changed, changed, len(delete), len(same))
    return _Plan([row for _, row in sorted(pairs)], new, gone, counts)


def _is_there(corpus: Corpus, place: int, passage: Passage, *, titled: bool) -> bool:
    """Whether a passage is in a corpus as it is; entities of rows do not count where titles are the entities."""
    there = corpus.as_given(place)
    entities = there.entities if titled else passage.entities
    return (titled or not corpus.is_unlinked(place)) and there == replace(
        passage, entities=entities, group=passage.group or passage.id
    )


def _write(index: Index, plan: _Plan, edited: Edited | None, progress: Progress | None) -> UpdateReport:
    """Write the parts that change, and publish them."""
    gone = [index.corpus.reading(row) for row in plan.gone]
    every = _All(index, plan)
    linked = _titled(index, plan, gone, every) if is_titled(index.graph) else _linked(index, plan, edited, gone, every)
    folder = next_folder(index)
    linked.corpus.save(folder / "corpus")
    linked.linker.save(folder / "linker")
    stated: dict[str, object] = {"graph": linked.graph.digest, "corpus": linked.corpus.digest}
    if linked.graph is not index.graph:
        linked.graph.save(folder / "graph")
        if (names := index.names()) is not None:
            names.edited(index.graph, linked.graph).save(folder / NAMES)
    if plan.changes:
        words = Words.load(place_of("words", index.directory, index.manifest))
        words = words.edited(np.array(plan.rows, np.int64), plan.readings())
        words.save(folder / "words")
        Lexical.of(words, "bm25").save(folder / "bm25")
        Lexical.of(words, "tfidf").save(folder / "tfidf")
        dense = Dense.build(_vectors(index, plan, progress))
        dense.save(folder / "dense")
        stated["dense"] = dense.choice.stated()
        forget(vectors_beside(index.directory), set(gone).difference(every))
    publish(index, folder, stated)
    return replace(
        plan.report,
        stated=edited.added if edited else 0,
        removed=edited.removed if edited else 0,
        absent=edited.absent if edited else 0,
        linked=linked.anew,
    )


def _linked(index: Index, plan: _Plan, edited: Edited | None, gone: Sequence[str], every: Sequence[str]) -> _Linked:
    """With a graph of RDF: passages whose rows name no entities are linked anew where that may give others."""
    graph = index.graph if edited is None else edited.graph
    linker = index.linker.edited(graph, gone, plan.readings(), every, same=edited is None)
    keeps = edited is None and index.linker.links_like(linker)
    corpus = index.corpus.edited(plan.rows, plan.new, graph, linker, keep_links=keeps)
    return _Linked(graph, corpus, linker, not keeps and not all(corpus.given))


def _titled(index: Index, plan: _Plan, gone: Sequence[str], every: Sequence[str]) -> _Linked:
    """With a graph of titles: made anew, because a title that comes or goes may stand in any text."""
    graph, linked = titles_graph(index.corpus.mixed(plan.rows, plan.new))
    corpus = Corpus.of(linked, graph, link=False, sources=index.corpus.sources)
    same = graph.digest == index.graph.digest
    linker = index.linker.edited(graph, gone, plan.readings(), every, same=same)
    return _Linked(index.graph if same else graph, corpus, linker, anew=True)


def _vectors(index: Index, plan: _Plan, progress: Progress | None) -> Float32[np.ndarray, "passage dim"]:
    """Vectors of all passages; only new ones are encoded."""
    rows = np.array(plan.rows, np.int64)
    vectors = np.zeros((len(rows), index.dense.vectors.shape[1]), np.float32)
    vectors[rows >= 0] = index.dense.vectors[rows[rows >= 0]]
    if plan.new:
        vectors[rows < 0] = index.encoder.encode(plan.readings(), progress)
    return vectors


class _All(Sequence[str]):
    """All texts of the next generation, read when they are asked for."""

    def __init__(self, index: Index, plan: _Plan) -> None:
        self._index, self._rows, self._new = index, plan.rows, plan.readings()
        self._of_new = np.cumsum(np.array(plan.rows) < 0) - 1

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> str:  # type: ignore[override]
        row = self._rows[place]
        return self._index.corpus.reading(row) if row >= 0 else self._new[int(self._of_new[place])]
