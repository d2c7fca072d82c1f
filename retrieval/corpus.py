"""The corpus: passages of text, each linked to the nodes of the graph that it speaks of.

Passages are kept in the order of a hash of their ids. So their place says nothing about where they stood in the file,
and "the lower place first" is a fair way to break ties everywhere.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from jaxtyping import Int32, Int64

from ragmtl.errors import DataError
from ragmtl.kg.adjacency import row_of
from ragmtl.kg.graph import KnowledgeGraph, Source, Strings, Terms
from ragmtl.retrieval.files.arrays import Arrays, invert, load_arrays, load_json, save_arrays, save_json
from ragmtl.retrieval.linking.about import about_of
from ragmtl.retrieval.progress import Progress

if TYPE_CHECKING:
    from ragmtl.retrieval.linking.linker import Linker


@dataclass(frozen=True, slots=True)
class Passage:
    """One text of a corpus, as a user gives it.

    Attributes:
        id: Unlike any other in the corpus.
        text: What it says.
        title: May be empty.
        entities: IRIs of what it speaks of.
        group: What it is a part of (a dialogue, a document): a query can exclude whole groups. Its id where empty.
    """

    id: str
    text: str
    title: str = ""
    entities: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """How the passages were linked to the graph.

    Attributes:
        passages: How many there are.
        given: Passages linked by entities that their rows name.
        found: Passages whose rows name none, linked by names found in the text.
        unlinked: Passages that are linked to nothing.
        unknown: Entities named by rows that are no nodes of the graph (each mention counts).
        examples: Some of those IRIs.
    """

    passages: int
    given: int
    found: int
    unlinked: int
    unknown: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = f" ({', '.join(self.examples)}, …)" if self.examples else ""
        return (
            f"{self.passages:,} passages; {self.given:,} linked by their rows, {self.found:,} by names in the text, "
            f"{self.unlinked:,} linked to nothing; {self.unknown:,} mentions of entities that the graph lacks{named}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Passages and their links to a graph.

    Attributes:
        ids, titles, texts: One per passage, in the order of the sha256 of the ids.
        groups: Names of groups.
        group_ids: Group of each passage.
        indptr, entities: Nodes that passage `p` speaks of: `entities[indptr[p]:indptr[p + 1]]`, sorted.
        mention_indptr, mentions: Passages that speak of node `n`: `mentions[mention_indptr[n]:mention_indptr[n + 1]]`.
        given: The IRIs that the row of each passage names, one a line; empty where it is linked by names in its text,
            and a line break where it is to be linked to nothing.
        about: The node that each passage is about: the first that it speaks of and whose name is its title; else -1.
        sources: The files that were read.
        report: How the passages were linked.
        digest: sha256 of passages and links.
    """

    ids: Strings
    titles: Strings
    texts: Strings
    given: Strings
    groups: Terms
    group_ids: Int32[np.ndarray, " passages"]
    indptr: Int64[np.ndarray, " pointers"]
    entities: Int32[np.ndarray, " links"]
    mention_indptr: Int64[np.ndarray, " node_pointers"]
    mentions: Int32[np.ndarray, " links"]
    about: Int32[np.ndarray, " passages"]
    sources: tuple[Source, ...]
    report: CorpusReport
    digest: str = field(repr=False)

    @classmethod
    def read(
        cls, path: str | Path, graph: KnowledgeGraph, *, link: bool = True, progress: Progress | None = None
    ) -> Corpus:
        """Read a table (JSONL, TSV, CSV, Parquet; plain or .gz) or a folder of .txt and .md files.

        Args:
            path: A table with `id`, `text` and maybe `title`, `entities` (a list, or IRIs with | between) and `group`.
            graph: What passages are linked to.
            link: Whether passages whose rows name no entities are linked by the names found in their text.
            progress: Called as passages are linked.

        Raises:
            DataError: A row has no text or no id, or the id of another row (with file and line); there are no rows.
        """
        from ragmtl.retrieval.files.passages import read_passages

        passages, sources = read_passages(path)
        return cls.of(passages, graph, link=link, sources=sources, progress=progress)

    @classmethod
    def of(
        cls,
        passages: Sequence[Passage],
        graph: KnowledgeGraph,
        *,
        link: bool = True,
        sources: tuple[Source, ...] = (),
        progress: Progress | None = None,
    ) -> Corpus:
        """Make a corpus of passages; `read` does the same with those of a file.

        Raises:
            DataError: There are no passages, or two have the same id.
        """
        from ragmtl.retrieval.linking.linker import Linker

        if not passages:
            raise DataError("expected at least one passage, found none; the corpus would be empty")
        ordered = sorted(passages, key=lambda passage: tie_key(passage.id))
        if twice := [one.id for one, next_one in pairwise(ordered) if one.id == next_one.id]:
            raise DataError(f"expected every id of a passage once, found {twice[0]!r} twice; rename one of them")
        links, unknown = _given_links(ordered, graph)
        bare = [row for row, passage in enumerate(ordered) if not passage.entities]
        if link and bare:
            linker = Linker.build(graph, [reading_of(passage.title, passage.text) for passage in ordered])
            texts = [reading_of(ordered[row].title, ordered[row].text) for row in bare]
            for row, mentions in zip(bare, linker.link_many(texts, progress), strict=True):
                links[row] = sorted({mention.node for mention in mentions})
        given = [_LINE.join(passage.entities) or ("" if link else _LINE) for passage in ordered]
        return _assemble(ordered, given, links, graph, sources, _report(ordered, links, unknown))

    @classmethod
    def empty(cls, graph: KnowledgeGraph) -> Corpus:
        """A corpus without passages."""
        return _assemble([], [], [], graph, (), _report([], [], []))

    def edited(
        self, rows: Sequence[int], new: Sequence[Passage], graph: KnowledgeGraph, linker: Linker, *, keep_links: bool
    ) -> Corpus:
        """The same as a corpus of these passages read anew.

        Args:
            rows: For each passage, in the order of a corpus, its place here, or -1 where it is new.
            new: The new ones, in order.
            graph: What passages are linked to.
            linker: Of this graph and of all these passages.
            keep_links: Whether passages that stay keep their links.
        """
        passages = self.mixed(rows, new)
        given = [self.given[row] if row >= 0 else _LINE.join(p.entities) for row, p in zip(rows, passages, strict=True)]
        held = [len(self.entities_of(row)) if keep_links and row >= 0 else -1 for row in rows]
        keeps = [have >= len(set(passage.entities)) for have, passage in zip(held, passages, strict=True)]
        asked = [replace(one, entities=()) if keep else one for one, keep in zip(passages, keeps, strict=True)]
        links, unknown = _given_links(asked, graph)
        for place, row in enumerate(rows):
            if keeps[place]:
                links[place] = self.entities_of(row).tolist()
            elif not given[place]:
                mentions = linker.link(reading_of(passages[place].title, passages[place].text))
                links[place] = sorted({mention.node for mention in mentions})
        return _assemble(passages, given, links, graph, self.sources, _report(passages, links, unknown))

    def mixed(self, rows: Sequence[int], new: Iterable[Passage]) -> list[Passage]:
        """Passages of this corpus by their places, and the next of the new ones where a place is -1."""
        fresh = iter(new)
        return [self.as_given(row) if row >= 0 else next(fresh) for row in rows]

    def as_given(self, place: int) -> Passage:
        """A passage with the IRIs that its row names."""
        entities = tuple(self.given[place].split(_LINE)) if self.given[place].strip(_LINE) else ()
        return Passage(self.ids[place], self.texts[place], self.titles[place], entities, self.group(place))

    def is_unlinked(self, place: int) -> bool:
        """Whether a passage is to be linked to nothing, whatever its text names."""
        return self.given[place] == _LINE

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, passage: SupportsIndex) -> Passage:
        """A passage without its entities, which are nodes here: `entities_of`."""
        return Passage(self.ids[passage], self.texts[passage], self.titles[passage], (), self.group(passage))

    def place(self, identity: str) -> int | None:
        """Where the passage of an id stands, or None where there is none."""
        at = bisect_left(range(len(self)), tie_key(identity), key=lambda place: tie_key(self.ids[place]))
        return at if at < len(self) and self.ids[at] == identity else None

    def group(self, passage: SupportsIndex) -> str:
        """The group that a passage belongs to."""
        return self.groups[int(self.group_ids[passage])]

    def reading(self, passage: SupportsIndex) -> str:
        """A passage as it is indexed and read by encoders: its title, then its text."""
        return reading_of(self.titles[passage], self.texts[passage])

    def readings(self) -> list[str]:
        """All passages as they are indexed."""
        return [reading_of(title, text) for title, text in zip(self.titles, self.texts, strict=True)]

    def entities_of(self, passage: SupportsIndex) -> Int32[np.ndarray, " links"]:
        """The nodes that a passage speaks of."""
        return self.entities[row_of(self.indptr, passage)]

    def passages_of(self, node: SupportsIndex) -> Int32[np.ndarray, " links"]:
        """The passages that speak of a node."""
        return self.mentions[row_of(self.mention_indptr, node)]

    def with_links(self, indptr: Int64[np.ndarray, " pointers"], entities: Int32[np.ndarray, " links"]) -> Corpus:
        """The same passages with other links to the same graph."""
        return _linked(self, indptr, entities, len(self.mention_indptr) - 1)

    def save(self, directory: Path) -> None:
        """Write into a directory, as arrays that can be memory-mapped."""
        directory.mkdir(parents=True, exist_ok=True)
        save_arrays(directory, _arrays(self))
        sources = [[source.path, source.sha256, source.statements] for source in self.sources]
        counts = {name: getattr(self.report, name) for name in CorpusReport.__dataclass_fields__}
        save_json(directory / "corpus.json", {"sources": sources, "report": counts, "digest": self.digest})

    @classmethod
    def load(cls, directory: Path) -> Corpus:
        """Open what `save` wrote, memory-mapped.

        Raises:
            MismatchError: The directory holds something else, or not all of it.
        """
        stated = load_json(directory / "corpus.json")
        arrays = load_arrays(directory, _ARRAYS)
        texts = {name: Strings(arrays[f"{name}_blob"], arrays[f"{name}_offsets"]) for name in _STRINGS}
        report = CorpusReport(**{**stated["report"], "examples": tuple(stated["report"]["examples"])})
        sources = tuple(Source(*source) for source in stated["sources"])
        parts: dict[str, Any] = texts | {name: arrays[name] for name in _COLUMNS} | {"groups": Terms(texts["groups"])}
        return cls(**parts, sources=sources, report=report, digest=stated["digest"])


_LINE = "\n"
_STRINGS = ("ids", "titles", "texts", "given", "groups")
_COLUMNS = ("group_ids", "indptr", "entities", "mention_indptr", "mentions", "about")
_ARRAYS = tuple(f"{name}_{part}" for name in _STRINGS for part in ("blob", "offsets")) + _COLUMNS


def reading_of(title: str, text: str) -> str:
    """Title and text; the title once where the text begins with it."""
    return f"{title}. {text}" if title and not text.startswith(title) else text


def tie_key(identity: str) -> bytes:
    """By what passages are sorted."""
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()


def _given_links(passages: Sequence[Passage], graph: KnowledgeGraph) -> tuple[list[list[int]], list[str]]:
    """Nodes that the rows name, and the IRIs among them that are no nodes."""
    links: list[list[int]] = []
    unknown: list[str] = []
    named = list({iri for passage in passages for iri in passage.entities})
    known = dict(zip(named, graph.nodes.find_all(named).tolist(), strict=True))
    for passage in passages:
        links.append(sorted({known[iri] for iri in passage.entities} - {-1}))
        unknown.extend(iri for iri in passage.entities if known[iri] < 0)
    return links, unknown


def _report(passages: Sequence[Passage], links: Sequence[Sequence[int]], unknown: Sequence[str]) -> CorpusReport:
    linked = [bool(passage.entities) for passage, nodes in zip(passages, links, strict=True) if nodes]
    examples = tuple(sorted(set(unknown))[:3])
    given = sum(linked)
    return CorpusReport(len(passages), given, len(linked) - given, len(passages) - len(linked), len(unknown), examples)


def _assemble(
    passages: Sequence[Passage],
    given: Sequence[str],
    links: Sequence[Sequence[int]],
    graph: KnowledgeGraph,
    sources: tuple[Source, ...],
    report: CorpusReport,
) -> Corpus:
    names = [passage.group or passage.id for passage in passages]
    groups = Terms.of(names)
    indptr = np.cumsum([0, *(len(nodes) for nodes in links)], dtype=np.int64)
    bare = Corpus(
        ids=Strings.of(passage.id for passage in passages),
        titles=Strings.of(passage.title for passage in passages),
        texts=Strings.of(passage.text for passage in passages),
        given=Strings.of(given),
        groups=groups,
        group_ids=groups.find_all(names).astype(np.int32),
        indptr=indptr,
        entities=np.zeros(0, np.int32),
        mention_indptr=np.zeros(1, np.int64),
        mentions=np.zeros(0, np.int32),
        about=np.array(about_of(graph, [passage.title for passage in passages], links), np.int32),
        sources=sources,
        report=report,
        digest="",
    )
    entities = np.fromiter((node for nodes in links for node in nodes), np.int32, int(indptr[-1]))
    return _linked(bare, indptr, entities, len(graph.nodes))


def _linked(
    corpus: Corpus, indptr: Int64[np.ndarray, " pointers"], entities: Int32[np.ndarray, " links"], nodes: int
) -> Corpus:
    """The corpus with these links, both ways, and a digest of it all."""
    mention_indptr, mentions = invert(indptr, entities, nodes)
    linked = replace(corpus, indptr=indptr, entities=entities, mention_indptr=mention_indptr, mentions=mentions)
    digest = hashlib.sha256()
    for name, array in _arrays(linked).items():
        digest.update(f"{name} {len(array)};".encode())
        digest.update(np.ascontiguousarray(array).data)
    return replace(linked, digest=digest.hexdigest())


def _arrays(corpus: Corpus) -> Arrays:
    strings = {name: getattr(corpus, name) for name in _STRINGS[:-1]} | {"groups": corpus.groups.strings}
    columns: Arrays = {name: getattr(corpus, name) for name in _COLUMNS}
    return columns | {f"{name}_{x}": getattr(texts, x) for name, texts in strings.items() for x in ("blob", "offsets")}
