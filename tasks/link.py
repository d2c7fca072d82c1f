"""Link prediction: which entities a relation leads to, or comes from, given the other end.

    head                relation            tail                split
    http://x/alien      http://x/director   http://x/scott      train
    http://x/duel       http://x/director   http://x/spielberg  test

One task predicts one side of one relation; it is a ranking of all entities that stand on this side. Known answers
beside the one that is asked are no wrong answers: they are left out of the loss and of the ranking ("filtered", Bordes
et al., "Translating embeddings for modeling multi-relational data", 2013). So negatives are always of the right kind:
only what the relation can lead to is a rival.

The graph must hold no edge of validation or test, nor what restates one: `ragmtl kg hold-out` makes graph and table.
Edges of the relation are hidden from the evidence of every example.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ragmtl.errors import DataError
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.holdout import copies_of
from ragmtl.kg.nearest import iri_hint
from ragmtl.retrieval.files.tables import Row, read_table
from ragmtl.retrieval.query import Query
from ragmtl.tasks.base import Example, Items, Source, Split
from ragmtl.tasks.recommendation.recommend import Part, RankingTask
from ragmtl.tasks.splits import SPLITS, read_split

Side = Literal["tail", "head"]
COLUMNS = ("head", "relation", "tail", "split")
CUTOFFS = (1, 3, 10)
FEWEST_ITEMS = 2
_TYPES_FROM = 200


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What is predicted, and from how much.

    Attributes:
        name: Name of the task.
        relation: IRI of the relation.
        side: The side that is predicted.
        most: The most edges to train on; some, drawn with the seed, where there are more.
        seed: Of what is drawn.
        hide: IRIs of relations beside it that must not be seen.
    """

    name: str
    relation: str
    side: Side = "tail"
    most: int = 5000
    seed: int = 0
    hide: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """The edges of a relation, ready to be learned.

    Attributes:
        source: An example for each edge.
        code: 2 · relation to predict tails, 2 · relation + 1 to predict heads.
        hidden: Ids of the relation, and of those that restate it.
        known: The items that each entity is linked to in train, by its IRI.
    """

    source: Source
    code: int
    hidden: frozenset[int]
    known: Mapping[str, Items]


def read_links(path: str | Path, graph: KnowledgeGraph, settings: LinkSettings) -> Links:
    """Read the edges of a relation from a table with the columns `head`, `relation`, `tail` and `split`.

    Args:
        path: CSV, TSV, JSONL or Parquet, plain or .gz; rows of other relations are passed over.
        graph: What is retrieved from.
        settings: What is predicted.

    Raises:
        DataError: The graph has no such relation, there is nothing to learn from or to judge by, or the graph states
            an edge that is to be predicted.
    """
    path = Path(path)
    relation = graph.relations.find(settings.relation)
    if relation is None:
        hint = iri_hint(settings.relation, graph.relations, "see `ragmtl kg info` for its relations")
        raise DataError(f"expected a relation of the graph, found {settings.relation!r}; {hint}")
    rows = [row for row in read_table(path, COLUMNS) if row.text("relation") == settings.relation]
    edges = [_edge(row, path) for row in rows]
    _check(edges, settings, path)
    hidden = frozenset((relation, *(other for other, _ in copies_of(graph, relation))))
    _refuse_told(edges, graph, (relation, hidden), path)
    return _links(edges, graph, settings, (relation, hidden))


_Edge = tuple[str, str, Split]


def _edge(row: Row, path: Path) -> _Edge:
    head, tail = row.text("head"), row.text("tail")
    if not head or not tail:
        raise row.error(f"expected both ends of an edge, found no {'tail' if head else 'head'}; fill it in")
    return head, tail, read_split(row.values.get("split"), path, row.line)


def _check(edges: Sequence[_Edge], settings: LinkSettings, path: Path) -> None:
    """Refuse edges that nothing can be learned from."""
    counts = Counter(split for _, _, split in edges)
    needed: tuple[tuple[Split, str], ...] = (("train", "learn from"), ("valid", "choose the best epoch by"))
    for split, purpose in needed:
        if not counts[split]:
            raise DataError(
                f"task {settings.name!r}: expected {split} edges of <{settings.relation}> to {purpose}, found none "
                f"among its {len(edges)} rows; make the table with `ragmtl kg hold-out`",
                path,
            )
    items = {edge[1 if settings.side == "tail" else 0] for edge in edges}
    if len(items) < FEWEST_ITEMS:
        raise DataError(
            f"task {settings.name!r}: expected two {settings.side}s of <{settings.relation}> or more, found only "
            f"{next(iter(items))!r}: there is nothing to choose from; predict the other side",
            path,
        )


def _refuse_told(
    edges: Sequence[_Edge], graph: KnowledgeGraph, relation: tuple[int, frozenset[int]], path: Path
) -> None:
    """Refuse a graph that states what is to be predicted."""
    find, count = graph.nodes.find, len(graph.nodes)
    asked = [(find(head), find(tail)) for head, tail, split in edges if split != "train"]
    pairs = np.array([head * count + tail for head, tail in asked if head is not None and tail is not None], np.int64)
    rows = np.flatnonzero(graph.relation_ids == relation[0])
    stated = np.isin(pairs, graph.heads[rows].astype(np.int64) * count + graph.tails[rows])
    for other, backwards in copies_of(graph, relation[0]):
        rows = np.flatnonzero(graph.relation_ids == other)
        ends = (graph.heads[rows], graph.tails[rows])
        first, second = ends[::-1] if backwards else ends
        stated |= np.isin(pairs, first.astype(np.int64) * count + second)
    if stated.any():
        raise DataError(
            f"expected a graph without the {len(asked)} edges for validation and test, found {int(stated.sum())} of "
            "them in it, or restated by another relation; index the graph that `ragmtl kg hold-out` wrote",
            path,
        )


def _links(
    edges: Sequence[_Edge], graph: KnowledgeGraph, settings: LinkSettings, relation: tuple[int, frozenset[int]]
) -> Links:
    forwards = settings.side == "tail"
    directed = [edge if forwards else (edge[1], edge[0], edge[2]) for edge in edges]
    directed, unknown = _known(directed, graph)
    answers = tuple(sorted({answer for _, answer, _ in directed}))
    places = {answer: place for place, answer in enumerate(answers)}
    told: dict[str, list[int]] = {}
    every: dict[str, list[int]] = {}
    for asked, answer, split in directed:
        every.setdefault(asked, []).append(places[answer])
        if split == "train":
            told.setdefault(asked, []).append(places[answer])
    known = {asked: np.array(items, np.int64) for asked, items in told.items()}
    filtered = {asked: np.array(items, np.int64) for asked, items in every.items()}
    hide = settings.hide | {graph.relations[other] for other in relation[1]}
    chosen = _drawn(directed, settings)
    examples = [
        Example(
            id=f"{asked} {answer}",
            query=Query(entities=(asked,), hide=hide),
            labels={settings.name: places[answer]},
            group=asked,
            split=split,
            past={settings.name: _NO_ITEMS},
            excluded={settings.name: (known if split == "train" else filtered)[asked]},
        )
        for asked, answer, split in chosen
    ]
    notes = _notes(unknown, len(directed) - len(chosen))
    task = _task(settings, answers, known)
    return Links(
        Source.of(settings.name, examples, (task,), notes), 2 * relation[0] + (not forwards), relation[1], known
    )


_NO_ITEMS = np.zeros(0, np.int64)


def _known(edges: Sequence[_Edge], graph: KnowledgeGraph) -> tuple[list[_Edge], int]:
    """The edges that can be asked: of entities that the graph knows."""
    kept = [edge for edge in edges if graph.nodes.find(edge[0]) is not None]
    return kept, len(edges) - len(kept)


def _drawn(edges: Sequence[_Edge], settings: LinkSettings) -> list[_Edge]:
    """All edges of validation and test, and at most so many of train."""
    train = [place for place, edge in enumerate(edges) if edge[2] == SPLITS[0]]
    if len(train) <= settings.most:
        return list(edges)
    some = set(np.random.default_rng(settings.seed).choice(train, settings.most, replace=False).tolist())
    return [edge for place, edge in enumerate(edges) if edge[2] != SPLITS[0] or place in some]


def _notes(unknown: int, undrawn: int) -> tuple[str, ...]:
    notes = [f"{unknown} edges are of entities of which the graph says nothing; they were left out"] if unknown else []
    notes += [f"{undrawn} edges of train were not drawn (`most`); signals know them"] if undrawn else []
    return tuple(notes)


def _task(settings: LinkSettings, answers: tuple[str, ...], known: Mapping[str, Items]) -> RankingTask:
    return RankingTask(
        settings.name,
        answers,
        main_metric="mrr",
        cutoffs=CUTOFFS,
        parts={"unseen": _unseen(known)},
        known=lambda query: next((known[iri] for iri in query.entities if iri in known), _NO_ITEMS),
    )


def _unseen(known: Mapping[str, Items]) -> Part:
    """The part of the examples whose entity has no such edge in train."""

    def part(example: Example, item: int) -> bool:
        return not any(iri in known for iri in example.query.entities)

    return part


def may_have(links: Links, graph: KnowledgeGraph, node: int) -> bool:
    """Whether a node has such links, or is of a type that nodes with such links have; of none, where they have none."""
    if graph.nodes[node] in links.known:
        return True
    some = [found for iri in list(links.known)[:_TYPES_FROM] if (found := graph.nodes.find(iri)) is not None]
    types, own = {kind for other in some for kind in graph.types(other)}, set(graph.types(node))
    return bool(types & own) or not (types or own)
