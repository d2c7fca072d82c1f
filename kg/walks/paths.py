"""Relation paths: how one entity is connected with another, and through which relations.

    >>> from ragmtl.kg.graph import KnowledgeGraph
    >>> played = [(f"http://x/{name}", "http://x/playedBy", "http://x/Bogart") for name in ("Rick", "Sam")]
    >>> graph = KnowledgeGraph.from_triples(played)
    >>> relation_paths(graph, 1, 2).paths[0].line(graph)
    'Rick —played by→ Bogart ←played by— Sam'

Both ends are searched breadth first, the one with fewer edges to look at first, and paths meet in the middle; edges are
walked both ways. Paths without hubs come first; then hubs may be met, but are never passed through by a search from one
end: "both are things" connects everything and says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice, product
from math import log1p

import numpy as np
from jaxtyping import Int64

from ragmtl.errors import DataError
from ragmtl.kg.adjacency import Adjacency
from ragmtl.kg.graph import KnowledgeGraph
from ragmtl.kg.walks.terrain import shown_relations

_Relations = tuple[tuple[int, bool], ...]
_MOST_PATHS = 5_000
"""How many paths of one length are compared."""
_MOST_WALKS = 50_000
"""How many ways from one end are tried; in a dense part most of them come back to where they have been."""
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class RelationPath:
    """A path without repeated nodes.

    Attributes:
        nodes: Ids of the nodes, from start to end.
        triples: The id of the triple of each step.
        forward: Whether each step leads from head to tail.
        alike: How many more paths with the same relations were found.
    """

    nodes: tuple[int, ...]
    triples: tuple[int, ...]
    forward: tuple[bool, ...]
    alike: int = 0

    def __len__(self) -> int:
        return len(self.triples)

    def relations(self, graph: KnowledgeGraph) -> _Relations:
        """The relation of each step, and whether it leads from head to tail."""
        ids = (int(graph.relation_ids[triple]) for triple in self.triples)
        return tuple(zip(ids, self.forward, strict=True))

    def line(self, graph: KnowledgeGraph) -> str:
        """The path in words: "Rick —played by→ Bogart"."""
        parts = [graph.label(self.nodes[0])]
        for (relation, forward), node in zip(self.relations(graph), self.nodes[1:], strict=True):
            name = graph.relation_label(relation)
            parts += [f"—{name}→" if forward else f"←{name}—", graph.label(node)]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class FoundPaths:
    """What a search for paths gave.

    Attributes:
        paths: The shortest first, each with other relations than those before.
        edges: How many edges were looked at.
        complete: Whether everything was looked at; if not, there may be other paths through hubs or further away.
    """

    paths: tuple[RelationPath, ...]
    edges: int
    complete: bool


def relation_paths(
    graph: KnowledgeGraph,
    start: int,
    end: int,
    *,
    count: int = 5,
    longest: int = 6,
    hub: int = 1_000,
    most: int = 200_000,
    hide: Set[int] = frozenset(),
) -> FoundPaths:
    """The shortest paths between two nodes, one for each sequence of relations; those through hubs come last.

    Of several with the same relations that one is shown whose nodes have the fewest edges, ties by ids.

    Args:
        graph: Where to search.
        start: A node.
        end: Another one; from a node to itself there is one path, without steps.
        count: How many paths are wanted.
        longest: The most steps of a path.
        hub: Nodes with more edges are hubs; only one of them may be between start and end, where other paths are few.
        most: How many edges are looked at.
        hide: Ids of relations that must not be walked.

    Raises:
        DataError: Start or end is no node of the graph, what is to be hidden no relation, or paths may be too long.
    """
    if longest > _LONGEST:
        raise DataError(f"expected paths of at most {_LONGEST} steps, found longest = {longest}")
    for node in (start, end):
        if not 0 <= node < len(graph.nodes):
            raise DataError(f"expected node ids in [0, {len(graph.nodes)}), found {node}")
    if start == end:
        return FoundPaths((RelationPath((start,), (), ()),), 0, True)
    found: dict[_Relations, RelationPath] = {}
    edges, complete = 0, True
    for meets in (False, True):
        search = _Search(graph, _Limits(hub, most - edges if meets else (most + 1) // 2, frozenset(hide), meets))
        for path in search.paths((start, end), count - len(found), longest):
            found.setdefault(path.relations(graph), path)
        edges, complete = edges + search.edges, search.complete
        if complete or len(found) >= count:
            break
    return FoundPaths(tuple(islice(found.values(), count)), edges, complete)


@dataclass(slots=True)
class _Side:
    """What is known around one end: how far nodes are, and by which steps each is reached.

    A step is (node nearer to the end, triple, whether it leads from head to tail as seen from this end).
    """

    end: int
    depth: int = 0
    distances: dict[int, int] = field(default_factory=dict)
    steps: dict[int, list[tuple[int, int, bool]]] = field(default_factory=lambda: defaultdict(list))
    frontier: list[int] = field(default_factory=list)
    walks: int = 0

    def __post_init__(self) -> None:
        self.distances[self.end] = 0
        self.frontier = [self.end]

    def halves(self, node: int, length: int) -> Iterator[tuple[tuple[int, ...], tuple[tuple[int, bool], ...]]]:
        """Each way from the end to a node in so many steps: the nodes, and the steps; no node comes twice."""
        self.walks += 1
        if length == 0 or self.walks > _MOST_WALKS:
            if length == 0 and node == self.end:
                yield (node,), ()
            return
        for before, triple, forward in self.steps.get(node, ()):
            if self.distances[before] < length:
                for nodes, steps in self.halves(before, length - 1):
                    if node not in nodes:
                        yield (*nodes, node), (*steps, (triple, forward))


@dataclass(frozen=True, slots=True)
class _Limits:
    """See `relation_paths`; `meets` says whether paths may meet in a hub."""

    hub: int
    most: int
    hide: frozenset[int]
    meets: bool


class _Search:
    """A search with its limits, and how much of them is used."""

    def __init__(self, graph: KnowledgeGraph, limits: _Limits) -> None:
        self.graph, self.limits = graph, limits
        self.edges, self.complete = 0, True
        self._shown = shown_relations(graph, limits.hide) > 0
        self._ends: tuple[int, ...] = ()

    def paths(self, ends: tuple[int, int], count: int, longest: int) -> list[RelationPath]:
        """At least so many paths, as far as there are, the shortest first."""
        self._ends = ends
        sides = _Side(ends[0]), _Side(ends[1])
        found: list[RelationPath] = []
        for length in range(1, longest + 1):
            if len(found) >= count or not self.deepen(sides, length):
                break
            found += self.joined(sides, length)
        return found

    def deepen(self, sides: tuple[_Side, _Side], length: int) -> bool:
        """Search until the depths of both sides add up to a length; False where neither can go deeper."""
        while sides[0].depth + sides[1].depth < length:
            open_sides = [side for side in sides if side.frontier]
            if not open_sides:
                return False
            self._expand(min(open_sides, key=lambda side: (sum(map(self.graph.degree, side.frontier)), side.depth)))
        return True

    def joined(self, sides: tuple[_Side, _Side], length: int) -> list[RelationPath]:
        """The best path of each sequence of relations, of exactly this length."""
        near, far = sides
        middles = [node for node in near.distances if node in far.distances]
        every = islice(self._through(near, far, middles, length), _MOST_PATHS)
        alike: dict[_Relations, list[RelationPath]] = defaultdict(list)
        for path in sorted(dict.fromkeys(every), key=self._plainness):
            alike[path.relations(self.graph)].append(path)
        self.complete = self.complete and max(near.walks, far.walks) <= _MOST_WALKS
        return [
            RelationPath(paths[0].nodes, paths[0].triples, paths[0].forward, len(paths) - 1) for paths in alike.values()
        ]

    def _through(self, near: _Side, far: _Side, middles: Sequence[int], length: int) -> Iterator[RelationPath]:
        """Every path through one of some nodes; where hubs were left out, those that meet in one count as well."""
        deepest = min(near.depth, length)
        splits = range(deepest if self.complete else max(length - far.depth, 0), deepest + 1)
        ordered = sorted(middles, key=lambda node: (self.graph.degree(node), node))
        for split, middle in product(splits, ordered):
            for nodes, steps in near.halves(middle, split):
                for others, back in far.halves(middle, length - split):
                    if len({*nodes, *others}) == len(nodes) + len(others) - 1:
                        walked = (*steps, *((triple, not forward) for triple, forward in reversed(back)))
                        yield RelationPath(
                            (*nodes, *others[-2::-1]),
                            tuple(triple for triple, _ in walked),
                            tuple(forward for _, forward in walked),
                        )

    def _plainness(self, path: RelationPath) -> tuple[float, tuple[int, ...], tuple[int, ...]]:
        """Paths through nodes of few edges say most."""
        edges = sum((log1p(self.graph.degree(node)) for node in path.nodes[1:-1]), 0.0)
        return edges, path.nodes, path.triples

    def _expand(self, side: _Side) -> None:
        nodes = self._affordable(side)
        side.depth += len(nodes) > 0
        side.frontier = []
        for way, forward in ((self.graph.outgoing, True), (self.graph.incoming, False)):
            for before, node, triple in self._edges(way, nodes):
                if not self.limits.meets and node not in self._ends and self.graph.degree(node) > self.limits.hub:
                    self.complete = False
                    continue
                side.steps[node].append((before, triple, forward))
                if node not in side.distances:
                    side.distances[node] = side.depth
                    side.frontier.append(node)

    def _affordable(self, side: _Side) -> Int64[np.ndarray, " nodes"]:
        """Nodes of the frontier to look from, those with few edges first; hubs, and what costs too much, are left."""
        kept = []
        for degree, node in sorted((self.graph.degree(node), node) for node in side.frontier):
            if node != side.end and degree > self.limits.hub or self.edges + degree > self.limits.most:
                self.complete = False
                break
            self.edges += degree
            kept.append(node)
        return np.array(kept, np.int64)

    def _edges(self, way: Adjacency, nodes: Int64[np.ndarray, " nodes"]) -> Iterator[tuple[int, int, int]]:
        places, owners = way.rows(nodes)
        if self.limits.hide:
            shown = self._shown[way.relations[places]]
            places, owners = places[shown], owners[shown]
        columns = nodes[owners], way.neighbours[places], way.triples[places]
        return zip(*(column.tolist() for column in columns), strict=True)
